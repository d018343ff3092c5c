# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a content file: one YAML document with the content of an environment. All problems are reported together.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import printable, quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._entities import list_yaml, unquoted_scalars
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._entities.unquoted_scalars import Written
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import (
    BY_NAME,
    FROM_ENV,
    FROM_FILE,
    LONG_TEXTS,
    SECTIONS,
    Section,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import suggest

#: In the place of a secret that a file has, which may be encrypted as a whole: Ansible shows what was read with -v.
HIDDEN = "********"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: The options of an entry, as an argument spec declares them.
Options = Mapping[str, Any]


@dataclass
class ContentReader:
    """Read content files. ``environ`` are the environment variables.

    ``text_of`` returns the text of a file beside the content file, and ``path_of`` its path; both raise InputError.
    ``specs`` are the options of an entry by section; the options of a section that is not in it are not checked.
    Without ``secrets`` values from the environment stay references, and only their presence is checked; a secret that
    the file itself has is HIDDEN.
    """

    text_of: Callable[[str], str]
    environ: Mapping[str, str]
    specs: Mapping[str, Options] = field(default_factory=dict)
    secrets: bool = False
    path_of: Callable[[str], str] = str
    problems: Problems = field(default_factory=Problems)

    def read(self, text: str, shown: str) -> dict[str, Any]:
        """Return the sections that the file has, in the order of their application. Raises InputError.

        ``shown`` is the file's name for messages. No message has a value from the environment.
        """
        given = list_yaml.parse(text, shown)
        if not isinstance(given, Mapping):
            raise InputError(
                f"Cannot read {shown}: it must be a dictionary of sections, not {_kind(given)}",
                hint=f"Allowed: {', '.join(BY_NAME)}. Nothing was changed.",
            )
        for name in given:
            if name not in BY_NAME:
                self.problems.add(name, _unknown(name, BY_NAME, "section"))
        found = {each.name: self._section(each, given[each.name]) for each in SECTIONS if each.name in given}
        if self.problems:
            raise InputError.of(
                [f"{shown}: {problem}" for problem in self.problems],
                hint="Nothing was changed. Next: correct the file, and run the playbook again.",
            )
        return found

    def _section(self, section: Section, given: Any) -> Any:
        if section.single:
            if isinstance(given, Mapping):
                return self._entry(section, section.name, given)
            self.problems.add(section.name, f"must be a dictionary of options, not {_kind(given)}")
            return None
        if not isinstance(given, list):
            advice = ". Write [] for an empty list, or remove the section" if given is None else ""
            self.problems.add(section.name, f"must be a list, not {_kind(given)}{advice}")
            return None
        return self._entries(section, given)

    def _entries(self, section: Section, given: list[Any]) -> list[Any]:
        seen: dict[tuple[str, ...], str] = {}
        found = []
        for index, entry in enumerate(given):
            place = f"{section.name}[{index}]"
            if not isinstance(entry, Mapping):
                self.problems.add(place, f"must be a dictionary of options, not {_kind(entry)}")
                continue
            first = entry.get(section.label[0])
            name = f"{place} ({printable(first)})" if isinstance(first, str) else place
            if not isinstance(first, str) or not first:
                self.problems.add(place, f"{section.label[0]} is missing: every entry of {section.name} needs it")
            else:
                key = tuple(str(entry.get(option) or "") for option in section.label)
                if key in seen:
                    self.problems.add(name, f"is listed twice, also as {seen[key]}: remove one of them")
                seen.setdefault(key, place)
            found.append(self._entry(section, name, entry))
        return found

    def _entry(self, section: Section, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        known = self.specs.get(section.name)
        for option in entry:
            if known is not None and option not in known:
                self.problems.add(name, _unknown(option, known, "option"))
        read = ((option, self._option(section, name, option, value)) for option, value in entry.items())
        return dict(read)

    def _option(self, section: Section, name: str, option: str, value: Any) -> Any:
        kind = _reference(value)
        place = f"{name}.{option}"
        if kind and not isinstance(value[kind], str):
            self.problems.add(place, f"{kind} must be a name, not {_kind(value[kind])}")
            return None
        if kind == FROM_FILE and option in LONG_TEXTS:
            return self._found(place, self.text_of, str(value[FROM_FILE]))
        if option in section.beside and isinstance(value, str):
            return self._found(place, self.path_of, str(value))
        if kind == FROM_ENV and option in section.secrets:
            return self._from_environment(place, str(value[FROM_ENV]))
        if kind:
            self.problems.add(place, f"cannot be given with {kind}. {_allowed(kind)}")
            return None
        if option in section.on_host and not str(value).startswith("/"):
            self.problems.add(place, f"must be an absolute path on the database host, not {quoted(value)}")
        found = self._value(place, value, (self.specs.get(section.name) or {}).get(option) or {})
        hidden = option in section.secrets and found is not None and not self.secrets
        return HIDDEN if hidden else found

    def _found(self, place: str, find: Callable[[str], str], name: str) -> str | None:
        try:
            return find(name)
        except InputError as error:
            self.problems.add(place, error.message)
            return None

    def _from_environment(self, place: str, name: str) -> Any:
        if not _VARIABLE.fullmatch(name):
            self.problems.add(place, f"{quoted(name)} is not the name of an environment variable")
        elif not self.environ.get(name):
            self.problems.add(place, f"the environment variable {name} is not set where ansible-playbook runs: set it")
        return self.environ.get(name) if self.secrets else {FROM_ENV: name}

    def _value(self, place: str, value: Any, spec: Mapping[str, Any]) -> Any:
        """Return a value as its option takes it. A scalar without quotes is the text of an option that takes texts."""
        try:
            if isinstance(value, list) and spec.get("type") == "list":
                inner = {"type": spec.get("elements"), "options": spec.get("options")}
                return [self._value(f"{place}[{index}]", item, inner) for index, item in enumerate(value)]
            if isinstance(value, Mapping) and spec.get("options"):
                options = spec["options"]
                return {key: self._value(f"{place}.{key}", item, options.get(key) or {}) for key, item in value.items()}
            if isinstance(value, Written) and spec.get("type") in ("str", "path"):
                return value.text
            return unquoted_scalars.resolve(value)
        except ValueError as problem:
            self.problems.add(place, str(problem))
            return None


def _reference(value: Any) -> str | None:
    """Return the kind of reference that a value is; None for a value."""
    if isinstance(value, Mapping) and len(value) == 1:
        return next((kind for kind in (FROM_FILE, FROM_ENV) if kind in value), None)
    return None


def _allowed(kind: str) -> str:
    places = LONG_TEXTS if kind == FROM_FILE else tuple(_secret_places())
    return f"Allowed: {', '.join(places)}"


def _secret_places() -> Iterator[str]:
    yield from (f"{section.name}.{option}" for section in SECTIONS for option in section.secrets)


def _unknown(name: str, known: Mapping[str, Any], what: str) -> str:
    near = suggest(name, known)
    advice = f"Did you mean {near}?" if near else f"Allowed: {', '.join(known)}"
    return f"there is no {what} {quoted(name)}. {advice}"


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, list) else "a text or number"
