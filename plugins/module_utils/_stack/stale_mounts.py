# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a stack that containers have mounted: Compose looks at what defines a service, not into what it reads.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .._engine import project

if TYPE_CHECKING:
    from docker.models.containers import Container


def stale(directory: Path, names: Iterable[str], container: Container, written: Collection[str] = ()) -> list[str]:
    """Those of ``names``, the files of the stack in ``directory``, that a running container has not read as they are.

    It has them mounted and started before they were last written; ``written`` are known to be, or about to be, newer,
    whatever the clock says.
    """
    if container.status != project.RUNNING:
        return []
    sources = [mount["Source"] for mount in container.attrs.get("Mounts") or [] if mount["Type"] == "bind"]
    home = Path(os.path.realpath(directory))
    # A folder that holds the whole stack, or all of the host, is there to be looked at and not to be set up by.
    own = [path for path in (Path(os.path.realpath(source)) for source in sources) if home in path.parents]
    started, now = project.timestamp(container.attrs["State"]["StartedAt"]), time.time()
    found = []
    for name in names:
        path = home / name
        mounted = any(source == path or source in path.parents for source in own)
        # What is dated into the future would be newer than every start until then.
        if mounted and (name in written or (path.exists() and started < path.stat().st_mtime <= now)):
            found.append(name)
    return found
