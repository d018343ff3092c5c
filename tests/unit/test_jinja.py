# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logic is Python: what Jinja may do in roles and playbooks.

Measured are the texts in YAML files of roles/ and playbooks/, as YAML reads them, and the templates of roles:

- No statement, ``{% … %}``, in YAML. A role's variables hold data, and a filter or a module computes.
- No expression over 120 characters, in YAML or in a template. Whitespace is collapsed, and the braces count. The values
  of ``when``, ``that``, ``until``, ``loop``, ``changed_when`` and ``failed_when`` are expressions without braces.
- A template may branch, loop and repeat a text by a macro, but not compute: no ``{% set … %}``, and no statement over
  120 characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from support.collection import ROOT, yaml_files

LONGEST = 120
#: Keywords of a task whose value is an expression without braces.
CONDITIONS = {"when", "that", "until", "loop", "changed_when", "failed_when"}
LEXER = jinja2.Environment()
#: Still to be moved to Python.
PENDING: tuple[str, ...] = ()


def test_no_statement_stands_in_yaml():
    found = [f"{name}: {text[:60]}" for name, text in texts_of_yaml() if "block_begin" in kinds(text)]

    assert found == []


def test_no_expression_is_long():
    listed = [*texts_of_yaml(), *texts_of_templates()]
    found = [f"{name}: {len(each)}: {each[:60]}" for name, text in listed for each in long_expressions(text)]
    found += [f"{name}: {len(each)}: {each[:60]}" for name, each in conditions_of_yaml() if len(each) > LONGEST]

    assert found == []


def test_no_template_computes():
    found = [f"{name}: {word}" for name, text in texts_of_templates() for word in statements(text) if word == "set"]

    assert found == []


def test_the_law_reads_what_it_is_about():
    assert len(list(texts_of_yaml())) > 100


@pytest.mark.parametrize("text", ["{% if a %}b{% endif %}", "a\n{%- for b in c -%}\n{{ b }}{%- endfor -%}"])
def test_a_statement_is_found(text):
    assert "block_begin" in kinds(text)


def test_an_expression_is_measured_from_brace_to_brace_with_single_spaces():
    fits = "{{ {'a': {'b': '" + "c" * 98 + "'}} }}"
    longer = fits.replace("c'", "cc'")

    assert len(fits) == LONGEST
    assert long_expressions("d {{ e }} " + fits.replace(" {'b'", "\n   {'b'")) == []
    assert long_expressions(f"{longer}\n") == [longer]
    assert long_expressions("{% if " + "a" * 120 + " %}b{% endif %}") == ["{% if " + "a" * 120 + " %}"]


def texts_of_yaml() -> Iterator[tuple[str, str]]:
    """Yield file and text for every text in YAML."""
    for name, document in documents():
        for _key, text in scalars(document):
            yield name, text


def conditions_of_yaml() -> Iterator[tuple[str, str]]:
    """Yield file and expression for every condition of a task."""
    for name, document in documents():
        for key, text in scalars(document):
            if key in CONDITIONS and "{{" not in text:
                yield name, " ".join(text.split())


def texts_of_templates() -> Iterator[tuple[str, str]]:
    """Yield file and text for every template."""
    for path in sorted(ROOT.glob("roles/*/templates/**/*.j2")):
        if not short(path).startswith(PENDING):
            yield short(path), path.read_text()


def documents() -> Iterator[tuple[str, Any]]:
    """Yield name and content of each YAML file that a run reads."""
    for path in yaml_files("roles", "playbooks"):
        if not {"files", "meta"} & set(path.relative_to(ROOT).parts) and not short(path).startswith(PENDING):
            yield short(path), yaml.safe_load(path.read_text())


def scalars(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text below a YAML node, with the key that it is the value of or in the list of."""
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from scalars(value, str(name))
    elif isinstance(node, list):
        for item in node:
            yield from scalars(item, key)


def kinds(text: str) -> set[str]:
    """Return the kinds of token in a text."""
    return {kind for _line, kind, _value in LEXER.lex(text)}


def statements(text: str) -> list[str]:
    """Return the first word of each statement."""
    tokens = [(kind, value) for _line, kind, value in LEXER.lex(text) if kind != "whitespace"]
    return [after[1] for token, after in pairwise(tokens) if token[0] == "block_begin"]


def long_expressions(text: str) -> list[str]:
    """Return the expressions and statements that are too long, with their braces."""
    found: list[str] = []
    for _line, kind, value in LEXER.lex(text):
        if kind in ("variable_begin", "block_begin"):
            found.append("")
        if found and not found[-1].endswith("\0"):
            found[-1] += value + ("\0" if kind in ("variable_end", "block_end") else "")
    collapsed = [" ".join(each.rstrip("\0").split()) for each in found]
    return [each for each in collapsed if len(each) > LONGEST]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))
