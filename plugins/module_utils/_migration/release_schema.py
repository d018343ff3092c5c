# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep an image's revisions in the record of a release, and read them again without starting a container.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._stack.backend_image import Backend
from .alembic_client import Revision
from .revisions import Code


def known(backend: Backend, image_id: str) -> Code | None:
    """Return the image's revisions from the record of the current release; None if that is of another image."""
    schema = backend.recorded_schema
    if schema.get("image_id") != image_id:
        return None
    adds = set(schema.get("adds") or ())
    return Code([Revision(name, tuple(down), adds=name in adds) for name, down in schema["revisions"].items()])


def served(backend: Backend, image_id: str, code: Code, read: Callable[[str], Code]) -> frozenset[str] | None:
    """Return the revisions of the backend's container, which created the tables; None if there is no container.

    ``code`` is that of ``image_id``, the desired image; ``read`` reads that of another one.
    """
    serving = backend.serving_image_id
    if serving is None:
        return None
    found = code if serving == image_id else known(backend, serving) or read(serving)
    return frozenset(found.by_id)


def schema_record(image_id: str, code: Code) -> dict[str, Any]:
    """Return the record of an image's schema that a release keeps, and that ``known`` reads.

    ``adds`` are the revisions that only add to the schema, which a rollback to a release from before them may keep.
    """
    revisions = {revision.id: [*revision.down, *revision.depends_on] for revision in code.revisions}
    adds = sorted(revision.id for revision in code.revisions if revision.adds)
    return {"image_id": image_id, "heads": code.heads, "revisions": revisions, "adds": adds}
