# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a content file: the YAML document, and long texts as files beside it. The same content gives the same bytes.

No input or output. This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import (
    FROM_ENV,
    FROM_FILE,
    LONG_TEXTS,
    SECTIONS,
    Section,
)

#: The folder of long texts beside the content file.
TEXTS = "prompts"
#: Longer texts, and texts of several lines, are files.
LONGEST_INLINE = 200
_LONGEST_NAME = 60
#: A reader takes it at the begin of a file for a byte order mark, which is not part of the text.
_MARK = "\ufeff"
_UNSAFE = re.compile(r"[^a-z0-9]+")
Rows = Mapping[str, Any]


class Dumper(yaml.SafeDumper):
    """Write every value in full: an anchor in a content file would be a riddle."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        """Indent the items of a list below their key."""
        return super().increase_indent(flow, indentless=False)


def _text(dumper: Dumper, text: str) -> Any:
    """Return the node of a text. One with a line break of any kind is escaped: folded, it would not read the same."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if has_break(text) else None)


Dumper.add_representer(str, _text)


def write(content: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the texts of all files by their path beside the content file, which is ``name`` and comes last.

    ``content`` has the rows of each section, with names instead of ids. Empty sections are left out.
    """
    texts: dict[str, str] = {}
    document = {}
    for section in SECTIONS:
        rows = content.get(section.name)
        if rows:
            found = [rows] if section.single else sorted(rows, key=lambda row: _label(section, row))
            written = _section(section, found, texts)
            document[section.name] = written[0] if section.single else written
    return {**dict(sorted(texts.items())), name: dump(document)}


def dump(document: Mapping[str, Any]) -> str:
    """Return a YAML document."""
    text = yaml.dump(
        dict(document), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=2**31, default_flow_style=False
    )
    return f"---\n{text}"


def _section(section: Section, rows: list[Rows], texts: dict[str, str]) -> list[dict[str, Any]]:
    names = slugs([_label(section, row) for row in rows])
    variables = secret_names(section, rows)
    return [_entry(section, row, slug, texts, variable) for row, slug, variable in zip(rows, names, variables)]


def _entry(section: Section, row: Rows, slug: str, texts: dict[str, str], variable: str) -> dict[str, Any]:
    """Return one entry, the options of its label first; add its long texts to ``texts``.

    ``variable`` is the environment variable of its secret.
    """
    first = [option for option in section.label if row.get(option) is not None]
    entry: dict[str, Any] = {}
    for option in [*first, *(option for option in row if option not in first)]:
        value = row[option]
        if option in section.secrets:
            entry[option] = {FROM_ENV: variable}
        elif option in LONG_TEXTS and isinstance(value, str) and is_long(value) and not value.startswith(_MARK):
            path = f"{TEXTS}/{section.name}/{slug}.{option}.md"
            texts[path] = f"{value}\n"
            entry[option] = {FROM_FILE: path}
        else:
            entry[option] = _ordered(value)
    return entry


def is_long(text: str) -> bool:
    """Return whether a text is written as a file."""
    return len(text) > LONGEST_INLINE or has_break(text)


def has_break(text: str) -> bool:
    """Return whether a text has a line break of any kind, also at its end."""
    return bool(text) and text.splitlines() != [text]


def secret_names(section: Section, rows: Sequence[Rows]) -> list[str]:
    """Return the environment variable that an export names for the secret of each entry: another one for each."""
    if not section.secrets:
        return [""] * len(rows)
    labels = [str(row[section.label[0]]) for row in rows]
    words = [_UNSAFE.sub("_", label.lower()).strip("_") for label in labels]
    uses = Counter(words)
    unique = [word if uses[word] == 1 else f"{word}_{_checksum((label,))}" for word, label in zip(words, labels)]
    return [f"{section.name}_{word}".upper() for word in unique]


def _ordered(value: Any) -> Any:
    """Return a value with the keys of its dictionaries sorted: the database may keep another order."""
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    return value


def _label(section: Section, row: Rows) -> tuple[str, ...]:
    return tuple(str(row.get(option) or "") for option in section.label)


def slugs(labels: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a name for the files of each entry; equal ones get a part of the label's checksum, or a number too."""
    found = [(label, _slug(label)) for label in labels]
    uses = Counter(slug for _label, slug in found)
    names = [slug if slug and uses[slug] == 1 else f"{slug}-{_checksum(label)}".lstrip("-") for label, slug in found]
    numbers: Counter[str] = Counter()
    unique = []
    for slug in names:
        numbers[slug] += 1
        unique.append(slug if numbers[slug] == 1 else f"{slug}-{numbers[slug]}")
    return unique


def _slug(label: tuple[str, ...]) -> str:
    parts = [_UNSAFE.sub("-", _plain(part)).strip("-")[:_LONGEST_NAME] for part in label if part]
    return ".".join(part for part in parts if part)


def _plain(text: str) -> str:
    """Return a text in lower case, without the marks of its letters."""
    return unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()


def _checksum(label: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(label).encode()).hexdigest()[:8]
