# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write registers: the files of erasures and of holds beside the backups, and in every place of copies.

A register belongs to one environment, whose name is in it and in its name, so that environments may share a place. It
is replaced in one step, and its signature is a part of it: an interrupted run leaves the old or the new one, complete.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from .._core import files, option_texts
from .._core.errors import InputError
from .._postgres import search_texts

T = TypeVar("T")
_FORMAT = 1
_LAST_YEAR = 2999
_SIGNATURE, _ENVIRONMENT = "signature", "environment"
_TIME, _TIME_FORM = re.compile(r"[0-9TZ:.-]+"), "%Y-%m-%dT%H:%M:%S.%fZ"


class Shelf(Protocol):
    """A directory or a place of copies, as far as registers go. Its methods raise ConvosphereError."""

    title: str

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if there is no such file."""

    def write(self, name: str, text: str) -> None:
        """Replace a file in one step."""

    def is_private(self, name: str) -> bool:
        """Return False if users other than the owner can read or write an existing file."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One of the two registers. ``name`` is the key of its entries, and the beginning of the name of its files."""

    name: str
    title: str
    #: Returns an entry from its fields. Raises ValueError or TypeError for what the table would refuse.
    entry: Callable[[Any], T]
    #: Returns one entry for each subject of several lists.
    merge: Callable[..., list[T]]
    #: Whether an entry is counted in a plan.
    counts: Callable[[T], bool]
    #: What happens without the file, and what to do about it.
    hint: str
    #: The file of earlier versions, without an environment. It is read, and never written. Empty without one.
    former: str = ""

    def file(self, environment: str) -> str:
        """Return the name of the file of an environment."""
        return f"{self.name}-{environment}.json"

    @property
    def namespace(self) -> str:
        """The namespace of signatures, by which that of another file is not valid for this one."""
        return f"convosphere-{self.name}"


@dataclass(frozen=True)
class Content(Generic[T]):
    """The entries in one shelf. ``own`` are those of the environment's file, and ``text`` is its text, or empty."""

    entries: Sequence[T] = ()
    own: Sequence[T] = ()
    text: str = ""
    signature: str = ""
    #: What was signed.
    signed_text: str = ""


#: Raises InputError if the content of a register, of a kind, in a file with a title, must not be used.
Check = Callable[["Kind[Any]", Content[Any], str], None]


def no_check(_kind: Kind[Any], _content: Content[Any], _title: str) -> None:
    """Accept any content, because no key is known."""


class Directory:
    """The directory of the backups as a shelf."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = str(path)

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if there is no such file. Raises InputError for what is no regular file."""
        path = self.path / name
        # A link may lead to a file that others can change, and a pipe would never end.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise InputError(f"{path} is not a regular file", hint="Nothing was changed. Look at it, and move it away.")
        return files.read_text(path)

    def write(self, name: str, text: str) -> None:
        """Replace a file in one step, of mode 0600. Raises ConvosphereError."""
        files.write_text(self.path / name, text, "0600")

    def is_private(self, name: str) -> bool:
        """Return False if users other than the owner can read or write an existing file."""
        path = self.path / name
        return not path.exists() or not int(files.mode_of(path), 8) & 0o077


def read(kind: Kind[T], shelf: Shelf, environment: str, check: Check = no_check) -> Content[T]:
    """Return the content of a register in a shelf. Raises ConvosphereError if a file cannot be read or used."""
    name = kind.file(environment)
    text = shelf.read(name)
    title = f"{name} in {shelf.title}"
    found = parse(kind, text, title, environment) if text is not None else Content[T]()
    if text is not None:
        check(kind, found, title)
    former = shelf.read(kind.former) if kind.former else None
    if former is None:
        return found
    title = f"{kind.former} in {shelf.title}"
    older = parse(kind, former, title, environment)
    entries = kind.merge(found.own, older.own)
    if list(entries) != list(found.own):
        check(kind, older, title)  # without a signature: a new entry in it would be one that no key has signed
    return Content(entries, found.own, found.text, found.signature, found.signed_text)


def parse(kind: Kind[T], text: str, title: str, environment: str) -> Content[T]:
    """Return the content of a text. Raises InputError, which calls it ``title``, for any other text."""
    try:
        content = json.loads(text)
        form = content["format"]
        if not isinstance(form, int) or isinstance(form, bool) or form < _FORMAT:
            raise ValueError("unknown format")
        rows = [] if form > _FORMAT else [kind.entry(row) for row in content[kind.name]]
        owner, signature = content.get(_ENVIRONMENT, environment), content.pop(_SIGNATURE, "")
        refuse_unfit([owner, signature], (), ())
        signed_text = _canonical(content)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{title} is not a {kind.title} that this version of the collection can read", hint=kind.hint
        ) from error
    if form > _FORMAT:
        raise InputError(
            f"{title} has the format {form}, and this version of the collection reads format {_FORMAT}",
            hint="Nothing was changed. Use the version of the collection that has written it, or a newer one.",
        )
    if owner != environment:
        raise InputError(
            f"{title} is of the environment {owner}, not of {environment}",
            hint=f"Nothing was changed. Name it {kind.file(owner)}, and put the file of {environment} in its place.",
        )
    return Content(rows, rows, text, signature, signed_text)


def text_of(kind: Kind[T], entries: Iterable[T], environment: str, signature: str = "") -> str:
    """Return the text of a register."""
    content = _content(kind, entries, environment)
    if signature:
        content[_SIGNATURE] = signature
    return json.dumps(content, indent=2) + "\n"


def signed_text_of(kind: Kind[T], entries: Iterable[T], environment: str) -> str:
    """Return what a signature of a register is about."""
    return _canonical(_content(kind, entries, environment))


def missing(kind: Kind[T], environment: str, source: Content[T], target: Content[T]) -> str:
    """Return the text that brings a shelf the entries of another one; empty if it has them.

    It is that of the other one, with its signature, unless the shelf has entries of its own.
    """
    desired = kind.merge(source.entries, target.entries)
    if list(target.own) == desired:
        return ""
    return source.text if list(source.own) == desired else text_of(kind, desired, environment)


def _content(kind: Kind[T], entries: Iterable[T], environment: str) -> dict[str, Any]:
    rows = [asdict(entry) for entry in entries]  # type: ignore[call-overload]
    return {"format": _FORMAT, _ENVIRONMENT: environment, kind.name: rows}


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def refuse_unfit(values: Iterable[Any], ids: Iterable[str], times: Iterable[str]) -> None:
    """Raise ValueError for values of an entry that a table would refuse. ``times`` are in the form of ``utc``."""
    if not all(isinstance(value, str) and option_texts.problem(value) is None for value in values):
        raise ValueError("values that are no texts")
    if not all(search_texts.is_uuid(one) and one == one.lower() for one in ids):
        raise ValueError("an id that is no UUID in lower case")
    for time in times:
        if not _TIME.fullmatch(time):
            raise ValueError("a time with other characters")
        found = datetime.strptime(time, _TIME_FORM)
        # Times are compared as texts, and a later change has to find a later one.
        if found.strftime(_TIME_FORM) != time or found.year > _LAST_YEAR:
            raise ValueError("a time in another form, or too far ahead")


def utc(column: str) -> str:
    """Return the SQL of a timestamp in the form of an entry, which sorts as a text."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def time_text(now: datetime, after: str = "") -> str:
    """Return a timestamp in the form of an entry, or a later one than ``after`` if the clock is behind."""
    text = now.strftime(_TIME_FORM)
    if text > after:
        return text
    return (datetime.strptime(after, _TIME_FORM) + timedelta(microseconds=1)).strftime(_TIME_FORM)
