# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with systemd as its first process, in a container, on which no Ansible is installed."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.compose_project import docker
from support.environment import wait_until
from support.playbook import ROOT, run_playbook
from support.remote_host import BASES

SOURCE = ROOT / "tests/hosts/systemd"
IMAGE = "convosphere-test-host:systemd12"
#: What systemd needs in a container: its own control groups, and directories in memory.
OPTIONS = ("--cap-add=SYS_ADMIN", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp")


@dataclass(frozen=True)
class SystemdHost:
    """The machine, reached by the engine."""

    name: str

    def run(self, *command: str, accepted: tuple[int, ...] = (0,)) -> str:
        """Return the output of a command as root; raise AssertionError for a status that is not accepted."""
        done = subprocess.run(["docker", "exec", self.name, *command], check=False, capture_output=True, text=True)
        assert done.returncode in accepted, f"{command} ended with {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        """Write a file, and its directories."""
        command = ["docker", "exec", "-i", self.name, "install", "-D", f"--mode={mode}", "/dev/stdin", path]
        subprocess.run(command, input=text, check=True, capture_output=True, text=True)


@contextmanager
def systemd_host(folder: Path) -> Iterator[SystemdHost]:
    """Yield a machine that has started, and remove it afterwards."""
    name = f"cvsystemd-{uuid.uuid4().hex[:8]}"
    variables = {
        "test_hosts_source": str(SOURCE),
        "test_hosts_files": ["Dockerfile"],
        "test_hosts_base": BASES["12"],
        "test_hosts_image": IMAGE,
    }
    tasks = [{"ansible.builtin.include_tasks": str(ROOT / "tests/hosts/image.yml")}]
    play = {"name": "Have the image", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    try:
        run_playbook([play], folder).succeeded()
        docker("run", "--detach", f"--name={name}", *OPTIONS, IMAGE)
        host = SystemdHost(name)
        wait_until(lambda: host.run("systemctl", "is-system-running", accepted=(0, 1)).strip() == "running", "systemd")
        yield host
    finally:
        started = docker("ps", "--all", "--quiet", f"--filter=name=^{name}$").split()
        if started:
            docker("rm", "--force", "--volumes", *started)
