# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of a test's own: a container with nothing but sshd, sudo and Python, reached over SSH as user `ansible`."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.compose_project import docker
from support.environment import wait_until
from support.playbook import ROOT, run_playbook

USER = "ansible"
#: The Debian of a test host: 12 or 13. The latter needs debian:trixie-slim on the engine, which `make matrix` makes.
RELEASE = os.environ.get("REHEARSAL_DEBIAN", "12")
#: In the template of `docker inspect`: a host is in one network.
ADDRESS = "{{ range .NetworkSettings.Networks }}{{ .IPAddress }}{{ end }}"
BASES = {"12": "debian:bookworm-slim", "13": "debian:trixie-slim"}


class RemoteHost:
    """One machine. `address` is what the controller reaches it by, `folder` holds the keys of both sides."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.key = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        self.address = docker("inspect", f"--format={ADDRESS}", name).strip()
        self._exchange_keys()

    def ssh_command(self, *command: str) -> list[str]:
        """Return the command line that runs `command` on the host."""
        options = [f"-oUserKnownHostsFile={self.known_hosts}", "-oBatchMode=yes", "-oConnectTimeout=10"]
        return ["ssh", f"-i{self.key}", *options, f"{USER}@{self.address}", shlex.join(command)]

    def run(self, *command: str, text: str = "", accepted: Sequence[int] = (0,)) -> str:
        """Return the output of `command`, fed with `text`; raise AssertionError for a status that is not accepted."""
        done = subprocess.run(self.ssh_command(*command), input=text, check=False, capture_output=True, text=True)
        assert done.returncode in accepted, f"{command} ended with {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout

    def as_root(self, *command: str, text: str = "", accepted: Sequence[int] = (0,)) -> str:
        """Return the same as root."""
        return self.run("sudo", *command, text=text, accepted=accepted)

    def as_nobody(self, *command: str, text: str = "", accepted: Sequence[int] = (0,)) -> str:
        """Return the same as a user who may do nothing."""
        return self.run("sudo", "--user=nobody", *command, text=text, accepted=accepted)

    def load_images(self, references: Sequence[str]) -> None:
        """Bring images of the controller's engine to the host's, as an operator without internet would."""
        with subprocess.Popen(["docker", "save", *references], stdout=subprocess.PIPE) as saving:
            command = self.ssh_command("sudo", "docker", "load", "--quiet")
            subprocess.run(command, stdin=saving.stdout, check=True, capture_output=True)
        assert saving.returncode == 0, f"docker save {references} ended with {saving.returncode}"

    def accepts(self, port: int) -> bool:
        """Return whether a process accepts connections on a port of the host, seen from the controller."""
        try:
            socket.create_connection((self.address, port), timeout=5).close()
        except OSError:
            return False
        return True

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the machine hang: its kernel accepts connections, and no process answers."""
        docker("pause", self.name)
        try:
            yield
        finally:
            docker("unpause", self.name)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Cut the network: drop all packets to sshd, on open connections too. Needs iptables there."""
        rule = ("INPUT", "--protocol", "tcp", "--dport", "22", "--jump", "DROP")
        docker("exec", self.name, "iptables", "--insert", *rule)
        try:
            yield
        finally:
            docker("exec", self.name, "iptables", "--delete", *rule)

    def has_process(self, part: str) -> bool:
        """Return whether the command line of a running process contains `part`, without SSH."""
        return part in docker("exec", self.name, "ps", "-eo", "args")

    def _exchange_keys(self) -> None:
        generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)]
        subprocess.run(generate, check=True, capture_output=True)
        authorized = f"/home/{USER}/.ssh/authorized_keys"
        install = ["install", "-D", f"--owner={USER}", f"--group={USER}", "--mode=0600", "/dev/stdin", authorized]
        public = self.key.with_suffix(".pub").read_bytes()
        subprocess.run(["docker", "exec", "-i", self.name, *install], input=public, check=True, capture_output=True)
        wait_until(lambda: self.accepts(22), "sshd answers")
        # Not learnt over the network, where another host could answer.
        host_key = docker("exec", self.name, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        self.known_hosts.write_text(f"{self.address} {host_key}")


@contextmanager
def remote_host(folder: Path) -> Iterator[RemoteHost]:
    """Yield a machine that does not exist before and is removed afterwards, also after a failure."""
    name = f"cvrehearse-{uuid.uuid4().hex[:8]}"
    source = ROOT / "tests/hosts"
    tasks = [{"ansible.builtin.include_tasks": str(source / file)} for file in ("image.yml", "start.yml")]
    variables = {
        "test_hosts_source": str(source),
        "test_hosts_names": [name],
        "test_hosts_base": BASES[RELEASE],
        "test_hosts_image": f"convosphere-test-host:debian{RELEASE}",
    }
    play = {"name": "Start a host", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    try:
        run_playbook([play], folder).succeeded()
        yield RemoteHost(name, folder)
    finally:
        started = docker("ps", "--all", "--quiet", f"--filter=name=^{name}$").split()
        if started:
            docker("rm", "--force", "--volumes", *started)


@contextmanager
def watched_processes(host: RemoteHost) -> Iterator[Callable[[], set[str]]]:
    """Collect every command line that runs on the host meanwhile, as a user without rights sees them.

    Ask the yielded function after the block.
    """
    source = (Path(__file__).parent / "watch_processes.py").read_text()
    command = host.ssh_command("python3", "-c", source)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:
        found: set[str] = set()
        try:
            yield lambda: found
        finally:
            # The end of its input ends it.
            output, _nothing = watcher.communicate()
            found.update(output.split("\0"))
