# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack with an edge: services are replaced beside the containers that serve, at once and in phases."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._core import locks
from ansible_collections.convosphere.platform.plugins.module_utils._stack import upstream_files

from support.compose_project import docker
from support.environment import free_ports, wait_until
from support.module_process import ModuleProcess, run_module
from support.stack_project import NAME, StackProject, stack_project

IMAGE = "caddy:2-alpine"
CADDYFILE = """
:80 {
    reverse_proxy {
        import /etc/caddy/state/web*.caddy
        to web:8000
        lb_policy first
        lb_try_duration 5s
        transport http {
            keepalive off
        }
    }
}
"""
PROBE = {"test": ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:8000"], "interval": "1s", "retries": 3}
EDGE_PROBE = {"test": ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:2019/config/"], "interval": "1s"}


class Site:
    """A stack of an edge and a service `web`, which answers with one word."""

    def __init__(self, stack: StackProject) -> None:
        self.stack = stack
        (self.port,) = free_ports(1)

    def options(self, word: str, *, caddyfile: str = CADDYFILE, broken: bool = False, **more: Any) -> dict[str, Any]:
        """Return the options of a release that answers with ``word``."""
        command = ["caddy", "respond", "--listen", ":8001" if broken else ":8000", "--body", word]
        web = {"image": IMAGE, "command": command, "healthcheck": PROBE, "stop_grace_period": "1s"}
        edge = {
            "image": IMAGE,
            "command": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
            "ports": [f"127.0.0.1:{self.port}:80"],
            "volumes": ["./edge:/etc/caddy:ro"],
            "healthcheck": EDGE_PROBE,
            "depends_on": ["web"],
        }
        options = self.stack.options({"web": web, "edge": edge})
        options["files"].append({"path": "edge/Caddyfile", "content": caddyfile, "mode": "0644"})
        beside = [{"service": "web", "port": 8000}]
        return {**options, "edge": {"service": "edge"}, "beside": beside, "drain_timeout": 10, **more}

    def ask(self) -> str:
        """Return the word that users get, or the error."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}", timeout=10) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.HTTPError) as error:
            return repr(error)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Record what users get as long as the block runs."""
        words: list[str] = []
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.05):
                words.append(self.ask())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield words
        finally:
            done.set()
            thread.join()

    def names(self) -> list[str]:
        """Return the containers of the service, without the name of the project."""
        label = "--filter=label=com.docker.compose"
        found = docker(
            "ps", "--all", "--format={{.Names}}", f"--filter=label={self.stack.label}", f"{label}.service=web"
        )
        return sorted(name.removeprefix(f"{self.stack.name}-") for name in found.split())

    def state(self) -> str:
        """Return what the edge is told."""
        found = upstream_files.read(self.stack.directory, "web")
        return str(found).replace(f"{self.stack.name}-", "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with stack_project(tmp_path) as stack:
        found = Site(stack)
        stack.deploy(found.options("one"))
        yield found


def edge_id(site: Site) -> str:
    return str(site.stack.containers()["edge"]["Id"])


def test_a_changed_service_is_replaced_beside_and_nothing_else_is_touched(site):
    edge = edge_id(site)
    check = site.stack.deploy(site.options("two"), check=True)

    with site.watched() as words:
        task = site.stack.deploy(site.options("two"))

    assert task.diff == check.diff
    upstreams = {name: part["edge upstreams"]["web"] for name, part in task.diff.items()}
    assert upstreams == {"before": f"{site.stack.name}-web-1:8000", "after": f"{site.stack.name}-web-2:8000"}
    assert set(words) <= {"one", "two"}
    assert words == sorted(words, key=["one", "two"].index), "requests went to two releases in turn"
    assert (site.names(), site.state(), site.ask()) == (["web-2"], "web-2:8000", "two")
    assert edge_id(site) == edge
    assert site.stack.deploy(site.options("two")).changed is False


def test_a_changed_caddyfile_is_loaded_without_a_restart(site):
    edge, changed = edge_id(site), CADDYFILE.replace(":80 {", ":80 {\n\theader X-Changed yes")

    with site.watched() as words:
        task = site.stack.deploy(site.options("one", caddyfile=changed))

    assert task.diff["before"]["service edge"] == {"stale_files": ["edge/Caddyfile"]}
    assert set(words) <= {"one"}
    assert (edge_id(site), site.names()) == (edge, ["web-1"])
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}", timeout=10) as answer:
        assert answer.headers["X-Changed"] == "yes"


def test_a_release_that_does_not_come_up_never_serves(site):
    files = site.stack.files()

    with site.watched() as words:
        message = site.stack.fail(site.options("two", broken=True, wait_timeout=6))

    assert "It was rolled back" in message
    assert set(words) <= {"one"}
    assert (site.names(), site.state(), site.stack.files()) == (["web-1"], "web-1:8000", files)
    assert site.stack.deploy(site.options("one")).changed is False


@pytest.mark.parametrize("word", ["two", "one", "three"])
def test_the_next_run_continues_or_undoes_what_a_killed_one_began(site, word):
    process = ModuleProcess(NAME, site.options("two", broken=word != "two"), site.stack.folder)
    wait_until(lambda: len(site.names()) == 2, "the new container exists", 60)
    process.kill()
    # Compose, which it had started, holds the lock until it ends.
    wait_until(lambda: not locks.is_locked(site.stack.directory / locks.LOCK), "Compose has ended", 60)
    assert site.ask() == "one"

    with site.watched() as words:
        site.stack.deploy(site.options(word))

    assert set(words) <= {"one", word}
    assert site.ask() == word
    assert len(site.names()) == 1
    assert site.stack.deploy(site.options(word)).changed is False


def test_an_edge_that_was_not_reloaded_is(site):
    path = site.stack.directory / "edge/state/web.caddy"
    path.write_text("to nowhere:8000\n")

    task = site.stack.deploy(site.options("one"))

    assert (task.changed, site.state(), site.ask()) == (True, "web-1:8000", "one")


def test_a_service_is_restarted_beside(site):
    names = ("project_name", "project_src", "environment_name", "wait_timeout", "edge", "beside")
    options = {name: value for name, value in site.options("one").items() if name in names}
    options |= {"service": "web", "state": "restarted"}

    with site.watched() as words:
        result = run_module("convosphere_service", options, site.stack.folder)

    assert (result.get("msg"), result["changed"]) == (None, True)
    assert set(words) <= {"one"}
    assert (site.names(), site.state()) == (["web-2"], "web-2:8000")
    assert site.stack.deploy(site.options("one")).changed is False


# -------------------------------------------------------------------------------------------------------- phases


def phase(site: Site, name: str, word: str = "two", **more: Any) -> dict[str, Any]:
    return site.stack.deploy(site.options(word, phase=name, **more)).result


def test_a_deploy_in_phases(site):
    record = site.stack.release()
    with site.watched() as words:
        prepared = phase(site, "beside")
        assert phase(site, "beside")["changed"] is False
        assert (site.names(), site.ask(), site.stack.release()) == (["web-1", "web-2"], "one", record)
        assert prepared["previous_upstreams"] == {"web": [f"{site.stack.name}-web-1:8000"]}
        assert prepared["upstreams"] == {"web": [f"{site.stack.name}-web-2:8000"]}

        switched = phase(site, "switch", upstreams=prepared["upstreams"])
        assert (switched["changed"], site.ask()) == (True, "two")
        assert phase(site, "switch", upstreams=prepared["upstreams"])["changed"] is False

        phase(site, "finish")
    assert set(words) <= {"one", "two"}
    assert (site.names(), site.stack.release()["id"] != record["id"]) == (["web-2"], True)
    assert not (site.stack.directory / ".deploy.json").exists()
    assert site.stack.deploy(site.options("two")).changed is False


def test_a_new_container_that_reads_a_file_of_the_deploy_is_one_of_the_addresses(site):
    options = site.options("two", phase="beside")
    project = yaml.safe_load(options["files"][0]["content"])
    project["services"]["web"]["volumes"] = ["./word:/etc/word:ro"]
    options["files"][0]["content"] = yaml.safe_dump(project)
    options["files"].append({"path": "word", "content": "two", "mode": "0644"})

    assert site.stack.deploy(options).result["upstreams"] == {"web": [f"{site.stack.name}-web-2:8000"]}


@pytest.mark.parametrize("switched", [False, True])
def test_a_deploy_that_is_abandoned_leaves_the_release_that_served(site, switched):
    files = site.stack.files()
    with site.watched() as words:
        prepared = phase(site, "beside")
        if switched:
            phase(site, "switch", upstreams=prepared["upstreams"])
        task = phase(site, "abandon", upstreams=prepared["previous_upstreams"])

    assert task["changed"] is True
    assert set(words) <= {"one", "two"}
    assert (site.names(), site.ask(), site.stack.files()) == (["web-1"], "one", files)
    assert phase(site, "abandon", upstreams=prepared["previous_upstreams"])["changed"] is False
    assert site.stack.deploy(site.options("one")).changed is False


def test_the_play_gives_the_id_under_which_each_host_records_its_release(site):
    later = "20991231T235959999Z"
    prepared = phase(site, "beside", release_id=later)
    phase(site, "switch", upstreams=prepared["upstreams"], release_id=later)
    phase(site, "finish", release_id=later)
    assert phase(site, "finish", release_id=later)["changed"] is False

    assert site.stack.release()["id"] == later
    assert f"is earlier than the release {later}" in site.stack.fail(
        site.options("one", release_id="20261123T114500123Z")
    )
    assert site.ask() == "two"


def test_a_deploy_is_not_finished_before_it_was_prepared(site):
    message = site.stack.fail(site.options("two", phase="finish"))

    assert "The service web has no container of this deploy yet" in message
    assert site.ask() == "one"


def test_addresses_of_another_form_are_refused(site):
    message = site.stack.fail(site.options("two", phase="switch", upstreams={"web": ["one two"]}))

    assert "upstreams of web is not a list of addresses of the form host:port" in message


@pytest.fixture
def ranged(site: Site) -> RangedSite:
    return RangedSite(site)


class RangedSite:
    """The same stack, whose service publishes a port of its own for each container, as for an edge on another host."""

    def __init__(self, site: Site) -> None:
        self.site = site
        (self.first,) = free_ports(1)

    def phase(self, name: str, word: str, **more: Any) -> dict[str, Any]:
        """Run a phase of the deploy of a release that answers with ``word``, and return its result."""
        options = self.site.options(word, phase=name, **more)
        project = yaml.safe_load(options["files"][0]["content"])
        project["services"]["web"]["ports"] = [f"127.0.0.1:${{WEB_PORT:-{self.first}}}:8000"]
        options["files"][0]["content"] = yaml.safe_dump(project)
        ports = {"variable": "WEB_PORT", "first_port": self.first, "last_port": self.first + 2}
        options["beside"] = [{"service": "web", "port": 8000, **ports}]
        return self.site.stack.deploy(options).result

    def deploy(self, word: str) -> list[str]:
        """Deploy a release in phases, and return the addresses of its containers."""
        upstreams = self.phase("beside", word)["upstreams"]
        self.phase("switch", word, upstreams=upstreams)
        self.phase("finish", word)
        return list(upstreams["web"])


def test_each_container_has_a_port_of_its_own_which_it_keeps(ranged):
    first, second = (f"127.0.0.1:{ranged.first + number}" for number in (0, 1))
    assert ranged.deploy("one") == [first]
    assert ranged.deploy("two") == [second]

    (name,) = ranged.site.names()
    assert f'WEB_PORT="{ranged.first + 1}"' in (ranged.site.stack.directory / ".env").read_text()
    docker("restart", "--time=0", f"{ranged.site.stack.name}-{name}")
    again = ranged.phase("beside", "two")
    assert (again["changed"], again["upstreams"], ranged.site.names()) == (False, {"web": [second]}, [name])


def test_an_abandoned_deploy_gives_its_port_back(ranged):
    ranged.deploy("one")
    variables = (ranged.site.stack.directory / ".env").read_text()
    prepared = ranged.phase("beside", "two")
    assert prepared["previous_upstreams"] == {"web": [f"127.0.0.1:{ranged.first}"]}

    ranged.phase("abandon", "two", upstreams=prepared["previous_upstreams"])

    assert (ranged.site.stack.directory / ".env").read_text() == variables
    assert ranged.phase("beside", "one")["changed"] is False
