# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import Project, Service
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Revision
from ansible_collections.convosphere.platform.plugins.module_utils._migration.release_schema import (
    schema_record,
    served,
)
from ansible_collections.convosphere.platform.plugins.module_utils._migration.revisions import Code
from ansible_collections.convosphere.platform.plugins.module_utils._stack.backend_image import Backend

OLD, NEW = Code([Revision("a")]), Code([Revision("b", ("a",)), Revision("a")])


def backend(*images: str, source: Path | None = None) -> Backend:
    """Build a backend whose project has a container of each of these images."""
    containers: Any = tuple(SimpleNamespace(attrs={"Image": image}) for image in images)
    params = {"project_name": "p", "project_src": str(source) if source else None, "image": "new", "service": "backend"}
    found = Backend(SimpleNamespace(), params)  # type: ignore[arg-type]
    found.project = Project("p", {"backend": Service("backend", containers)}, None)
    return found


def unread(image: str) -> Code:
    raise AssertionError(f"No container has to be started for {image}")


def test_the_code_that_made_the_tables_is_that_of_the_backends_container():
    asked: list[str] = []

    assert served(backend("old"), "new", NEW, lambda image: asked.append(image) or OLD) == {"a"}
    assert asked == ["old"]


def test_the_wanted_image_is_not_read_twice():
    assert served(backend("new"), "new", NEW, unread) == {"a", "b"}


def test_what_the_release_that_serves_knows_of_its_image_is_not_read_again(tmp_path):
    (tmp_path / "releases/current").mkdir(parents=True)
    (tmp_path / "releases/current/release.json").write_text(json.dumps({"schema": schema_record("old", OLD)}))

    assert served(backend("old", source=tmp_path), "new", NEW, unread) == {"a"}


def test_without_a_container_nothing_tells_what_made_the_tables():
    assert served(backend(), "new", NEW, unread) is None
