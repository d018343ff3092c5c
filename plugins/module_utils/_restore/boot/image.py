# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the image of the backend that a backup belongs to, by the records of the kept releases.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._backup.manifest import Manifest
from ..._stack.kept_releases import Release

BACKEND = "backend"


def choose(kept: Sequence[Release], manifest: Manifest) -> str | None:
    """Return the id of the image, of 12 digits or whole: that of the release which served when the backup was created.

    If that release needs another schema than the backup has, or is not kept, it is that of the newest release with the
    schema of the backup. None if there is no such release.
    """
    revisions = sorted(manifest.database.schema_revisions) if manifest.database else []
    at = f"{manifest.created_at:%Y%m%dT%H%M%S}999Z"  # the ids of releases are times to the millisecond
    served = [release for release in kept if release.id <= at]
    for release in [*served[:1], *kept]:
        image = _image(release)
        if image and _fits(release, revisions, served=release in served[:1]):
            return image
    return None


def _image(release: Release) -> str | None:
    """Return the backend's image; on a database host whose backends run elsewhere that of the schema."""
    recorded = [image.short_id for image in release.images if image.service == BACKEND and image.short_id]
    schema = (release.schema or {}).get("image_id")
    return recorded[0] if recorded else schema


def _fits(release: Release, revisions: list[str], *, served: bool) -> bool:
    """Return whether the code of a release needs the schema of a backup, as far as both are recorded."""
    schema = release.schema
    if not schema or not schema.get("heads") or not revisions:
        return served
    accepted = [sorted(schema["heads"]), *([sorted(schema["database"])] if schema.get("database") else [])]
    return revisions in accepted
