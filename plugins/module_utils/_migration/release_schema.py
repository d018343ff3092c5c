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
    """The image's revisions as the release that serves has them; None where it was of another image."""
    schema = backend.recorded_schema
    if schema.get("image_id") != image_id:
        return None
    return Code([Revision(name, tuple(down)) for name, down in schema["revisions"].items()])


def served(backend: Backend, image_id: str, code: Code, read: Callable[[str], Code]) -> frozenset[str] | None:
    """The revisions of the backend that has made the tables: that of its container; None where there is none.

    ``code`` is that of ``image_id``, the image that is wanted; ``read`` reads that of another one.
    """
    serving = backend.serving_image_id
    if serving is None:
        return None
    found = code if serving == image_id else known(backend, serving) or read(serving)
    return frozenset(found.by_id)


def schema_record(image_id: str, code: Code) -> dict[str, Any]:
    """What a release keeps of its image's schema, and ``Backend.known`` reads again."""
    revisions = {revision.id: [*revision.down, *revision.depends_on] for revision in code.revisions}
    return {"image_id": image_id, "heads": code.heads, "revisions": revisions}
