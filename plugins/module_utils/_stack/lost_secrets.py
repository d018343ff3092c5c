# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that were lost: a stack with data is never given new ones, which would not open that data.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .._core import files
from .._core.errors import InputError
from .._engine import client as engine_client
from .._engine import compose_cli
from .._host import served_release
from . import state

if TYPE_CHECKING:
    from docker import DockerClient

# "$$" is a dollar sign to Compose, whatever follows it.
_REFERENCE = re.compile(r"\$\$|\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def refuse_lost(stack: state.Stack, client: DockerClient | None) -> None:
    """Raise InputError where a secret would be made up that the stack was deployed with before.

    A secret that is new to the stack is none of them. ``stack`` must have read its files; ``client`` is None where
    there is no engine yet. Costs nothing unless a secret is to be made up.
    """
    if not stack.generated or not _was_deployed(stack, client):
        return
    known = _known(stack)
    if known is None:
        # Nothing says what it was deployed with: a file that has some of them was restored, one without any was not.
        lost = [] if any(stack.current_variables.get(name) for name in stack.variables) else stack.generated
    else:
        lost = [name for name in stack.generated if name in known]
    if lost:
        what = "is missing" if stack.current_secrets is None else "lacks what was in it"
        raise InputError(
            f"The file {stack.secrets_path} {what}, and {stack.name} was deployed with these secrets of it before: "
            f"{', '.join(lost)}",
            hint="Nothing was changed: with new ones its data could not be opened any more. "
            "Restore that file, or give the secrets in stack_secrets.",
            secrets=lost,
        )


def _was_deployed(stack: state.Stack, client: DockerClient | None) -> bool:
    if (stack.releases / served_release.CURRENT).is_symlink():
        return True
    if client is None:
        return False
    filters: Any = {"label": f"{engine_client.LABEL_PROJECT}={stack.name}"}
    with engine_client.asking(f"look for containers and volumes of project {stack.name}"):
        return bool(client.api.containers(all=True, filters=filters) or client.api.volumes(filters=filters)["Volumes"])


def _known(stack: state.Stack) -> set[str] | None:
    """The secrets that the record and the Compose files of before name, or None where there is none of these."""
    record = served_release.current(stack.releases)
    folders = (stack.directory, stack.releases / served_release.CURRENT)
    found = [files.read_text(folder / name) for folder in folders for name in compose_cli.FILE_NAMES]
    texts = [text for text in found if text is not None]
    if record is None and not texts:
        return None
    return set((record or {}).get("secrets") or []).union(*map(_REFERENCE.findall, texts))
