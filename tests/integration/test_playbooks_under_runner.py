# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook under ansible-runner, as AWX calls it with an execution environment that contains the collection.

The collection is the built artifact, installed, and the project is read-only: it is compared after the runs, because
root may write to it nevertheless. What AWX keeps of a job has no traceback, no secret, and nothing of the checkout.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.awx import Job, run_job
from support.collection import ROOT
from support.environment import PLACEMENTS
from support.installed_collection import install, write_project

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
#: Those that AWX mostly runs, of different roles; maintenance.yml and teardown.yml run as jobs in other tests.
USUAL = ["backup", "deploy", "drift", "restore", "services", "status"]
OTHERS = [verb for verb in PLAYBOOKS if verb not in USUAL]
PLANTED = "planted-secret-of-the-runner"
#: The parameters that a playbook requires.
REQUIRED: dict[str, dict[str, Any]] = {
    "bundle": {"archive": "/nonexistent/red.tar"},
    "edge_maintenance": {"state": "on"},
    "rehearse_upgrade": {"version": "0.1.3"},
    "restore": {"backup": "latest", "confirm": "red"},
    "restore_discard": {"confirm": "red"},
    "services": {"state": "restarted"},
    "support_bundle": {"fetch_to": "/nonexistent"},
    "teardown": {"confirm": "red"},
    "users_export": {"users_export_file": "/nonexistent/users.yml"},
}


@dataclass(frozen=True)
class Controller:
    """A folder for private data directories, the installed collection, and the project."""

    folder: Path
    collections: Path
    project: Path

    def run(self, verb: str, number: int, inventory: Any, variables: dict[str, Any], *, check: bool = False) -> Job:
        """Run a playbook as a job. The modules, the roles and the plugins are those of the artifact."""
        at = {"ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        job = run_job(
            f"{verb}.yml",
            self.folder,
            inventory,
            variables,
            number=number,
            environment=at,
            project=self.project,
            check=check,
        )
        checkout = [f"{ROOT}/{name}/" for name in ("playbooks", "plugins", "roles")]
        for unfit in (PLANTED, "Traceback (most recent call last)", *checkout):
            assert (unfit in job.text) is False, f"{verb}.yml: {unfit[:9]}... is in the artifacts"
        return job

    def files(self) -> dict[str, int]:
        """Return the files of the project with their times."""
        return {str(path): path.stat().st_mtime_ns for path in [self.project, *self.project.rglob("*")]}


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    folder = tmp_path_factory.mktemp("runner")
    found = Controller(folder, install(folder / "built"), write_project(folder / "project"))
    before = found.files()
    yield found
    assert found.files() == before, "the project is not read-only"


def check_all(controller: Controller, verbs: list[str], first: int) -> dict[str, Job]:
    """Run playbooks in check mode for an environment of which the host has nothing."""
    host = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    variables = {
        "convosphere_environment": "red",
        "stack_project_name": "convosphere-no-such",
        "stack_secrets": {"OPENAI_API_KEY": PLANTED},
        **{name: f"{controller.folder}/host/{name}" for name in ("stack_directory", "database_backup_dir")},
    }
    inventory = {
        "red": {"hosts": {"red-1": host}, "vars": variables},
        **{placement: {"hosts": {"red-1": {}}} for placement in PLACEMENTS},
    }

    def run(numbered: tuple[int, str]) -> Job:
        number, verb = numbered
        given = {**({} if verb == "help" else {"env": "red"}), **REQUIRED.get(verb, {})}
        return controller.run(verb, number, inventory, given, check=True)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(verbs, pool.map(run, enumerate(verbs, first)), strict=True))


def assert_clear(job: Job, controller: Controller) -> None:
    """Check that a job ended well, or with a message, and has written nothing."""
    failed = [item["event_data"]["res"].get("msg") for item in job.events if item["event"] == "runner_on_failed"]
    assert [message for message in failed if not message or "Unexpected" in str(message)] == []
    # What is refused before any host is reached has no task.
    assert job.status == "successful" or failed or "[ERROR]: " in job.text, job.status
    assert not (controller.folder / "host").exists(), "check mode has written"


@pytest.fixture(scope="module")
def usual(controller: Controller) -> dict[str, Job]:
    return check_all(controller, USUAL, 100)


@pytest.mark.parametrize("verb", USUAL)
def test_a_playbook_runs_or_names_what_an_empty_host_lacks(usual, controller, verb):
    assert_clear(usual[verb], controller)


@pytest.fixture(scope="module")
def others(controller: Controller) -> dict[str, Job]:
    return check_all(controller, OTHERS, 150)


@pytest.mark.campaign
@pytest.mark.parametrize("verb", OTHERS)
def test_any_other_playbook_does_so_too(others, controller, verb):
    assert_clear(others[verb], controller)
