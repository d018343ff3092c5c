# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep reports in a directory: a JSON document and a page for each run. Other files in it are never touched.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._core import files
from ..._core.errors import InputError
from .document import VERSION

DOCUMENT, PAGE = ".json", ".html"
#: A run's id is the name of its files.
RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEYS = {**dict.fromkeys(("environment", "run", "started", "ended"), str), "verdict": dict, "history": dict}


@dataclass(frozen=True)
class Report:
    """One report in the directory."""

    document: Mapping[str, Any]
    path: Path

    @property
    def page(self) -> Path:
        """The path of its page."""
        return self.path.with_name(f"{self.document['run']}{PAGE}")

    @property
    def order(self) -> tuple[str, str]:
        """By which reports are sorted."""
        return str(self.document["ended"]), str(self.document["run"])


def refuse_unusable(run: str) -> None:
    """Raise InputError if a run's id cannot be the name of a file."""
    if not RUN.fullmatch(run):
        raise InputError(
            f"run.id is {run!r}: give up to 100 letters, digits, dots, dashes and underscores, a letter or digit first"
        )


def paths(directory: Path, run: str) -> tuple[Path, Path]:
    """Return the paths of a run's document and page. Not by suffix: a run's id may have dots."""
    return directory / f"{run}{DOCUMENT}", directory / f"{run}{PAGE}"


def read(directory: Path, environment: str) -> list[Report]:
    """Return the reports of an environment, oldest first. Anything else in the directory is ignored."""
    found = list(_reports(directory, environment))
    return sorted(found, key=lambda report: report.order)


def _reports(directory: Path, environment: str) -> Iterator[Report]:
    for path in sorted(directory.glob(f"*{DOCUMENT}")) if directory.is_dir() else ():
        document = parse(files.read_bytes(path) or b"")
        if document and document["environment"] == environment and path.name == f"{document['run']}{DOCUMENT}":
            yield Report(document, path)


def parse(content: bytes) -> dict[str, Any] | None:
    """Return a report's document; None for any other content."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("report_version") != VERSION:
        return None
    return document if all(isinstance(document.get(name), kind) for name, kind in _KEYS.items()) else None


def render(document: Mapping[str, Any]) -> str:
    """Return the text of a document's file. Bytes that are no text, which a program may print, are JSON's escapes."""
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace").decode()


def surplus(reports: list[Report], run: str, kept: int) -> list[Report]:
    """Return the reports to remove, oldest first, if ``kept`` stay with that of ``run``, which is about to come."""
    others = [report for report in reports if report.document["run"] != run]
    return others[: max(0, len(others) - (kept - 1))]
