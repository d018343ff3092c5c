# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the first line of a record: level, source and message, in the formats of the platform's programs.

The backend writes text by loguru and uvicorn; PostgreSQL, Redis and nginx text of their own; Caddy and Weaviate JSON.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

#: From the least to the most severe.
LEVELS = ("debug", "info", "warning", "error", "critical")
SEVERITY = {name: number for number, name in enumerate(LEVELS)}

_NAMES = {
    **{name: name for name in LEVELS},
    "trace": "debug",
    "success": "info",
    "notice": "info",
    "log": "info",
    "warn": "warning",
    "err": "error",
    "dpanic": "critical",
    "panic": "critical",
    "fatal": "critical",
    "crit": "critical",
    "alert": "critical",
    "emerg": "critical",
}
_LOGURU = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d+)? \| ([A-Z]+) *\| (?:([\w.<>$-]+:[\w<>$]+:\d+) - )?(.*)", re.DOTALL
)
_POSTGRES = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z+\-0-9]{2,6} \[(\d+)\] (?:[^:\s]\S* )*?"
    r"(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY):\s+(.*)",
    re.DOTALL,
)
_REDIS = re.compile(r"(\d+:[XCSM]) \d+ \w+ \d{4} \d\d:\d\d:\d\d\.\d+ ([.\-*#]) (.*)", re.DOTALL)
_NGINX = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(\w+)\] (.*)", re.DOTALL)
_ASCTIME = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (?:- ([\w.]+) - )?(DEBUG|INFO|WARNING|ERROR|CRITICAL)(?: -)? (.*)", re.DOTALL
)
#: uvicorn writes ``INFO:     message``, alembic ``INFO  [logger] message``, Python's logging ``INFO:logger:message``.
_WORD = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL|FATAL)(?::\s+|:([\w.]+):|\s+\[([\w.]+)\] )(.*)", re.DOTALL)
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
#: What PostgreSQL adds to the line before.
_POSTGRES_PARTS = frozenset({"DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY"})
_TRACEBACK = "Traceback (most recent call last):"
_MESSAGES = ("msg", "message", "event", "text")
_SOURCES = ("logger", "name", "source", "module")
#: What the engine or the record has already.
_LEFT_OUT = frozenset({"level", "levelname", "severity", "lvl", "ts", "time", "timestamp", "@timestamp"})


class Head(NamedTuple):
    """The first line of a record. ``second`` is what two writings of one record have in common, beside the message.

    ``continues`` marks a line that belongs to the record before it.
    """

    level: str | None
    source: str | None
    message: str
    fields: Mapping[str, Any] | None = None
    second: str = ""
    continues: bool = False


def parse(text: str) -> Head | None:
    """Return the head that a line is, or None for a line without a known format."""
    parser = _BY_FIRST.get(text[:1])
    return parser(text) if parser else None


def _of_digit(text: str) -> Head | None:
    found = _LOGURU.match(text)
    if found:
        second, level, source, message = found.groups()
        return Head(_NAMES.get(level.lower()), source, message, None, second)
    found = _POSTGRES.match(text)
    if found:
        process, word, message = found.groups()
        if word in _POSTGRES_PARTS:
            return Head(None, f"[{process}]", f"{word}:  {message}", continues=True)
        return Head(_NAMES.get(word.rstrip("12345").lower()), f"[{process}]", message)
    found = _REDIS.match(text)
    if found:
        return Head(_REDIS_LEVELS[found[2]], found[1], found[3])
    found = _NGINX.match(text)
    if found:
        return Head(_NAMES.get(found[1]), None, found[2])
    found = _ASCTIME.match(text)
    return Head(_NAMES.get(found[2].lower()), found[1], found[3]) if found else None


def _of_word(text: str) -> Head | None:
    if text == _TRACEBACK:
        return Head("error", None, text)
    found = _WORD.match(text)
    return Head(_NAMES[found[1].lower()], found[2] or found[3], found[4]) if found else None


def _of_brace(text: str) -> Head | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    if isinstance(values.get("record"), dict):  # loguru with serialize=True
        record = values["record"]
        exception = record.get("exception") or None
        message = values.get("text") if exception else record.get("message")
        place = ":".join(str(record.get(name)) for name in ("name", "function", "line"))
        return Head(_level(record.get("level")), place, str(message).rstrip("\n"), record.get("extra") or None)
    message = next((values[name] for name in _MESSAGES if isinstance(values.get(name), str)), None)
    if message is None:
        return None
    source = next((values[name] for name in _SOURCES if isinstance(values.get(name), str)), None)
    level = next((_level(values[name]) for name in ("level", "levelname", "severity", "lvl") if name in values), None)
    used = {source, message}
    rest = {
        str(name): value
        for name, value in values.items()
        if name not in _LEFT_OUT and not (isinstance(value, str) and value in used)
    }
    return Head(level, source, message, rest or None)


def _level(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else value
    return _NAMES.get(str(name).lower())


_BY_FIRST: dict[str, Callable[[str], Head | None]] = {
    **dict.fromkeys("0123456789", _of_digit),
    **dict.fromkeys("DIWECFT", _of_word),
    "{": _of_brace,
}
