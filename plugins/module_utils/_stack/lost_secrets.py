# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to generate secrets again with which the data of a stack was created.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import InputError
from .._engine import client as engine_client
from .._engine import compose_cli
from .._host import served_release
from .secrets import Secrets

if TYPE_CHECKING:
    from docker import DockerClient

# "$$" is a dollar sign to Compose, also before a letter or a brace.
_REFERENCE = re.compile(r"\$\$|\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def refuse_lost(secrets: Secrets, project: str, client: DockerClient | None) -> None:
    """Raise InputError if a secret would be generated again with which the stack was deployed before.

    New secrets would not open the data of the stack. ``secrets`` must have been read; without an engine, ``client`` is
    ``None``. Costs nothing unless a secret is to be generated.
    """
    generated = secrets.generated
    if not generated or not _was_deployed(secrets.directory / "releases", project, client):
        return
    known = _known(secrets.directory)
    if known is None:
        # Nothing shows the secrets of the last deploy: a file with some of them was restored, one without any was not.
        lost = [] if any(secrets.current.get(name) for name in secrets.desired) else generated
    else:
        lost = [name for name in generated if name in known]
    if lost:
        what = "is missing" if secrets.text is None else "lacks secrets"
        raise InputError(
            f"The file {secrets.path} {what}, and {project} was deployed before with {', '.join(lost)}",
            hint="Nothing was changed: with new secrets, its data could not be opened any more. "
            "Restore that file, or give the values in secrets.",
            secrets=lost,
        )


def _was_deployed(releases: Path, project: str, client: DockerClient | None) -> bool:
    if (releases / served_release.CURRENT).is_symlink():
        return True
    if client is None:
        return False
    filters: Any = {"label": f"{engine_client.LABEL_PROJECT}={project}"}
    with engine_client.asking(f"list the containers and volumes of project {project}"):
        return bool(client.api.containers(all=True, filters=filters) or client.api.volumes(filters=filters)["Volumes"])


def _known(directory: Path) -> set[str] | None:
    """Return the secrets that the release and its Compose files refer to; None if there is neither."""
    releases = directory / "releases"
    record = served_release.current(releases)
    folders = (directory, releases / served_release.CURRENT)
    files = [core_files.read_text(folder / name) for folder in folders for name in compose_cli.FILE_NAMES]
    texts = [text for text in files if text is not None]
    if record is None and not texts:
        return None
    return set((record or {}).get("secrets") or []).union(*map(_REFERENCE.findall, texts))
