# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that Compose files define, read without Compose, which would take several times as long.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core.errors import EngineError, InputError

# The file names that Compose looks for by itself, in its order, and those of the one file that it merges over it.
FILE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)

STARTED = "service_started"


@dataclass(frozen=True)
class Defined:
    """What the files say of one service: ``{other service: condition}`` it depends on, and whether it has a profile."""

    depends_on: Mapping[str, str]
    on_demand: bool


@dataclass(frozen=True)
class _Instead:
    """A value that takes the place of the one in the file before, rather than being merged: Compose's own tags."""

    value: Any


def find(directory: Path) -> Path | None:
    """The Compose file of a directory that may be read; None where there is none."""
    # os.access, since a directory that may not be entered is no error here: the engine alone says enough.
    return next((directory / name for name in FILE_NAMES if os.access(directory / name, os.R_OK)), None)


def defined(directory: Path) -> dict[str, Defined]:
    """Each service that Compose finds in a directory by itself. Raises InputError, and EngineError without PyYAML."""
    file = find(directory)
    if file is None:
        raise InputError(
            f"There is no compose.yaml in {directory}, or it may not be read",
            hint="Give the directory of the environment on the managed host as project_src.",
        )
    override = next((directory / name for name in OVERRIDE_NAMES if (directory / name).is_file()), None)
    merged: dict[str, Any] = {}
    for path in filter(None, (file, override)):
        try:
            services = parse(path.read_text(encoding="utf-8"))
            if services is None and path == file:
                raise ValueError("there are none")
            merged = _merged(merged, {name: _described(entry) for name, entry in (services or {}).items()})
        except ImportError as error:
            raise EngineError(
                "PyYAML is missing on the host, which reads compose.yaml",
                hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-yaml).",
            ) from error
        except (OSError, AttributeError, TypeError, ValueError) as error:
            raise InputError(f"Cannot read the services in {path}: {error}") from error
    return {
        name: Defined(entry["depends_on"] or {}, bool(entry["profiles"])) for name, entry in merged.items() if entry
    }


def parse(text: str) -> dict[str, Any] | None:
    """The entries of a Compose file's services as they are written; None where it has no services.

    Raises ImportError without PyYAML, and ValueError or TypeError for what is no Compose file.
    """
    # PyYAML comes with Ansible on the controller, but on an empty host it may be missing: imported only here.
    import yaml

    # The parser in C, where PyYAML was built with it, is several times as fast.
    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_constructor("!reset", lambda _loader, _node: _Instead(None))
    loader.add_constructor("!override", _construct_override)
    try:
        # A text of Ansible's own, as filters get it, is not what the parser takes for a text.
        content = yaml.load(f"{text}", loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    services = dict(content or {}).get("services")
    return None if services is None else dict(services)


def _construct_override(loader: Any, node: Any) -> _Instead:
    construct = {"mapping": loader.construct_mapping, "sequence": loader.construct_sequence}.get(node.id)
    return _Instead(construct(node, deep=True) if construct else loader.construct_scalar(node))


def _described(entry: Any) -> Any:
    """What matters here of a service's entry, in the form in which it can be merged."""
    if isinstance(entry, _Instead):
        return entry if entry.value is None else _Instead(_described(entry.value))
    needed = entry.get("depends_on")
    if isinstance(needed, _Instead):
        needed = _Instead(_conditions(needed.value))
    else:
        needed = _conditions(needed)
    return {"depends_on": needed, "profiles": entry.get("profiles")}


def _conditions(needed: Any) -> dict[str, str]:
    if isinstance(needed, list):
        return dict.fromkeys(needed, STARTED)
    return {name: (options or {}).get("condition", STARTED) for name, options in (needed or {}).items()}


def _merged(before: Any, after: Any) -> Any:
    """``after`` merged over ``before``, as Compose merges its files."""
    if isinstance(after, _Instead):
        return _merged(None, after.value)
    if isinstance(after, dict):
        before = before if isinstance(before, dict) else {}
        return {**before, **{name: _merged(before.get(name), value) for name, value in after.items()}}
    return before if after is None else after
