# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render and read the file by which the edge answers 503 during maintenance. Pure, but for the reading of the file.

The edge's Caddyfile imports the file. It ends by itself: Caddy compares the time of each request with the end, so that
nothing has to run at that time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import html
import ipaddress
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.timestamps import format_time, parse_time
from . import edge

NAME = "maintenance.caddy"
#: The text by which the Caddyfile imports the file.
IMPORT = "state/maintenance"
#: The paths that answer during maintenance as without it, for monitoring.
HEALTH = ("/health", "/health/*", "/api/v1/health", "/api/v1/health/*")
LONGEST = timedelta(days=7)
LONGEST_REASON = 300

_DATA = "# state: "
_END = re.compile(r"int\(\{time\.now\.unix\}\) < (\d+)")
_TEXT = """\
# Written by convosphere_edge_maintenance, and removed by it. Without effect from {until} on.
{data}
@maintenance {{
    expression `int({{time.now.unix}}) < {end}`
{operators}    not path {health}
}}
handle @maintenance {{
    header Retry-After {retry_after}
    header Cache-Control no-store
    header Content-Type "text/html; charset=utf-8"
    respond `{page}` 503
}}
"""
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Maintenance</title>"
    "<body style=font-family:sans-serif;margin:4em><h1>Maintenance</h1>"
    "<p>The service is not available now. Please try again in a few minutes.</p>{reason}</html>"
)


@dataclass(frozen=True)
class Maintenance:
    """A period of maintenance, until a timestamp in UTC. ``operators`` are networks that are let through."""

    until: datetime
    reason: str
    operators: tuple[str, ...]
    retry_after: int

    def fields(self) -> dict[str, Any]:
        """Return what a diff shows, and what the file records."""
        return {
            "until": format_time(self.until),
            "reason": self.reason,
            "operators": list(self.operators),
            "retry_after": self.retry_after,
        }

    def render(self) -> str:
        """Return the text of the file."""
        # In a Caddyfile, a brace could begin a placeholder or the name of a variable, also in a comment.
        data = json.dumps(self.fields()).replace("$", "\\u0024")
        reason = f"<p>{_inert(self.reason)}</p>" if self.reason else ""
        return _TEXT.format(
            until=format_time(self.until),
            data=_DATA + data[0] + data[1:-1].replace("{", "\\u007b").replace("}", "\\u007d") + data[-1],
            end=int(self.until.timestamp()),
            operators=f"    not client_ip {' '.join(self.operators)}\n" if self.operators else "",
            health=" ".join(HEALTH),
            retry_after=self.retry_after,
            page=_PAGE.format(reason=reason),
        )


def path(directory: Path) -> Path:
    """Return the path of the file of a stack."""
    return directory.joinpath(*edge.STATE, NAME)


def read(directory: Path) -> Maintenance | None:
    """Return the maintenance that the file of a stack describes; None without a file. Raises InputError."""
    text = files.read_text(path(directory))
    if text is None:
        return None
    try:
        return parse(text)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path(directory)} was not written by convosphere_edge_maintenance: {error}",
            hint="Remove it, and run again.",
        ) from error


def parse(text: str) -> Maintenance:
    """Return what ``render`` wrote. Raises ValueError, TypeError or KeyError for another text."""
    lines = [line.removeprefix(_DATA) for line in text.splitlines() if line.startswith(_DATA)]
    data = json.loads(lines[0] if lines else "")
    until = parse_time(data["until"])
    return Maintenance(until, str(data["reason"]), tuple(data["operators"]), int(data["retry_after"]))


def described(maintenance: Maintenance | None, now: datetime) -> dict[str, Any] | None:
    """Return the fields of a maintenance, and whether it is in effect."""
    return None if maintenance is None else {**maintenance.fields(), "active": now < maintenance.until}


def of_project(directory: Path | None) -> dict[str, Any] | None:
    """Return the same of the stack in a directory, now; None without permission to read the file."""
    if directory is None or not os.access(path(directory), os.R_OK):
        return None
    return described(read(directory), datetime.now(timezone.utc))


def end_in(config: Any) -> int | None:
    """Return the end of the maintenance in a loaded configuration of Caddy, in seconds since 1970; None without one."""
    found = _END.search(json.dumps(config))
    return int(found[1]) if found else None


def problems(operators: Iterable[str], reason: str) -> Iterator[str]:
    """Yield what is wrong with the options, a sentence each without its final dot."""
    for text in operators:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield f"operators: {text!r} is neither an address nor a network: give for example 192.0.2.7 or 10.0.0.0/8"
            continue
        if network.prefixlen == 0:
            yield f"operators: {text} has every address, so that every client would be let through"
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        yield f"reason has more than {LONGEST_REASON} characters, or a line break: give one sentence"


def _inert(text: str) -> str:
    """Return a text for a page in a Caddyfile: neither HTML nor a quote or a placeholder of Caddy."""
    escaped = html.escape(text)
    return "".join(f"&#{ord(each)};" if each in "{}$`\\" else each for each in escaped)
