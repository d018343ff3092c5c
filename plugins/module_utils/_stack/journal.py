# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember, between the phases of a deploy over several hosts, what served on this host before.

The file holds the secrets that the deploy replaced, so that it has their mode. ``finish`` and ``abandon`` remove it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import InputError
from .._core.redaction import Secret

if TYPE_CHECKING:
    from docker.models.containers import Container

FILE = ".deploy.json"


def read(directory: Path) -> dict[str, Any] | None:
    """Return what served before: ``{secrets, containers}``; None if no deploy is between its phases."""
    core_files.refuse_readable_by_others(directory / FILE)
    text = core_files.read_text(directory / FILE)
    if text is None:
        return None
    try:
        found = dict(json.loads(text))
        return {"secrets": found["secrets"] and Secret(found["secrets"]), "containers": list(found["containers"])}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{directory / FILE} is not the record of an unfinished deploy",
            hint=f"Remove {directory / FILE}, and deploy again.",
        ) from error


def begin(directory: Path, secrets: str | None, containers: Iterable[Container]) -> None:
    """Remember the text of the secrets and the containers, unless an interrupted deploy did so before."""
    if not (directory / FILE).exists():
        ids = [str(item.id) for item in containers]
        core_files.write_text(directory / FILE, json.dumps({"secrets": secrets, "containers": ids}), "0600")


def remove(directory: Path) -> None:
    """Forget it."""
    core_files.remove(directory / FILE)
