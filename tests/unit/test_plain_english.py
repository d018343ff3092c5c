# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain English: words and phrases that the project does not use, in what operators and contributors read.

The glossary in docs/architecture.md says which word to use. Docstrings, comments, messages, documentation
blocks, task names and pages are read; names of variables are not.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.collection import ROOT

#: Each phrase, a regular expression, and what to write instead.
BANNED = {
    r"whoever|whomever": "name the person or the program",
    r"lest": "so that … not",
    r"(?:is|are|was|were) (?-i:none)": "there is no …, or is not a …",
    r"of before": "previous, earlier",
    r"ma[dk]es? up": "generate",
    r"ill": "unhealthy",
    r"damaged?": "corrupt",
    r"proven|unproven": "verified",
    r"throw-away": "throwaway container, side database",
    r"scratch": "side database",
    r"told": "reported, given",
    r"as (?:it|they) (?:was|were)": "unchanged",
    r"halfway": "interrupted",
    r"moments?": "timestamp, consistent snapshot, time",
    r"wanted": "desired",
    r"somebody|nobody": "name the user, the process or the run",
    r"(?:br[io]\w+|g\w+|went|way) back": "roll back, restore",
    r"shall": "must, or the present tense",
    r"(?-i:[Ww]here) (?:it|they|there|no|not|none|nothing|that|this|one|neither|its|the other)": "if, when",
}
PHRASES = re.compile(rf"\b(?:{'|'.join(f'(?:{phrase})' for phrase in BANNED)})\b", re.IGNORECASE)
#: Jinja, inline code, names of options and files, and addresses are not prose.
NOT_PROSE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|``?[^`\n]*``?|\w*_\w+|\b\w+=\S+|https?://\S+|[VOCR]\([^)]*\)", re.DOTALL)
#: Python on a page is checked where it is a file of the tree, or by ruff.
PYTHON_BLOCK = re.compile(r"^```python\n.*?^```", re.DOTALL | re.MULTILINE)
FOLDERS = ("plugins", "roles", "playbooks", "inventories", "docs", "changelogs/fragments", "tests/support")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
    "MAINTAINERS",
    "galaxy.yml",
    "meta/runtime.yml",
    "tests/README.md",
)


def read_files() -> list[Path]:
    """Return the files whose prose is checked."""
    found = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".md", ".rst")
    ]
    return [path for path in [*found, *(ROOT / page for page in PAGES)] if "/files/" not in str(path)]


def test_no_banned_phrase_is_used():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]!r} in {' '.join(text.split())[:90]!r}"
        for path in read_files()
        for line, text in prose(path)
        for match in PHRASES.finditer(NOT_PROSE.sub(" ", text))
    ]

    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Whoever reads this",
        "the releases of before",
        "A secret that is made up",
        "None where there is no container",
        "the service is ill",
    ],
)
def test_a_banned_phrase_is_found(sentence):
    assert PHRASES.search(sentence)


@pytest.mark.parametrize("sentence", ["{{ wanted }}", "``wanted`` is a list", "the will of the user", "users_wanted"])
def test_names_and_other_words_are_not_prose(sentence):
    assert not PHRASES.search(NOT_PROSE.sub(" ", sentence))


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each text that a person reads, with the line it begins at."""
    source = path.read_text()
    if path.suffix == ".py":
        yield from of_python(source)
    else:
        without_code = PYTHON_BLOCK.sub(lambda block: "\n" * block[0].count("\n"), source)
        yield from enumerate(without_code.splitlines(), start=1)


def of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments, docstrings and texts of more than one word. Formatted values of a text are left out."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            for number, line in enumerate(node.value.splitlines()):
                yield node.lineno + number, line
