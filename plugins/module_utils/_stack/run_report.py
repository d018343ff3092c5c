# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the records of runs, and the rows of the platform's audit trail that each of them wrote.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._app import audit_log
from .._core import run_record, timestamps
from .._core.errors import ConvosphereError
from .._engine import client as engine_client
from .._engine import project as engine_project
from .._postgres.connection import Database


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of convosphere_run_info, of which ``params`` are the options."""
    since = timestamps.since("since", params["since"], datetime.now(timezone.utc)) if params["since"] else None
    found = deque(run_record.read(Path(params["runs_file"]), since), maxlen=params["limit"])
    runs = _once(list(found))
    if not params["rows"]:
        return {"runs": runs, "other_changes": [], "rows_problem": None}
    try:
        written = _rows(params, since or _first(runs))
    except ConvosphereError as error:
        return {"runs": runs, "other_changes": [], "rows_problem": str(error)}
    known = {run["run"] for run in runs}
    for run in runs:
        changes = written.get(run["run"], [])
        run["changes"] = [{"at": at, "description": text} for at, text, _total in changes]
        run["changes_total"] = changes[0][2] if changes else 0
    others = [
        {"run": run, "at": changes[0][0], "description": changes[0][1], "changes_total": changes[0][2]}
        for run, changes in written.items()
        if run not in known
    ]
    return {"runs": runs, "other_changes": others, "rows_problem": None}


def _first(runs: Sequence[Mapping[str, Any]]) -> datetime:
    """Return the earliest begin of a run; now, if no run has a time."""
    begins = [datetime.now(timezone.utc)]
    for run in runs:
        with suppress(ValueError, KeyError):
            begins.append(timestamps.parse_time(run["since"]))
    return min(begins)


def _once(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one record of each run: one that was killed while it released its lock has two."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for run in runs:
        found.setdefault((run["run"], run.get("since")), dict(run))
    return list(found.values())


def _rows(params: Mapping[str, Any], since: datetime) -> dict[str, list[tuple[str, str, int]]]:
    login: Mapping[str, Any] = params
    if params["login_service"]:
        client = engine_client.connect(params["docker_host"], params["timeout"])
        login = engine_project.published_login(client, params)
    with closing(Database(login, read_only=True)) as database:
        return audit_log.written_by_runs(database, timestamps.format_time(since), params["changes_shown"])
