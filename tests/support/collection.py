# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checkout contains, read for the tests that hold it to its own rules."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from ansible.module_utils import basic

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "convosphere.platform"


class _Captured(Exception):
    """Carries an argument spec out of a module that is about to read its arguments."""


def plugin_names(folder: str) -> list[str]:
    """Return the plugins in one folder of plugins/, without namespace."""
    return sorted(path.stem for path in (ROOT / "plugins" / folder).glob("*.py") if path.stem != "__init__")


def module_names() -> list[str]:
    """Return the modules of the collection, without namespace."""
    return plugin_names("modules")


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below some folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def yaml_files(*folders: str) -> list[Path]:
    """Return the YAML files below some folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".yml", ".yaml"))


def role_names() -> list[str]:
    """Return the roles of the collection, without namespace."""
    return sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())


def playbooks() -> list[Path]:
    """Return the playbooks of the collection."""
    return sorted((ROOT / "playbooks").glob("*.yml"))


def load_yaml(path: Path) -> Any:
    """Return the one document of a YAML file; None without the file."""
    return yaml.safe_load(path.read_text()) if path.exists() else None


def role_variables(role: str) -> dict[str, Any]:
    """Return what the files in the directory vars/main of a role say, in one dictionary."""
    files = sorted((ROOT / f"roles/{role}/vars/main").glob("*.yml"))
    return {name: value for path in files for name, value in load_yaml(path).items()}


def argument_spec(module: str) -> dict[str, Any]:
    """Return the argument spec that a module gives to Ansible, taken from the module itself."""

    def capture(_self: object, argument_spec: dict[str, Any], *_args: Any, **_kwargs: Any) -> None:
        raise _Captured(argument_spec)

    main = importlib.import_module(f"ansible_collections.{NAMESPACE}.plugins.modules.{module}").main
    with patch.object(basic.AnsibleModule, "__init__", capture):
        try:
            main()
        except _Captured as captured:
            return dict(captured.args[0])
    raise AssertionError(f"{module}: main() made no AnsibleModule")


@cache
def rendered_docs(kind: str = "module") -> dict[str, dict[str, Any]]:
    """Return what ansible-doc makes of plugins of one kind, or of roles, doc fragments included.

    For plugins {name: {"doc", "examples", "return"}}, for roles {name: {"entry_points", …}}.
    """
    short_names = role_names() if kind == "role" else plugin_names("modules" if kind == "module" else kind)
    names = [f"{NAMESPACE}.{name}" for name in short_names]
    if not names:
        return {}
    command = ["ansible-doc", "--json", "--type", kind, *names]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name.rpartition(".")[2]: docs for name, docs in json.loads(output).items()}


def walk_tasks(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping below a YAML node that may be a task: those in lists of plays, tasks, blocks and handlers."""
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict):
                yield item
                for section in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"):
                    yield from walk_tasks(item.get(section))


def with_aliases(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return an argument spec in which each option is also found under its aliases."""
    return {name: declared for option, declared in spec.items() for name in (option, *declared.get("aliases", ()))}


def secret_values(spec: Mapping[str, Any], options: Mapping[str, Any]) -> set[str]:
    """Return the values in `options` that `spec` declares secret, at any depth."""
    found: set[str] = set()
    declarations = with_aliases(spec)
    for name, value in options.items():
        declared = declarations.get(name, {})
        if declared.get("no_log") and value:
            found |= {str(item) for item in (value.values() if isinstance(value, dict) else [value])}
        elif declared.get("options"):
            for item in value if isinstance(value, list) else [value]:
                found |= secret_values(declared["options"], item)
    return found
