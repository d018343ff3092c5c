# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.stack_images import stack_images
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_deployment import (
    advice,
    secrets,
    standin_builds,
)

DEFAULTS = {"backend": "backend:1", "redis": "redis:7"}
STANDINS = {"backend": "backend", "redis": "redis"}


def test_an_image_has_its_build_context():
    contexts = {"backend": "/src", "other": "/other"}

    assert stack_images(["redis", "backend"], DEFAULTS, contexts) == [
        {"name": "redis:7"},
        {"name": "backend:1", "build": "/src"},
    ]


def test_a_stand_in_replaces_a_default_image_only():
    references = {**DEFAULTS, "redis": "mine:7"}

    assert stack_images(["backend", "redis"], references, {}, STANDINS, DEFAULTS) == [
        {"name": "backend:1", "standin": "backend"},
        {"name": "mine:7"},
    ]
    assert stack_images(["backend"], references, {}, {}, DEFAULTS) == [{"name": "backend:1"}]


def test_missing_images_with_a_stand_in_are_built():
    images = [{"name": "redis:7", "standin": "redis"}, {"name": "caddy:2", "standin": "caddy"}, {"name": "minio:1"}]

    assert standin_builds(images, ["minio:1", "redis:7"], "/srv") == [{"name": "redis:7", "build": "/srv/redis"}]


def test_given_secrets_are_filled_in_and_others_follow_by_name():
    declared = [{"name": "A", "length": 4}, {"name": "B", "derive": "x{A}"}]

    assert secrets(declared, {"Z": "z", "B": "b", "C": ""}) == [
        {"name": "A", "length": 4},
        {"name": "B", "derive": "x{A}", "value": "b"},
        {"name": "C", "value": ""},
        {"name": "Z", "value": "z"},
    ]
    assert "value" not in declared[1]


MIGRATED = {"changed": True, "revisions_before": ["a", "b"], "revisions": ["c"], "backup": "b1"}
CURRENT = {"situation": "current", "released": ["a"], "revisions": ["c", "d"]}


@pytest.mark.parametrize(
    ("schema", "migrated", "sentence"),
    [
        (
            CURRENT,
            MIGRATED,
            "This deploy migrated the database from a, b to c, and the schema stays there; the backup of the previous"
            " schema is b1.",
        ),
        (
            {},
            {**MIGRATED, "revisions_before": [], "backup": None},
            "This deploy migrated the database from no revision to c, and the schema stays there.",
        ),
        (
            CURRENT,
            {"changed": False, "skipped": True},
            "An earlier deploy migrated the database from a, which the running release needs, to c, d, and the schema"
            " stays there; database.yml shows the backups.",
        ),
        ({**CURRENT, "released": ["c", "d"]}, {}, ""),
        ({**CURRENT, "released": None}, {}, ""),
        ({**CURRENT, "situation": "behind"}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_a_failed_deploy_is_told_which_schema_it_leaves(schema: dict[str, Any], migrated: dict[str, Any], sentence):
    assert advice(schema, migrated) == sentence
