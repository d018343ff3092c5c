# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layering of ``plugins/module_utils``: each wing importing only from itself and from wings below."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.collection import ROOT

UTILITIES = ROOT / "plugins/module_utils"
PACKAGE = "ansible_collections.convosphere.platform.plugins.module_utils"
#: From the lowest to the highest: a wing may import from those to its left.
WINGS = (
    "_core",
    "_host",
    "_engine",
    "_postgres",
    "_app",
    "_stack",
    "_entities",
    "_users",
    "_content",
    "_conversations",
    "_people",
    "_backup",
    "_restore",
    "_migration",
    "_operations",
)


def test_every_utility_lies_in_a_wing():
    assert sorted(path.name for path in UTILITIES.glob("*.py")) == []
    assert {name[0] for name in utilities()} == set(WINGS)


def test_a_wing_imports_only_from_itself_and_from_wings_below():
    upward = [
        f"{'/'.join(name)} imports {'/'.join(other)}"
        for name in utilities()
        for other in imports(name)
        if WINGS.index(other[0]) > WINGS.index(name[0])
    ]

    assert upward == []


def test_no_utility_imports_itself_through_others():
    assert ["/".join(name) for name in utilities() if name in reachable(name)] == []


def test_imports_between_utilities_are_relative():
    absolute = [
        "/".join(name)
        for name in utilities()
        for node in import_statements(name)
        if node.module and node.module.startswith(PACKAGE)
    ]

    assert absolute == []


def test_unit_tests_mirror_the_wings():
    # A test lies beside its utility's path, or covers a part of it: test_module_lists is of module.
    tests = ROOT / "tests/unit/plugins/module_utils"
    found = [path.relative_to(tests) for path in tests.rglob("test_*.py")]
    stray = [
        str(path)
        for path in found
        if not any(path.stem.startswith(f"test_{name[-1]}") for name in utilities() if name[:-1] == path.parent.parts)
    ]

    assert found
    assert stray == []


@cache
def utilities() -> tuple[tuple[str, ...], ...]:
    """Return each utility as the parts of its path: ``("_backup", "targets", "s3")``."""
    return tuple(sorted(path.relative_to(UTILITIES).with_suffix("").parts for path in UTILITIES.rglob("*.py")))


@cache
def imports(name: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Return the utilities that one of them imports."""
    return frozenset(target for node in import_statements(name) if node.level for target in targets(name, node))


def import_statements(name: tuple[str, ...]) -> Iterator[ast.ImportFrom]:
    tree = ast.parse(UTILITIES.joinpath(*name).with_suffix(".py").read_text())
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))


def targets(name: tuple[str, ...], node: ast.ImportFrom) -> Iterator[tuple[str, ...]]:
    package = name[: len(name) - node.level] + tuple((node.module or "").split(".") if node.module else ())
    if package in utilities():
        yield package
    else:
        for alias in node.names:
            assert (*package, alias.name) in utilities(), f"{Path(*name)} imports {alias.name} of {package}"
            yield (*package, alias.name)


def reachable(name: tuple[str, ...]) -> set[tuple[str, ...]]:
    seen: set[tuple[str, ...]] = set()
    waiting = [name]
    while waiting:
        for target in imports(waiting.pop()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen
