# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of users or groups out of a file: YAML, JSON, or CSV with a header.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils import _files
from ansible_collections.convosphere.platform.plugins.module_utils._errors import InputError

#: About how many characters of YAML are parsed at a time: the parser takes a hundred times as much memory.
CHUNK = 200_000


def read(path: Path, key: str) -> list[Mapping[str, Any]]:
    """The objects of a file, which holds a list of them, or a dictionary with that list under ``key``.

    Raises InputError, which calls the file by its name alone: on a remote host it is a copy in a temporary directory.
    """
    shown = path.name
    text = _files.read_text(path)
    if text is None:
        raise InputError(f"There is no file {shown}")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv(text, shown)
    content = _json(text, shown) if suffix == ".json" else _yaml(text, key, shown)
    if isinstance(content, Mapping):
        content = content.get(key)
    if not isinstance(content, list):
        raise InputError(f"{shown} holds neither a list nor a dictionary with a list under '{key}'")
    return content


def _csv(text: str, shown: str) -> list[Mapping[str, Any]]:
    """Rows by the header's names. An empty cell is an option that is not given."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True)
    try:
        rows = [{name: value for name, value in row.items() if value not in ("", None)} for row in reader]
    except csv.Error as error:
        raise InputError(f"{shown}, line {reader.line_num}: {error}") from error
    for number, row in enumerate(rows, 2):
        if None in row:
            raise InputError(f"{shown}: row {number} has more cells than the header")
    return [row for row in rows if row]


def _json(text: str, shown: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{shown} is not valid JSON: {error}") from error


def _yaml(text: str, key: str, shown: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise InputError(
            f"{shown} cannot be read: the Python library PyYAML is missing on the host",
            hint="Install it (Debian: python3-yaml), or give the list as JSON or CSV.",
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Any] = []
    try:
        for chunk in _chunks(text, key):
            found += yaml.load(chunk, Loader=loader)
    except (yaml.YAMLError, TypeError):
        # It was no plain list, or something in it reaches over several of its entries, as an anchor does.
        try:
            return yaml.load(text, Loader=loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            # What the parser quotes may be a part of a password that should have stood in quotes.
            problem = re.sub(r"'.*'", "(a word)", str(getattr(error, "problem", "")), flags=re.DOTALL)
            raise InputError(f"{shown}{where} is not valid YAML: {problem}") from error
    return found


def _chunks(text: str, key: str) -> Iterator[str]:
    """A list in block style, cut between its entries, each part a list of its own.

    A cut inside a quoted text or brackets leaves something open on its left, so that the parser refuses that part.
    """
    first = re.match(rf"(?:(?:#.*|---|{key}:| *)[ \t]*\n)*(?P<indent> *)(?=-[ \n])", text)
    if first is None:
        raise TypeError  # something else comes before the first entry
    begin = first.start("indent")
    for match in re.compile(rf"^{first['indent']}-", re.MULTILINE).finditer(text, begin + 1):
        if match.start() - begin > CHUNK:
            yield text[begin : match.start()]
            begin = match.start()
    yield text[begin:]
