# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the backups that still have a person.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._core import timestamps
from .catalogue import Catalogue, Scope
from .retention import Policy

#: No month is longer.
_MONTH = 31


def holding(directory: Path, scope: Scope, before: datetime, retention: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the backups that were made ``before`` an erasure, and so have the person.

    ``until`` is the time at which a policy has deleted the last of them, at one backup a day: empty without a policy,
    and if one of them is pinned, which no policy deletes.
    """
    backups = [] if not directory.is_dir() else Catalogue(directory).read()[0]
    found = [each.manifest for each in backups if scope.has(each.manifest) and each.manifest.created_at <= before]
    pinned = [each.id for each in found if each.pinned]
    until = ""
    if found and retention and not pinned:
        longest = longest_period(Policy.of(retention))
        until = timestamps.format_time(max(each.created_at for each in found).astimezone(timezone.utc) + longest)
    return {"ids": [each.id for each in found], "pinned": pinned, "until": until}


def longest_period(policy: Policy) -> timedelta:
    """Return for how long a policy keeps a backup at most, at one backup a day."""
    days = max(policy.last, policy.daily, policy.weekly * 7, policy.monthly * _MONTH)
    return max(timedelta(days=days), policy.within or timedelta())
