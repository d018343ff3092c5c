# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._stack.version_jumps import (
    Image,
    postgres_problem,
    weaviate_problem,
)


@pytest.mark.parametrize(
    ("reference", "variables", "labels", "postgres", "weaviate"),
    [
        ("postgres:16-alpine", {}, {}, "16", ""),
        ("registry:5000/mine/postgres:16.4", {}, {}, "16", "16.4"),
        ("registry:5000/mine/db@sha256:0123", {"PG_MAJOR": "17"}, {}, "17", ""),
        ("postgres:latest", {}, {}, "", ""),
        ("semitechnologies/weaviate:1.23.7", {}, {}, "1", "1.23.7"),
        ("semitechnologies/weaviate:v1.24.1-preview", {}, {}, "1", "1.24.1"),
        ("weaviate@sha256:0123", {}, {"org.opencontainers.image.version": "v1.25.0"}, "", "1.25.0"),
    ],
)
def test_the_version_of_an_image_is_that_of_its_variable_its_tag_or_its_label(
    reference, variables, labels, postgres, weaviate
):
    image = Image(reference, variables, labels)

    assert image.postgres() == postgres
    assert image.weaviate() == weaviate


def test_an_image_is_known_by_what_it_sets_or_by_its_name():
    assert Image("mine/db:1", {"PG_MAJOR": "15"}, {}).is_postgres
    assert Image("postgres:16", {}, {}).is_postgres, "it is not on the host yet"
    assert not Image("mine/postgres:1", {"PATH": "/bin"}, {}).is_postgres, "an image of another program"
    assert Image("registry/weaviate:1", {}, {}).is_weaviate


@pytest.mark.parametrize(("current", "desired"), [("15", "15"), ("", "16"), ("15", "")])
def test_the_same_major_version_of_postgres_and_an_unknown_one_are_allowed(current, desired):
    assert postgres_problem("postgres", current, desired, "prod") is None


def test_another_major_version_of_postgres_is_refused_with_the_route():
    problem, route = postgres_problem("postgres", "15", "17", "prod") or ("", "")

    assert problem == (
        "The data of the service postgres is of PostgreSQL 15, and its image is of PostgreSQL 17, which does not start "
        "with data of another major version"
    )
    steps = ["backup.yml", "backup_verify.yml", "teardown.yml", "docker volume rm", "deploy.yml", "restore.yml"]
    assert [route.index(step) for step in steps] == sorted(route.index(step) for step in steps)
    assert "restore.yml -e env=prod -e backup=before-postgres-17 -e database_force=true -e confirm=prod" in route


def test_an_earlier_major_version_of_postgres_has_no_route():
    _problem, route = postgres_problem("postgres", "15", "9.6", "prod") or ("", "")

    assert route.startswith("Set the image back to PostgreSQL 15. No version of PostgreSQL reads")


@pytest.mark.parametrize(
    ("current", "desired"),
    [("1.23.7", "1.23.9"), ("1.23.7", "1.23.0"), ("1.23.7", "1.24.1"), ("", "1.30.0"), ("1.23.7", ""), ("1.23", "2")],
)
def test_a_patch_or_the_next_minor_version_of_weaviate_is_allowed(current, desired):
    assert weaviate_problem("weaviate", current, desired, "prod") is None


@pytest.mark.parametrize(
    ("desired", "problem", "route"),
    [
        ("1.26.1", "converts data of the minor version before only", "release of 1.24, then 1.25, and then to 1.26.1"),
        ("1.22.0", "does not read data of a later version", "Set the image of weaviate to 1.23.7 or later."),
        ("2.0.0", "of another major version", "back to 1.23.7, and read Weaviate's guide"),
    ],
)
def test_other_versions_of_weaviate_are_refused_with_the_route(desired, problem, route):
    found = weaviate_problem("weaviate", "1.23.7", desired, "prod")

    assert found is not None
    assert problem in found[0]
    assert route in found[1]
