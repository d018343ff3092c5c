# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import write_freeze
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client

from support.environment import wait_until

#: Docker's client as the guard sees it: it fails as long as the engine is away.
DOCKER = """#!{python}
import sys
from pathlib import Path

here = Path(__file__).parent
with (here / "asked").open("a") as file:
    file.write(sys.argv[1] + "\\n")
if (here / "away").exists():
    sys.exit("Cannot connect to the Docker daemon")
if sys.argv[1] == "unpause":
    (here / sys.argv[2]).unlink()
elif (here / "backend-1").exists():
    print("backend-1")
    print("another-project")
"""


@dataclass
class Container:
    """A container that is paused as long as there is a file of its name; away, the engine answers nothing."""

    here: Path
    name: str = "backend-1"
    status: str = "running"

    def reload(self):
        if (self.here / "away").exists():
            raise ConnectionError("the engine is away")
        self.status = "paused" if (self.here / self.name).exists() else "running"

    def pause(self):
        (self.here / self.name).touch()

    def unpause(self):
        (self.here / self.name).unlink()


@pytest.fixture
def guards(tmp_path, monkeypatch):
    """Record the processes that a test starts with the fake ``docker``, and end them after it."""
    started, original = [], subprocess.Popen

    def popen(*arguments, **options):
        started.append(original(*arguments, **options))
        return started[-1]

    program = tmp_path / "docker"
    program.write_text(DOCKER.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(client, "project_containers", lambda _client, _name: {"backend": [Container(tmp_path)]})
    yield started
    for process in started:
        process.kill()
        process.wait()


def frozen():
    return write_freeze.frozen(None, "convosphere-dev", "unix:///nowhere", 60)


def test_the_guard_ends_when_all_containers_run_again(tmp_path, guards):
    with frozen():
        assert (tmp_path / "backend-1").exists()

    assert not (tmp_path / "backend-1").exists()
    assert guards[0].poll() is not None


def test_the_guard_ends_when_all_containers_run_again_after_another_failure(tmp_path, guards):
    with pytest.raises(ZeroDivisionError), frozen():
        raise ZeroDivisionError

    assert not (tmp_path / "backend-1").exists()
    assert guards[0].poll() is not None


def test_the_guard_retries_while_the_engine_is_unavailable(tmp_path, guards):
    with pytest.raises(EngineError, match="run: docker unpause backend-1"), frozen():
        (tmp_path / "away").touch()

    asked = tmp_path / "asked"
    wait_until(lambda: asked.exists() and len(asked.read_text().splitlines()) >= 3, "the guard to try again")
    assert guards[0].poll() is None
    assert (tmp_path / "backend-1").exists()

    (tmp_path / "away").unlink()
    wait_until(lambda: not (tmp_path / "backend-1").exists(), "the container to go on")
