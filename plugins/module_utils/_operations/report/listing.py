# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the reports of an environment, and read one of them, as convosphere_report_info returns them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..._core import files
from ..._core.errors import InputError
from . import store
from .store import Report


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of convosphere_report_info, of which ``params`` are the options. Raises InputError."""
    directory = Path(params["reports_dir"])
    found = store.read(directory, params["environment_name"])
    listed: dict[str, Any] = {"reports": [_describe(each) for each in found]}
    if not params["content"]:
        return listed
    chosen = _chosen(found, params["run"], directory)
    texts = {"html_content": _text(chosen.page), "json_content": _text(chosen.path)}
    return {**listed, "report": {**_describe(chosen), **texts}}


def _chosen(found: Sequence[Report], run: str | None, directory: Path) -> Report:
    for each in reversed(found):
        if run in (None, each.document["run"]):
            return each
    if not found:
        raise InputError(
            f"There is no report in {directory}",
            hint="maintenance.yml writes one at the end of each run, or check env.",
        )
    runs = ", ".join(each.document["run"] for each in found[-5:])
    raise InputError(f"There is no report of the run {run} in {directory}", hint=f"The newest ones are: {runs}.")


def _text(path: Path) -> str:
    text = files.read_text(path)
    if text is None:
        raise InputError(
            f"{path} is missing", hint="The run that wrote it was interrupted. Fetch another one with run."
        )
    return text


def _describe(found: Report) -> dict[str, Any]:
    document = found.document
    return {
        **{name: document[name] for name in ("run", "started", "ended")},
        **{name: document["verdict"][name] for name in ("status", "line")},
        "html": str(found.page),
        "json": str(found.path),
    }
