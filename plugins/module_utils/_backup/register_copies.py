# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the registers of erasures and holds beside the backups and in every place of copies.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._people import registers, signatures
from .._people.erasure_ledger import LEDGER
from .._people.holds import HOLDS
from .._people.registers import Content, Directory, Kind, Shelf
from .._people.signatures import Keys
from . import copies
from .copies import Place

T = TypeVar("T")
KINDS: tuple[Kind[Any], ...] = (LEDGER, HOLDS)


class PlaceShelf:
    """A place of copies as a shelf of registers. It must be reachable."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.title = place.title
        self._names: list[str] | None = None

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if there is no such file. Raises CopyError."""
        if self._names is None:
            self.place.check()
            self._names = self.place.names()
        return self.place.read(name).decode(errors="replace") if name in self._names else None

    def write(self, name: str, text: str) -> None:
        """Replace a file in one step. Raises CopyError."""
        self.place.put_bytes(name, text.encode())
        self._names = None

    def is_private(self, _name: str) -> bool:
        """Return True: a place keeps its own modes."""
        return True


class Registers(Generic[T]):
    """The register of one kind and environment, beside the backups and in the places of ``copy_to``.

    Every one of them has the entries of all. ``signatures`` are given ones, by kind, for a key that is not on the host.
    """

    def __init__(self, kind: Kind[T], params: Mapping[str, Any]) -> None:
        self.kind = kind
        self.environment: str = params["environment_name"]
        self.given: Mapping[str, str] = params["signatures"] or {}
        self.directory = Path(params["backup_dir"])
        self.copies: list[Shelf] = [PlaceShelf(copies.place_of(target)) for target in params["copy_to"] or ()]
        self.keys = Keys()
        #: What a key that is not on the host has to sign; empty if nothing has to be written.
        self.unsigned = ""
        self._warn: Callable[[str], None] = lambda _text: None

    @property
    def path(self) -> str:
        """The file beside the backups."""
        return str(self.directory / self.kind.file(self.environment))

    @property
    def titles(self) -> list[str]:
        """The places of the copies."""
        return [shelf.title for shelf in self.copies]

    def read(self, keys: Keys, warn: Callable[[str], None]) -> list[T]:
        """Return the entries of all files. Raises ConvosphereError if one cannot be read, or has another signature."""
        self.keys, self._warn = keys, warn
        return self.kind.merge(*(content.entries for content in self._contents()))

    def plan(self, predicted: Iterable[T]) -> Plan:
        """Return what the files lack of their own entries and of ``predicted`` ones."""
        contents = self._contents()
        desired = self.kind.merge(*(content.entries for content in contents), predicted)
        plan = Plan()
        for shelf, content in zip(self._shelves, contents):
            before, after = self._states(shelf, content, desired)
            name = f"{self.kind.file(self.environment)} in {shelf.title}"
            plan += make_plan({name: after}, {name: before})
        return plan

    def write(self, entries: Iterable[T]) -> None:
        """Bring all files the entries of all, and ``entries``: first beside the backups. Raises ConvosphereError.

        With a key that is not on the host, and without its signature, nothing is written: see ``unsigned``.
        """
        self._warn = lambda _text: None  # plan() has warned
        known: list[tuple[Shelf, Content[T]]] = []
        errors: list[ConvosphereError] = []
        for shelf in self._shelves:
            try:
                known.append((shelf, self._content(shelf)))
            except ConvosphereError as error:  # since plan(): the other files are written all the same
                errors.append(error)
        desired = self.kind.merge(*(content.entries for _shelf, content in known), entries)
        due = [shelf for shelf, content in known if self._is_due(shelf, content, desired)]
        if due:
            errors += self._put(due, desired)
        if errors:
            raise ConvosphereError(
                "; ".join(error.message for error in errors),
                hint=f"The database is changed, and its {self.kind.title} is complete. {_again(errors)}",
            )

    def _put(self, due: Sequence[Shelf], desired: Sequence[T]) -> list[ConvosphereError]:
        """Write files, signed if there is a key, and return the errors."""
        text = registers.signed_text_of(self.kind, desired, self.environment)
        signature = self._signature(text)
        if self.keys.public and not signature:
            self.unsigned = text
            return []
        new = registers.text_of(self.kind, desired, self.environment, signature)
        errors = []
        for shelf in due:
            try:
                shelf.write(self.kind.file(self.environment), new)
            except ConvosphereError as error:
                errors.append(error)
        return errors

    def _signature(self, text: str) -> str:
        given = self.given.get(self.kind.name, "")
        if given and not signatures.is_valid(text, given, self.keys.public, self.kind.namespace):
            raise InputError(
                f"The given signature is not one of the {self.kind.title} that has to be written now",
                hint="Another run has changed it meanwhile: run it again.",
            )
        return given or self.keys.sign(self.kind, text)

    def _contents(self) -> list[Content[T]]:
        return [self._content(shelf) for shelf in self._shelves]

    def _content(self, shelf: Shelf) -> Content[T]:
        return registers.read(self.kind, shelf, self.environment, self.keys.check(self._warn))

    @property
    def _shelves(self) -> list[Shelf]:
        return [Directory(self.directory), *self.copies]

    def _is_due(self, shelf: Shelf, content: Content[T], desired: Sequence[T]) -> bool:
        before, after = self._states(shelf, content, desired)
        return before != after

    def _states(self, shelf: Shelf, content: Content[T], desired: Sequence[T]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a plan shows of a file, now and when it is written."""
        before, after = _shown(self.kind, content.own, desired)
        if self.keys.public and desired and not content.signature:
            before["signed"], after["signed"] = False, True
        if not shelf.is_private(self.kind.file(self.environment)):
            before["mode"], after["mode"] = "open to other users", "0600"
        return before, after


def _again(errors: Sequence[ConvosphereError]) -> str:
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    return " ".join([*hints, "Then run it again with the same options, which writes the missing files."])


def accompany(directory: Path, place: Place, environment: str) -> None:
    """Have the registers of a directory beside a backup that was just copied. Raises ConvosphereError."""
    for kind in KINDS:
        bring(kind, environment, Directory(directory), PlaceShelf(place))


def bring(kind: Kind[T], environment: str, source: Shelf, target: Shelf) -> None:
    """Bring a shelf the entries of another one, with its signature if that stays valid. Raises ConvosphereError."""
    text = _lacking(kind, environment, source, target)[0]
    if text:
        target.write(kind.file(environment), text)


def plan(kind: Kind[T], environment: str, source: Shelf, target: Shelf) -> Plan:
    """Return what a shelf lacks of the register of another one."""
    text, known = _lacking(kind, environment, source, target)
    if not text:
        return Plan()
    name = f"{kind.file(environment)} in {target.title}"
    before, after = _shown(kind, known.own, registers.parse(kind, text, name, environment).own)
    return make_plan({name: after}, {name: before} if known.text else {})


def _shown(kind: Kind[T], own: Sequence[T], desired: Sequence[T]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a plan shows of the entries of a file, now and when it is written."""
    before: dict[str, Any] = {kind.name: sum(map(kind.counts, own))}
    after: dict[str, Any] = {kind.name: sum(map(kind.counts, desired))}
    if before == after and list(own) != list(desired):
        before["entries"], after["entries"] = "outdated", "current"
    return before, after


def _lacking(kind: Kind[T], environment: str, source: Shelf, target: Shelf) -> tuple[str, Content[T]]:
    known = registers.read(kind, target, environment)
    return registers.missing(kind, environment, registers.read(kind, source, environment), known), known
