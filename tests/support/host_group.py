# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several machines on one network, each with an engine of its own that has the same images, and nothing to install."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from support.compose_project import docker
from support.environment import wait_until
from support.playbook import ROOT, run_playbook
from support.remote_host import BASES, RELEASE, RemoteHost

HOSTS = ROOT / "tests/hosts"
IMAGE = f"convosphere-test-host:prepared{RELEASE}"
#: The last number of the first host's address: the engine itself has 1.
FIRST = 11
#: What an engine needs that loads images, and starts no container.
LOADING = ("--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")


class GroupHost(RemoteHost):
    """One of several machines, of which the engine runs from the start."""

    def __init__(self, container: str, folder: Path) -> None:
        folder.mkdir()
        super().__init__(container, folder)
        self.wait_for_engine()

    def wait_for_engine(self) -> None:
        """Wait until the host's engine answers."""
        wait_until(lambda: bool(self.inside("docker", "version", "--format={{ .Server.Version }}")), "an engine", 60)

    def inside(self, *command: str) -> str:
        """Return the output of a command as root, without SSH; nothing if it fails."""
        done = subprocess.run(["docker", "exec", self.name, *command], check=False, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Cut the host from the network: whatever arrives is dropped, for its containers too."""
        rule = ("PREROUTING", "--in-interface", "eth0", "--jump", "DROP")
        docker("exec", self.name, "iptables", "--table=raw", "--insert", *rule)
        try:
            yield
        finally:
            docker("exec", self.name, "iptables", "--table=raw", "--delete", *rule)

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """Kill the machine with all that runs on it. Afterwards it starts, and its engine starts its containers."""
        docker("kill", self.name)
        try:
            yield
        finally:
            docker("start", self.name)
            wait_until(lambda: self.accepts(22), "sshd answers")
            self.wait_for_engine()


@contextmanager
def host_group(folder: Path, names: Sequence[str], references: Sequence[str]) -> Iterator[dict[str, GroupHost]]:
    """Yield machines by name, whose engines have these images of the controller's engine; remove them afterwards."""
    group = f"cvrehearse-{uuid.uuid4().hex[:8]}"
    containers = {name: f"{group}-{name}" for name in names}
    try:
        _build(folder)
        addresses = _create_network(group, list(containers.values()))
        for container in containers.values():
            docker("volume", "create", container)
        _fill(list(containers.values()), references)
        _play(folder, "start.yml", test_hosts_network=group, test_hosts_addresses=addresses)
        yield {name: GroupHost(container, folder / name) for name, container in containers.items()}
    finally:
        _remove(group)


def _build(folder: Path) -> None:
    plugins = json.loads(docker("info", "--format={{ json .ClientInfo.Plugins }}"))
    (compose,) = [plugin["Path"] for plugin in plugins if plugin["Name"] == "compose"]
    _play(folder, "image.yml", test_hosts_plugin=compose, test_hosts_base=BASES[RELEASE])


def _create_network(name: str, containers: Sequence[str]) -> dict[str, str]:
    """Create a network, and return an address for each container, which it keeps when it is killed and started."""
    docker("network", "create", name)
    (found,) = json.loads(docker("network", "inspect", name))
    subnet = ip_network(found["IPAM"]["Config"][0]["Subnet"])
    # An address can be chosen only in a subnet that was chosen.
    docker("network", "rm", name)
    docker("network", "create", f"--subnet={subnet}", name)
    return {container: str(subnet[FIRST + number]) for number, container in enumerate(containers)}


def _fill(volumes: Sequence[str], references: Sequence[str]) -> None:
    """Load the images into the stores of all engines."""
    places = [Path(docker("volume", "inspect", "--format={{ .Mountpoint }}", volume).strip()) for volume in volumes]
    root = places[0].parent.parent
    command = ["docker", "run", "--rm", "--interactive", "--network=none", *LOADING, f"--volume={root}:{root}"]
    if docker("info", "--format={{ .CgroupDriver }}").strip() == "cgroupfs":
        command += ["--cgroup-parent=/", "--cpu-shares=4096"]  # as in start.yml
    command += ["--entrypoint=/stores.sh", IMAGE, *(str(place) for place in places)]
    with subprocess.Popen(["docker", "save", *references], stdout=subprocess.PIPE) as saving:
        done = subprocess.run(command, stdin=saving.stdout, check=False, capture_output=True, text=True)
    assert (saving.returncode, done.returncode) == (0, 0), done.stderr


def _play(folder: Path, file: str, **variables: object) -> None:
    addresses = variables.get("test_hosts_addresses", {})
    names = list(addresses) if isinstance(addresses, Mapping) else []
    given = {"test_hosts_source": str(HOSTS), "test_hosts_image": IMAGE, "test_hosts_names": names, **variables}
    tasks = [{"ansible.builtin.include_tasks": str(HOSTS / file)}]
    play = {"name": "Have hosts", "hosts": "localhost", "gather_facts": False, "vars": given, "tasks": tasks}
    run_playbook([play], folder).succeeded()


def _remove(group: str) -> None:
    for kind, command in (
        ("container", ("rm", "--force", "--volumes")),
        ("volume", ("volume", "rm")),
        ("network", ("network", "rm")),
    ):
        everything = ("--all",) if kind == "container" else ()
        found = docker(kind, "ls", *everything, "--quiet", f"--filter=name=^{group}").split()
        if found:
            docker(*command, *found)
