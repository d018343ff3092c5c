# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patterns: their playbooks are those of the collection, and their surveys ask for declared parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import find_parameter

from support.collection import ROOT

PATTERNS = ROOT / "extensions/patterns"
#: What the specification of patterns (schema version 1.0) requires.
REQUIRED = {"schema_version", "name", "title", "description", "short_description", "tags", "aap_resources"}
RESOURCES = {
    "controller_project",
    "controller_execution_environment",
    "controller_labels",
    "controller_job_templates",
}


def patterns() -> list[Path]:
    return sorted(path for path in PATTERNS.iterdir() if path.is_dir())


@pytest.fixture(params=patterns(), ids=lambda path: path.name)
def pattern(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def definition(pattern: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((pattern / "meta/pattern.json").read_text())
    return found


def job_template(pattern: Path) -> dict[str, Any]:
    (found,) = definition(pattern)["aap_resources"]["controller_job_templates"]
    return dict(found)


def verb(pattern: Path) -> str:
    """Return the playbook of the collection that a pattern's playbook imports, by its place in the collection."""
    path = pattern / "playbooks" / job_template(pattern)["playbook"]
    (play,) = yaml.safe_load(path.read_text())
    imported = (path.parent / play["ansible.builtin.import_playbook"]).resolve()
    assert imported.parent == ROOT / "playbooks"
    return imported.stem


def test_the_three_patterns_are_there():
    assert [path.name for path in patterns()] == ["deploy", "nightly_run", "restore"]


def test_a_definition_is_complete(pattern):
    found = definition(pattern)

    assert REQUIRED - set(found) == set()
    assert RESOURCES - set(found["aap_resources"]) == set()
    assert found["name"] == pattern.name
    assert (pattern / "README.md").read_text().startswith(f"# {found['title']}\n")


def test_its_playbook_is_one_of_the_collection(pattern):
    assert (ROOT / f"playbooks/{verb(pattern)}.yml").is_file()


def test_its_survey_asks_for_parameters_of_the_playbook(pattern):
    asked = [question["variable"] for question in job_template(pattern)["survey"]["spec"]]

    assert [name for name in asked if find_parameter(name, verb(pattern)) is None] == []
    assert asked[0] == "env"


def test_destruction_is_asked_for_with_each_launch():
    (question,) = [
        question
        for question in job_template(PATTERNS / "restore")["survey"]["spec"]
        if question["variable"] == "confirm"
    ]

    assert "default" not in question


def test_the_image_is_that_of_the_execution_environment():
    found = {definition(path)["aap_resources"]["controller_execution_environment"]["image_name"] for path in patterns()}
    navigator = yaml.safe_load((ROOT / "ansible-navigator.yml").read_text())["ansible-navigator"]

    assert found == {navigator["execution-environment"]["image"]}
