# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read YAML with the source text of its scalars, from the parser's events.

This keeps what a loader loses (`00123`, `1.10`, a key that is given twice), needs no tree of nodes, which takes a
hundred times the memory of the text, and is several times as fast.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .._core.errors import InputError
from .unquoted_scalars import DEPTH, Written

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = {f"{_TAG}{name}" for name in ("int", "float", "bool", "null", "timestamp")}
_TEXT_TAGS = {f"{_TAG}str", "!"}
_MERGE = "<<"
_QUOTE_ANCHOR = "no alias uses the anchor: a text that begins with & must be quoted"


class Problem(Exception):
    """The text is invalid; ``line`` is counted from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class _Open:
    """A list or object that is not complete yet. ``key`` is that of the next value."""

    __slots__ = ("anchor", "items", "key", "keyed", "line", "merged")

    def __init__(self, items: Any, anchor: str | None, line: int) -> None:
        self.items = items
        self.anchor = anchor
        self.line = line
        self.key: Any = None
        self.keyed = False
        self.merged: list[Any] = []


class _Builder:
    """Build the one document of a stream of events."""

    def __init__(self, yaml: Any, text: str) -> None:
        self.yaml = yaml
        self.parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        self.resolvers: dict[str, Any] = yaml.SafeLoader.yaml_implicit_resolvers
        self.stack: list[_Open] = []
        self.anchors: dict[str, Any] = {}
        # The lines of anchors before scalars without quotes, until an alias uses them.
        self.unused: dict[str, int] = {}
        self.documents = 0
        self.result: Any = None

    def build(self) -> Any:
        """Return the document's content."""
        yaml = self.yaml
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._open(event, {}, "map"),
            yaml.SequenceStartEvent: lambda event: self._open(event, [], "seq"),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        check, get = self.parser.check_event, self.parser.get_event
        while check():
            event = get()
            handler = handlers.get(type(event))
            if handler:
                handler(event)
        if self.unused:
            raise Problem(_QUOTE_ANCHOR, min(self.unused.values()))
        return self.result

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise Problem("a second document begins, and only one is read", _line(event))

    def _scalar(self, event: Any) -> None:
        text, tag = event.value, event.tag
        if tag is not None and tag not in _TEXT_TAGS:
            if tag not in _SCALAR_TAGS:
                raise Problem(_problem_of_tag(tag), _line(event))
            value: Any = Written(text)
        elif tag is not None or not event.implicit[0]:
            value = text
        else:
            value = self._plain(text, event)
        if event.anchor:
            self.anchors[event.anchor] = value
        self._add(value, event)

    def _plain(self, text: str, event: Any) -> Any:
        """Return a scalar without quotes: None, a text, or a Written for one that YAML does not read as text."""
        if event.anchor:
            self.unused.setdefault(event.anchor, _line(event))
        if text in ("", "~", "null"):
            return None
        resolvers = self.resolvers.get(text[0])
        if resolvers and any(pattern.match(text) for _tag, pattern in resolvers):
            return Written(text)
        return text

    def _open(self, event: Any, items: Any, kind: str) -> None:
        if event.tag not in (None, "!", f"{_TAG}{kind}"):
            raise Problem(_problem_of_tag(event.tag), _line(event))
        if len(self.stack) >= DEPTH:
            raise Problem(f"it is nested more than {DEPTH} levels deep", _line(event))
        self.stack.append(_Open(items, event.anchor, _line(event)))

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        for other in done.merged:
            for key, value in other.items():
                done.items.setdefault(key, value)
        if done.anchor:
            self.anchors[done.anchor] = done.items
        self._add(done.items, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            # The name may be a password that should have stood in quotes.
            raise Problem("an alias has no anchor before it: a text that begins with * must be quoted", _line(event))
        self.unused.pop(event.anchor, None)
        self._add(self.anchors[event.anchor], event)

    def _add(self, value: Any, event: Any) -> None:
        if not self.stack:
            self.result = value
            return
        top = self.stack[-1]
        if isinstance(top.items, list):
            top.items.append(value)
        elif top.keyed:
            top.keyed = False
            if top.key is _MERGE:
                self._merge(top, value, event)
            else:
                top.items[top.key] = value
        else:
            self._key(top, value, event)

    def _key(self, top: _Open, value: Any, event: Any) -> None:
        if not isinstance(value, str):
            raise Problem("a key must be a text", _line(event))
        top.keyed = True
        if isinstance(value, Written) and value == _MERGE:
            top.key = _MERGE
            return
        top.key = sys.intern(str(value))
        if top.key in top.items:
            raise Problem(f"the key '{top.key}' is given twice", _line(event))
        top.items[top.key] = None

    def _merge(self, top: _Open, value: Any, event: Any) -> None:
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in found):
            raise Problem("<< takes an object, or a list of them", _line(event))
        top.merged += found


def parse(text: str, shown: str) -> Any:
    """Return the content of a YAML text: lists, dictionaries, texts, None and Written. ``shown`` is the file's name.

    Raises InputError, without quoting the file: a word of it may be a password without its quotes.
    """
    try:
        import yaml
    except ImportError as error:
        raise InputError(
            f"Cannot read {shown}: {missing_required_lib('PyYAML')}",
            hint="Install it (Debian: python3-yaml), or give the list as JSON or CSV.",
        ) from error
    try:
        return _Builder(yaml, text).build()
    except Problem as error:
        raise InputError(f"{shown}, line {error.line}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        # The parser may quote a part of a password that should be in quotes.
        problem = re.sub(r"'.*'", "(a word)", str(getattr(error, "problem", "")), flags=re.DOTALL)
        problem = problem or str(getattr(error, "reason", ""))
        raise InputError(f"{shown}{where} is not valid YAML: {problem}") from error


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _problem_of_tag(tag: str) -> str:
    if tag == "!vault":
        return "a single value is encrypted with Ansible Vault, and only whole files can be decrypted"
    # The tag may be a password that should be in quotes.
    return "a text that begins with ! must be quoted"
