# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a list of users or groups from a file: YAML, JSON, or CSV with a header.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .._core import files, option_texts
from .._core.errors import InputError
from . import unquoted_scalars

#: Byte order marks and their encodings. Longer ones first: that of UTF-32 begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_EXPECTED = "Expected: UTF-8, or UTF-16 with a byte order mark."


def read(path: Path, key: str, known: Collection[str]) -> list[Any]:
    """Return the objects of a file: it holds a list of them, or a dictionary with that list under ``key``.

    ``known`` are the options of an object. Scalars without quotes keep their source text, see ``unquoted_scalars``.
    Raises InputError, which names the file without its directory: on a remote host it is a temporary copy.
    """
    shown = path.name
    raw = files.read_bytes(path)
    if raw is None:
        raise InputError(f"There is no file {shown}")
    text = decode(raw, shown)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        # Each format is imported when a file has it: a module is compiled anew in each run.
        from . import list_csv

        return list(list_csv.parse(text, shown, known))
    content = _json(text, shown) if suffix == ".json" else _yaml(text, shown)
    if isinstance(content, Mapping):
        content = content.get(key)
    if not isinstance(content, list):
        read_as = "It was read as YAML: the name of a CSV file must end in .csv, of a JSON file in .json."
        hint = "" if suffix in (".json", ".yml", ".yaml") else read_as
        raise InputError(f"{shown} holds neither a list nor a dictionary with a list under '{key}'", hint=hint)
    return content


def decode(raw: bytes, shown: str) -> str:
    """Return the text of a file in UTF-8, or in the encoding of its byte order mark. Raises InputError."""
    encoding = next((name for mark, name in MARKS.items() if raw.startswith(mark)), "utf-8")
    if encoding == "utf-8" and raw.count(b"\0") * 3 > len(raw):
        raise InputError(f"{shown} seems to be UTF-16 without a byte order mark", hint=_advice(shown, "UTF-16LE"))
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(_wrong_encoding(raw, error, encoding, shown), hint=_advice(shown)) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{shown}, line {line} {option_texts.NUL}")
    return text


def _wrong_encoding(raw: bytes, error: UnicodeDecodeError, encoding: str, shown: str) -> str:
    if encoding != "utf-8":
        return (
            f"{shown} has the byte order mark of {encoding.upper().removesuffix('-SIG')}, and is not in that encoding"
        )
    line = raw.count(b"\n", 0, error.start) + 1
    return (
        f"{shown} is not in UTF-8: line {line} has the byte 0x{raw[error.start]:02X}, "
        "as in Windows-1252 or another single-byte encoding"
    )


def _advice(shown: str, encoding: str = "WINDOWS-1252") -> str:
    return (
        f'{_EXPECTED} In Excel save it as "CSV UTF-8", or convert it: '
        f"iconv --from-code {encoding} --to-code UTF-8 {shown}"
    )


def _json(text: str, shown: str) -> Any:
    try:
        return unquoted_scalars.loads(text)
    except unquoted_scalars.Repeated as error:
        raise InputError(f"{shown}: {error}") from error
    except ValueError as error:
        raise InputError(f"{shown} is not valid JSON: {error}") from error


def _yaml(text: str, shown: str) -> Any:
    from . import list_yaml

    return list_yaml.parse(text, shown)
