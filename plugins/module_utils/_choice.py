# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator means by a name of several backups, where some that should be there may be missing.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._backups import Backup, Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._errors import InputError

ALL = "all"


def every(catalogue: Catalogue) -> list[Backup]:
    """All backups that are there, oldest first.

    Raises InputError where there is none: whoever asks for all of them has some, and looks at a disk that is not
    mounted, or at another directory.
    """
    backups, _foreign = catalogue.read()
    if backups:
        return backups
    directory = catalogue.directory
    raise InputError(
        f"There is no backup in {directory}" if directory.is_dir() else f"There is no directory {directory}",
        hint="Is the disk of the backups mounted, and the path of backup_dir right?",
    )
