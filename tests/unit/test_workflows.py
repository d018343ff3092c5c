# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows, issue forms and hooks: their structure, and that they run the Makefile's commands and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from support.collection import ROOT, load_yaml

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*_*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PERMISSIONS = {"type": "object", "additionalProperties": {"enum": ["read", "write", "none"]}}
STEP = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "uses": {"type": "string", "pattern": r"^actions/[\w-]+@v\d+$"},
        "with": {"type": "object"},
        "run": {"type": "string"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "oneOf": [{"required": ["uses"]}, {"required": ["run"]}],
}
JOB = {
    "type": "object",
    "additionalProperties": False,
    "required": ["runs-on", "timeout-minutes", "steps"],
    "properties": {
        "runs-on": {"type": "string"},
        "timeout-minutes": {"type": "integer"},
        "strategy": {
            "type": "object",
            "additionalProperties": False,
            "required": ["matrix"],
            "properties": {"fail-fast": {"type": "boolean"}, "matrix": {"type": "object"}},
        },
        "steps": {"type": "array", "minItems": 1, "items": STEP},
    },
}
#: The part of GitHub's language that the workflows use.
WORKFLOW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "on", "permissions", "jobs"],
    "properties": {
        "name": {"type": "string"},
        "on": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "push": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"branches": {"type": "array"}, "tags": {"type": "array"}},
                },
                "pull_request": {"type": "null"},
                "schedule": {"type": "array", "items": {"required": ["cron"]}},
            },
        },
        "permissions": PERMISSIONS,
        "jobs": {"type": "object", "minProperties": 1, "additionalProperties": JOB},
    },
}
FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "description", "body"],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "labels": {"type": "array", "items": {"type": "string"}},
        "body": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type", "id", "attributes"],
                "properties": {
                    "type": {"enum": ["input", "textarea"]},
                    "id": {"type": "string"},
                    "attributes": {"type": "object", "required": ["label"]},
                    "validations": {"type": "object", "additionalProperties": {"type": "boolean"}},
                },
            },
        },
    },
}


def name(path: Path) -> str:
    """Return the id of a parameter."""
    return path.stem


def targets(workflow: dict[str, Any]) -> set[str]:
    """Return the targets of the Makefile that a workflow runs, those of its matrix too."""
    found: set[str] = set()
    for job in workflow["jobs"].values():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        found |= set(re.findall(r"[a-z-]+", " ".join(re.findall(r"\bmake ([a-z -]+)", commands))))
        found |= set(job.get("strategy", {}).get("matrix", {}).get("target", ()))
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=name)
def test_a_workflow_has_the_structure_of_one(path):
    workflow = load_yaml(path)

    jsonschema.validate(workflow, WORKFLOW)
    assert workflow["name"] == path.stem


@pytest.mark.parametrize("path", WORKFLOWS, ids=name)
def test_a_workflow_runs_targets_of_the_makefile(path):
    found = targets(load_yaml(path))

    assert found
    assert found - TARGETS == set()


def test_the_workflows_run_every_gate():
    run = {target for path in WORKFLOWS for target in targets(load_yaml(path))}
    steps = re.search(r"^STEPS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert steps
    assert set(re.split(r"[ +]", steps[1])) - run - {"venv-dev"} == set()


def test_the_test_of_an_upgrade_gets_the_history():
    jobs = load_yaml(ROOT / ".github/workflows/integration.yml")["jobs"].values()

    assert [step["with"] for job in jobs for step in job["steps"] if "checkout" in step.get("uses", "")] == [
        {"fetch-depth": 0}
    ]


@pytest.mark.parametrize("path", FORMS, ids=name)
def test_an_issue_form_has_the_structure_of_one(path):
    jsonschema.validate(load_yaml(path), FORM)


def test_hooks_run_the_gates_of_lint():
    hooks = [hook for repo in load_yaml(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    lint = (ROOT / "scripts/lint.sh").read_text()

    assert hooks
    assert [hook["id"] for hook in hooks if hook["entry"].removeprefix(".venv/bin/") not in lint] == []


def test_renovate_keeps_the_supported_minimum():
    config = json.loads((ROOT / "renovate.json").read_text())
    kept = [rule for rule in config["packageRules"] if rule.get("enabled") is False]

    assert [rule["matchPackageNames"] for rule in kept] == [["ansible-core", "ansible"]]
    for pattern in config["pip_requirements"]["managerFilePatterns"]:
        assert [path.name for path in ROOT.glob("requirements*.txt") if re.search(pattern.strip("/"), path.name)]
