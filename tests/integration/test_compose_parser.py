# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that the parser reads are those of Docker Compose itself, for every feature of the files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_cli, compose_parser

Services = dict[str, tuple[dict[str, str], bool]]

BASE = """
services:
  app: {image: a, depends_on: {cache: {condition: service_healthy}, database: {condition: service_healthy}}}
  cache: {image: a, healthcheck: {test: [CMD, 'true']}}
  database: {image: a}
  tools: {image: a, profiles: [tools]}
"""
MERGED = {
    "a service": "services: {tika: {image: a, depends_on: [cache]}}",
    "no services": "volumes: {data: {}}",
    "nothing": "",
    "a list over a dictionary": "services: {app: {depends_on: [tools]}}",
    "a condition": "services: {app: {depends_on: {cache: {condition: service_started}}}}",
    "completion": "services: {app: {depends_on: {tools: {condition: service_completed_successfully}}}}",
    "an optional dependency": "services: {app: {depends_on: {tools: {condition: service_started, required: false}}}}",
    "null dependencies": "services: {app: {depends_on: null}}",
    "empty dependencies": "services: {app: {depends_on: []}}",
    "reset dependencies": "services: {app: {depends_on: !reset null}}",
    "other dependencies": "services: {app: {depends_on: !override [cache]}}",
    "other conditions": "services: {app: {depends_on: !override {cache: {condition: service_started}}}}",
    "tags on other values": "services: {app: {ports: !override ['80:80'], env_file: !reset x}}",
    "another service": "services: {app: !override {image: a}}",
    "a reset service": "services: {app: !reset null}",
    "a profile": "services: {cache: {profiles: [a]}, app: {profiles: []}}",
    "an empty profile": "services: {tools: {profiles: []}}",
    "a null profile": "services: {tools: {profiles: null}}",
    "a reset profile": "services: {tools: {profiles: !reset []}}",
    "another profile": "services: {tools: {profiles: !override []}, app: {profiles: !override [x]}}",
    "links": "services: {app: {links: [tools]}, cache: {links: ['database:db']}}",
    "a link and a condition": "services: {app: {links: [cache]}}",
    "a shared network": "services: {cache: {network_mode: 'service:database'}}",
    "the network of the host": "services: {cache: {network_mode: host}}",
    "shared processes": "services: {cache: {ipc: 'service:database', pid: 'service:tools'}}",
    "shared volumes": "services: {cache: {volumes_from: ['database:ro', 'container:other:ro']}}",
    "anchors": "x-a: &a {image: a, depends_on: [cache]}\nservices: {n: {<<: *a}, o: {<<: *a, depends_on: [database]}}",
    "no containers": "services: {app: {scale: 0}, cache: {deploy: {replicas: 0}}}",
}
#: Features that the parser leaves to Compose.
LEFT_TO_COMPOSE = {
    "include": "include: [other.yaml]\nservices: {app: {depends_on: [other]}}",
    "extends": "services: {extended: {extends: {file: other.yaml, service: other}}}",
    "variables": "services: {app: {depends_on: ['${NONE:-tools}']}}",
    "a tag on one dependency": "services: {app: {depends_on: {cache: !reset null}}}",
    "a tag on all services": "services: !override {app: {image: b}}",
    "a name that YAML reads as a boolean": "services: {on: {image: a}}",
}
REFUSED = {
    "two documents": "services: {x: {image: a}}\n---\nservices: {y: {image: a}}",
    "an unknown tag": "services: {a: !odd {}}",
    "a number as a name": "services: {1: {image: a}}",
    "a list": "services: [a]",
    "an empty service": "services: {a: null}",
    "text as a profile": "services: {app: {profiles: x}}",
}


def of_parser(folder: Path) -> Services:
    found = compose_parser.defined(folder).items()
    return {name: (dict(service.depends_on), service.on_demand) for name, service in found}


def of_compose(folder: Path) -> Services:
    command = ["docker", "compose", f"--project-directory={folder}", "--profile=*", "config", "--format=json"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {
        name: (
            {other: need["condition"] for other, need in (service.get("depends_on") or {}).items()},
            bool(service.get("profiles")),
        )
        for name, service in json.loads(answer)["services"].items()
    }


def project(folder: Path, override: str) -> Path:
    (folder / "compose.yaml").write_text(BASE)
    (folder / "compose.override.yaml").write_text(override)
    (folder / "other.yaml").write_text("services: {other: {image: a, profiles: [x]}}")
    return folder


@pytest.mark.parametrize("feature", MERGED)
def test_the_parser_reads_what_compose_reads_without_running_it(tmp_path, monkeypatch, feature):
    folder = project(tmp_path, MERGED[feature])
    expected = of_compose(folder)
    monkeypatch.setattr(compose_cli, "services_in", None)

    assert of_parser(folder) == expected


@pytest.mark.parametrize("feature", LEFT_TO_COMPOSE)
def test_other_features_are_left_to_compose(tmp_path, monkeypatch, feature):
    folder = project(tmp_path, LEFT_TO_COMPOSE[feature])
    asked = []
    real = compose_cli.services_in
    monkeypatch.setattr(compose_cli, "services_in", lambda directory: asked.append(directory) or real(directory))

    assert of_parser(folder) == of_compose(folder)
    assert asked == [folder]


@pytest.mark.parametrize("feature", REFUSED)
def test_files_that_cannot_be_read_are_refused(tmp_path, feature):
    with pytest.raises(InputError, match=f"Cannot read the services in {tmp_path}"):
        of_parser(project(tmp_path, REFUSED[feature]))


@pytest.mark.parametrize(
    "names",
    [
        ("docker-compose.yaml", "docker-compose.yml"),
        ("compose.yml", "docker-compose.yml"),
        ("compose.yaml", "compose.yml"),
        ("compose.yaml", "compose.override.yml", "compose.override.yaml"),
        ("docker-compose.yml", "compose.override.yaml"),
        ("compose.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"),
    ],
)
def test_the_files_are_those_that_compose_finds(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text(f"services: {{'{name}': {{image: a}}}}".replace(".", "-").replace("-y", "y"))

    assert of_parser(tmp_path) == of_compose(tmp_path)
