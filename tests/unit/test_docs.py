# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages: their links lead somewhere, the files they name exist, and the recipe's code uses names that exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.collection import NAMESPACE, ROOT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "roles/*/README.md", "tests/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: A path in inline code, as far as it has no placeholder.
NAMED = re.compile(r"`((?:plugins|roles|playbooks|tests|scripts|docs|changelogs|inventories|extensions)/[\w./-]+)`")
RECIPE = ROOT / "docs/add-a-module.md"
STEP = re.compile(r"^`([^`\n]+)`\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def steps() -> dict[str, str]:
    """Return the files that the recipe adds, by path."""
    return dict(STEP.findall(RECIPE.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]

    assert [target for target in targets if not leads_somewhere(page, target)] == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Return whether the file exists, and has the heading after the #."""
    name, _sign, heading = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    return path.exists() and (not heading or heading in anchors(path.read_text()))


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page):
    added = steps() if page == RECIPE else {}
    named = [name.rstrip("/") for name in NAMED.findall(page.read_text())]

    assert [name for name in named if name not in added and not (ROOT / name).exists()] == []


def test_the_playbooks_that_take_the_lock_are_listed():
    names = re.search(r"also after a failure: ([\w,\s]+)\.", (ROOT / "docs/deploy.md").read_text())
    texts = {path.stem: path.read_text() for path in (ROOT / "playbooks").glob("*.yml")}
    own = "environment_lock:"  # a lock of its own, which keeps no other playbook waiting
    locking = [name for name, text in texts.items() if "tasks_from: lock" in text and own not in text]

    assert names
    assert re.split(r",\s+", names[1]) == sorted(locking)


def test_the_recipe_is_not_left_in_the_tree():
    assert len(steps()) == 4
    assert [path for path in steps() if (ROOT / path).exists()] == []


def test_the_recipe_imports_what_exists():
    missing = [
        f"{path}: {module} has no {name}"
        for path, code in steps().items()
        for module, name in missing_names(path, code)
    ]

    assert missing == []


def missing_names(path: str, code: str) -> Iterator[tuple[str, str]]:
    """Yield module and name for each import of the collection or of the harness that is not there."""
    added = {name.removesuffix(".py").replace("/", ".") for name in steps()}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = absolute(path, node)
            own = module.startswith(("support.", "ansible_collections."))
            if own and module.removeprefix(f"ansible_collections.{NAMESPACE}.") not in added:
                found = importlib.import_module(module)
                yield from ((module, alias.name) for alias in node.names if not hasattr(found, alias.name))


def absolute(path: str, node: ast.ImportFrom) -> str:
    """Return the module's full name, of a relative import too."""
    package = [*f"ansible_collections.{NAMESPACE}".split("."), *Path(path).with_suffix("").parts]
    return ".".join([*package[: -node.level], node.module or ""]) if node.level else node.module or ""
