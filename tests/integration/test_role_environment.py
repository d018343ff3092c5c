# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role environment on a host that has nothing but Python: what it says and refuses before anything is changed.

What it does there, and that it does it once, is the Molecule scenario `environment`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.compose_project import docker
from support.environment import wait_until
from support.playbook import ROOT, PlaybookRun, run_playbook

HOSTS = ROOT / "tests/hosts"
#: What every process leaves behind that Ansible, or anybody, starts.
NOT_OURS = ("/proc", "/sys", "/dev", "/root/.ansible", "/tmp", "/var/lib/docker")
LISTENS_AND_SAYS_NOTHING = """
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("/run/docker.sock")
os.chmod("/run/docker.sock", 0o600)
server.listen()
print("listening", flush=True)
while True:
    server.accept()
"""


class Host:
    """A container that is an inventory host."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def play(
        self, tasks_from: str = "main", *, check: bool = False, user: str = "root", **variables: Any
    ) -> PlaybookRun:
        """Run an entry point of the role on the host."""
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        inventory = folder / "inventory"
        inventory.write_text(
            f"{self.name} ansible_connection=community.docker.docker ansible_user={user}"
            " ansible_python_interpreter=/usr/bin/python3 ansible_remote_tmp=/tmp\n"
        )
        role = {"name": "convosphere.platform.environment", "tasks_from": tasks_from}
        play = {
            "name": "Play",
            "hosts": self.name,
            "gather_facts": False,
            "vars": {"convosphere_environment": "trial"},
            "tasks": [{"name": "Use the role", "ansible.builtin.include_role": role}],
        }
        return run_playbook([play], folder, check=check, diff=True, extra_vars=variables, inventory=inventory)

    def run(self, *command: str) -> str:
        """Run a program on the host and return what it printed."""
        return docker("exec", self.name, *command)

    def state(self) -> set[str]:
        """Return every file on the host with its size, time and mode, and every process."""
        listing = self.run("find", "/", "-xdev", "-printf", "%p %s %T@ %m %u\\n").splitlines()
        files = {line for line in listing if not line.startswith(NOT_OURS) and not line.startswith(("/ ", "/root "))}
        return files | set(self.run("ps", "-eo", "args").splitlines())


@pytest.fixture(scope="module", autouse=True)
def _image(tmp_path_factory: pytest.TempPathFactory) -> None:
    tasks = [{"name": "Build", "ansible.builtin.include_tasks": str(HOSTS / "image.yml")}]
    folder = tmp_path_factory.mktemp("image")
    run_playbook(tasks, folder, extra_vars={"test_hosts_source": str(HOSTS)}).succeeded()


@contextmanager
def new_host(path: Path) -> Iterator[Host]:
    name = f"cvtest-host-{uuid.uuid4().hex[:8]}"

    def have(action: str) -> None:
        folder = path / action
        folder.mkdir()
        tasks = [{"name": action, "ansible.builtin.include_tasks": str(HOSTS / f"{action}.yml")}]
        run_playbook(tasks, folder, extra_vars={"test_hosts_names": [name]}).succeeded()

    have("start")
    try:
        # The last step of the entrypoint, which removes what a killed engine left, as /run/docker.sock.
        wait_until(lambda: docker("exec", name, "cat", "/proc/1/comm").strip() == "sshd", "the host is up")
        yield Host(name, path)
    finally:
        have("stop")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with new_host(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Start the host of all tests that must not change it."""
    with new_host(tmp_path_factory.mktemp("shared")) as found:
        wait_until(lambda: "sshd" in found.run("ps", "-eo", "comm"), "sshd runs")
        yield found


@pytest.fixture
def unchanged(shared: Host) -> Iterator[Host]:
    """Return the host, which the test must not change."""
    before = shared.state()
    yield shared
    assert shared.state() - before == set()


def failure(run: PlaybookRun) -> str:
    assert run.rc != 0, run.output
    assert run.changed == 0
    return run.failures[0].message


def test_check_mode_lists_the_steps_and_touches_nothing(unchanged):
    run = unchanged.play(check=True).succeeded()

    steps = [entry["msg"] for entry in run.task("Report the steps of a real run").result["results"]]
    assert run.changed == 1
    assert steps == [
        "Install the packages age, docker.io, iptables, python3-bcrypt, python3-docker, python3-packaging,"
        " python3-psycopg2, python3-requests, python3-venv, python3-yaml, zstd",
        "Create the system user convosphere",
        "Set up the directory /opt/convosphere",
        "Set up the directory /opt/convosphere/tools",
        "Set up the directory /opt/convosphere/trial",
        "Set up the directory /opt/convosphere/trial/releases",
        "Set up the directory /var/backups/convosphere",
        "Set up the directory /var/backups/convosphere/trial",
        "Mark the directory /opt/convosphere/trial as that of trial",
        "Mark the directory /var/backups/convosphere/trial as that of trial",
        "Install the Compose plugin 5.6.1.0 as /usr/local/lib/docker/cli-plugins/docker-compose",
        "Start Docker Engine",
    ]


def test_a_port_that_somebody_else_holds_and_too_little_space_are_named_together(unchanged):
    message = failure(unchanged.play(environment_ports=[{"port": 22}], environment_required_bytes=1 << 60))

    assert f"{unchanged.name} cannot carry the environment trial; nothing was changed." in message
    assert "Port 22 is already taken by sshd (process 1)" in message
    assert "/var/lib/docker needs 1073741824.0 GiB and the file system" in message


def test_the_prechecks_are_made_without_the_rest(unchanged):
    message = failure(unchanged.play("precheck", environment_ports=[{"port": 22, "host_ip": "127.0.0.1"}]))
    assert "Port 22 is already taken by sshd" in message

    message = failure(unchanged.play("precheck"))
    assert "is not ready: Docker Engine is missing and the Compose plugin is missing. Run setup.yml" in message

    assert unchanged.play("precheck", check=True).succeeded().changed == 0


def test_an_engine_that_does_not_answer_or_lets_nobody_in_is_left_alone(host):
    docker("exec", "--detach", host.name, "python3", "-c", LISTENS_AND_SAYS_NOTHING)
    wait_until(lambda: "/run/docker.sock" in host.run("cat", "/proc/net/unix"), "the engine listens")

    message = failure(host.play())
    assert "Docker Engine at unix:///var/run/docker.sock runs and does not answer within 10 s" in message

    message = failure(host.play(user="nobody", environment_directories=[]))
    assert "No permission to connect to Docker Engine at unix:///var/run/docker.sock. Use become: true" in message


@pytest.mark.parametrize("check", [True, False])
def test_a_distribution_that_the_role_does_not_know_is_refused(host, check):
    host.run("sed", "-i", "s/12/11/g; s/bookworm/bullseye/g", "/usr/lib/os-release")
    host.run("sh", "-c", "echo 11.1 > /etc/debian_version")

    message = failure(host.play(check=check))

    assert "runs Debian 11" in message
    assert "Supported are Debian 12, Debian 13, Ubuntu 22.04, Ubuntu 24.04, RHEL 9 and its family." in message


def test_a_misspelled_variable_type_is_refused(unchanged):
    assert "environment_ports" in failure(unchanged.play(environment_ports="8080"))
