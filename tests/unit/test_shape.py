# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one shape of modules: short declarations, every attribute set in its constructor, ``plan`` called once."""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

from support.collection import ROOT, module_names

MODULE_LINES = 150
MEDIAN_MODULE_LINES = 80


def test_modules_are_short():
    lengths = {name: code_lines(ROOT / f"plugins/modules/{name}.py") for name in module_names()}

    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_MODULE_LINES


def test_every_attribute_is_set_in_the_constructor():
    found = [
        f"{path.relative_to(ROOT)}: {name}.{attribute}"
        for path in plugins()
        for name, attribute in late_attributes(ast.parse(path.read_text()))
    ]

    assert found == []


def test_nothing_plans_again():
    # A plan that calls itself, or an apply that plans, hides which state the plan is of.
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in plugins()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.plan"
    ]

    assert found == []


def plugins() -> list[Path]:
    return list((ROOT / "plugins").rglob("*.py"))


def late_attributes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield class and attribute for each one that a method other than the constructor sets first."""
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        known = {
            ast.unparse(node.target) for node in cls.body if isinstance(node, ast.AnnAssign) and has_value(cls, node)
        }
        known |= {ast.unparse(target) for node in cls.body if isinstance(node, ast.Assign) for target in node.targets}
        methods = [node for node in cls.body if isinstance(node, ast.FunctionDef)]
        for method in methods:
            if method.name in ("__init__", "__post_init__"):
                known |= set(assigned(method))
        for method in methods:
            yield from (
                (cls.name, name) for name in assigned(method) if name not in known and not is_property(cls, name)
            )


def has_value(cls: ast.ClassDef, node: ast.AnnAssign) -> bool:
    """Return whether the constructor sets it: a dataclass sets all its fields, another class those with a value."""
    return node.value is not None or any("dataclass" in ast.unparse(mark) for mark in cls.decorator_list)


def assigned(method: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


def is_property(cls: ast.ClassDef, name: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in cls.body)


def code_lines(path: Path) -> int:
    """Count the lines that hold code: no documentation, docstring, comment or blank line."""
    source = path.read_text()
    texts = {
        line
        for node in ast.walk(ast.parse(source))
        if (
            isinstance(node, (ast.Expr, ast.Assign))
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            and "\n" in node.value.value
        )
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    blank = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {line for token in tokens if token.type not in blank for line in range(token.start[0], token.end[0] + 1)}
    return len(code - texts)
