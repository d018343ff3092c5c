# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_parser

HEALTHY, STARTED = "service_healthy", "service_started"
BASE = """
services:
  app: {image: a, depends_on: {cache: {condition: service_healthy}, database: {condition: service_healthy}}}
  cache: {image: a}
  database: {image: a}
  tools: {image: a, profiles: [tools]}
"""


def defined(folder: Path, override: str, name: str = "compose.override.yaml") -> dict[str, dict[str, str]]:
    """Return each service's dependencies."""
    (folder / "compose.yaml").write_text(BASE)
    (folder / name).write_text(override)
    return {service: dict(found.depends_on) for service, found in compose_parser.defined(folder).items()}


@pytest.mark.parametrize("name", ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml"])
def test_a_service_of_the_override_is_one_of_the_project(tmp_path, name):
    found = defined(tmp_path, "services: {tika: {image: a, depends_on: [cache]}}", name)

    assert set(found) == {"app", "cache", "database", "tools", "tika"}
    assert found["tika"] == {"cache": STARTED}
    assert found["app"] == {"cache": HEALTHY, "database": HEALTHY}


def test_it_is_the_profile_of_either_file_that_makes_a_service_one_on_demand(tmp_path):
    defined(tmp_path, "services: {cache: {profiles: [a]}, tools: {profiles: !reset []}, app: {profiles: []}}")

    found = compose_parser.defined(tmp_path)

    assert [name for name, service in found.items() if service.on_demand] == ["cache"]


@pytest.mark.parametrize("override", ["", "volumes: {data: {}}", "services:"])
def test_an_override_without_services_changes_none(tmp_path, override):
    assert set(defined(tmp_path, override)) == {"app", "cache", "database", "tools"}


@pytest.mark.parametrize(
    ("override", "app"),
    [
        ("services: {app: {depends_on: [tools]}}", {"cache": HEALTHY, "database": HEALTHY, "tools": STARTED}),
        (
            "services: {app: {depends_on: {cache: {condition: service_started}}}}",
            {"cache": STARTED, "database": HEALTHY},
        ),
        ("services: {app: {depends_on: !reset null}}", {}),
        ("services: {app: {depends_on: !override [cache]}}", {"cache": STARTED}),
        ("services: {app: {ports: !override ['80:80'], env_file: !reset x}}", {"cache": HEALTHY, "database": HEALTHY}),
        ("services: {app: !override {image: a}}", {}),
        ("services: {app: !reset null}", None),
    ],
)
def test_it_is_merged_as_compose_merges_it(tmp_path, override, app):
    assert defined(tmp_path, override).get("app") == app


@pytest.mark.parametrize("override", ["services: [a]", "a: [", "services: {a: null}", "services: {a: !odd {}}"])
def test_an_override_that_cannot_be_read_is_named(tmp_path, override):
    with pytest.raises(InputError, match=f"Cannot read the services in {tmp_path}/compose.override.yaml"):
        defined(tmp_path, override)
