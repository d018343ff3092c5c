# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the kept releases of a stack: what each consists of, what is missing, and whether it can be rolled back to.

It is in this wing because it names the backup to restore before a rollback that the schema of the database forbids.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import ConvosphereError
from .._stack import kept_releases, release_source, schema_fit, state
from .catalogue import Backup, Catalogue

if TYPE_CHECKING:
    from docker import DockerClient

    from .._stack.kept_releases import RecordedImage, Release

#: The parts of a record that are reported unchanged.
_RECORDED = ("environment", "released_at", "released_by", "restored_from", "rolled_back_from")


@dataclass(frozen=True)
class Host:
    """The host of the stack: its engine, None without one, the ids of its images, and its backups."""

    client: DockerClient | None
    short_ids: Collection[str]
    backups: Sequence[Backup]

    def has(self, reference: str) -> bool:
        """Return whether an image has that reference, with any id."""
        return self.client is not None and state.image_id(self.client, reference) is not None


def report(client: DockerClient | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return all kept releases, newest first, and the one that ``release`` names.

    Raises InputError if there is no such release.
    """
    kept = kept_releases.read(Path(params["project_src"]) / "releases")
    host = Host(client, release_source.short_ids(client) if client else (), _backups(params["backup_dir"]))
    judge = release_source.judge(kept, client, params)
    described = {release.id: _described(release, host, judge) for release in kept}
    serving = kept_releases.serving(kept)
    if serving:
        described[serving.id]["serves"] = True
    return {"releases": list(described.values()), "target": _target(kept, host, params["release"], described)}


def _target(
    kept: Sequence[Release], host: Host, name: str | None, described: Mapping[str, dict[str, Any]]
) -> dict[str, Any] | None:
    if not name:
        return None
    if name == kept_releases.PREVIOUS:
        release = kept_releases.choose_previous(kept, host.short_ids)
    else:
        release = kept_releases.find(kept, name)
    return described[release.id]


def _described(release: Release, host: Host, judge: schema_fit.Judge) -> dict[str, Any]:
    images = release.missing_images(host.short_ids)
    files = release.missing_files()
    missing = [f"image {image.reference}@{image.short_id} of {image.service}" for image in images]
    missing += [f"file {name}" for name in files]
    references = {image.reference: None for image in images}
    refusal, backup = _refusal(release, files, host, judge)
    return {
        "id": release.id,
        **{name: release.record.get(name) for name in _RECORDED},
        "images": [_image(image, host.short_ids) for image in release.images],
        "files": release.record.get("files") or {},
        "schema_revisions": release.record.get("schema_revisions"),
        "serves": False,
        "complete": not missing,
        "missing": missing,
        # One whose reference means another image by now cannot be brought by it.
        "images_to_bring": [{"name": reference} for reference in references if not host.has(reference)],
        "refusal": refusal,
        "backup": backup,
    }


def _image(image: RecordedImage, short_ids: Collection[str]) -> dict[str, Any]:
    present = image.short_id in short_ids
    return {"service": image.service, "reference": image.reference, "image_id": image.short_id, "present": present}


def _refusal(
    release: Release, files: Sequence[str], host: Host, judge: schema_fit.Judge
) -> tuple[str | None, str | None]:
    """Return why a rollback to a release is refused with the next action, and the id of the backup to restore first."""
    if files:
        return f"Its directory has no intact copy of {', '.join(files)}. Choose another release.", None
    fit = judge.fit(release.schema)
    if not fit.objection:
        return None, None
    reason = f"{fit.objection[0].upper()}{fit.objection[1:]}."
    if not fit.restore:
        return f"{reason} {fit.hint}", None
    environment = release.record.get("environment")
    backup = _backup_for(host.backups, environment, (release.schema or {}).get("heads") or [])
    if backup is None:
        return f"{reason} A rollback never downgrades a schema, and there is no backup of the release's schema.", None
    name, created = backup.manifest.id, f"{backup.manifest.created_at:%Y-%m-%dT%H:%M:%SZ}"
    command = f"ansible-playbook restore.yml -e env={environment} -e backup={name} -e confirm={environment}"
    return (
        f"{reason} A rollback never downgrades a schema. Restore the backup {name}, which loses what was written since "
        f"{created}: {command}. Then roll back again.",
        name,
    )


def _backups(directory: str | None) -> Sequence[Backup]:
    """Return the backups, newest first; none if the directory cannot be read: they only serve a hint."""
    if not directory:
        return ()
    try:
        backups, _foreign = Catalogue(Path(directory)).read()
    except ConvosphereError:
        return ()
    return list(reversed(backups))


def _backup_for(backups: Sequence[Backup], environment: Any, heads: Sequence[str]) -> Backup | None:
    """Return the newest intact backup of an environment at these revisions, a verified one if there is one."""
    suitable = [
        backup
        for backup in backups
        if backup.manifest.environment == environment
        and backup.manifest.database is not None
        and sorted(backup.manifest.database.schema_revisions) == sorted(heads)
        and not backup.manifest.damaged_at
    ]
    verified = [backup for backup in suitable if backup.manifest.verified]
    return next(iter(verified or suitable), None)
