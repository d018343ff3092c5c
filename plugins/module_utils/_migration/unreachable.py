# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide why a database cannot be reached, and whether a run in check mode has to expect that.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._postgres import connection
from .._stack.backend_image import Backend

ABSENT = "absent"
STOPPED = "stopped"
UNKNOWN = "unknown"


def why(backend: Backend, params: Mapping[str, Any]) -> str:
    """Return whether a database that cannot be reached does not exist yet, or was stopped. A managed one exists."""
    if backend.project is None or backend.database_runs or connection.is_elsewhere(params):
        return UNKNOWN
    if backend.has_database:
        return STOPPED
    return UNKNOWN if backend.is_deployed else ABSENT


def is_expected(situation: str, params: Mapping[str, Any]) -> bool:
    """Return whether check mode continues without the database.

    A managed one cannot be asked before the first deploy brings the authority of its certificate to the host.
    """
    if situation != UNKNOWN:
        return True
    return connection.is_elsewhere(params) and bool(params["ca_cert"]) and not Path(params["ca_cert"]).exists()
