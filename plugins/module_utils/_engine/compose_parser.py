# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the services that Compose files define, without running Compose, which takes several times as long.

Files with features that are not read here, such as include and extends, are read by Compose. An integration test
compares the services with those of Compose for every feature.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .._core.errors import EngineError, InputError
from . import compose_cli

# The file names that Compose looks for by itself, in its order, and those of the one file that it merges over it.
FILE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)

STARTED = "service_started"
#: Settings by which a service depends on another one without depends_on, as ``service:NAME``.
_SHARED = ("network_mode", "ipc", "pid")


@dataclass(frozen=True)
class Defined:
    """One service of the files: ``{other service: condition}`` on which it depends, and whether it has a profile."""

    depends_on: Mapping[str, str]
    on_demand: bool


@dataclass(frozen=True)
class _Instead:
    """A value that replaces the one of the previous file instead of being merged: Compose's tags reset and override."""

    value: Any


class _Unsupported(Exception):
    """The files have a feature that only Compose reads."""


def find(directory: Path) -> Path | None:
    """Return the Compose file of a directory, if there is one that can be read."""
    # os.access, because a directory without permission to enter it is not an error: the engine has enough information.
    return next((directory / name for name in FILE_NAMES if os.access(directory / name, os.R_OK)), None)


def defined(directory: Path) -> dict[str, Defined]:
    """Return the services that Compose finds in a directory. Raises InputError, and EngineError without PyYAML."""
    file = find(directory)
    if file is None:
        raise InputError(
            f"There is no compose.yaml in {directory}, or no permission to read it",
            hint="Give the directory of the environment on the managed host as project_src.",
        )
    override = next((directory / name for name in OVERRIDE_NAMES if (directory / name).is_file()), None)
    try:
        merged: Any = {}
        for path in filter(None, (file, override)):
            merged = _merged(merged, _services(path, required=path == file))
    except _Unsupported:
        merged = {name: _described(entry) for name, entry in compose_cli.services_in(directory).items()}
    return {name: _defined(entry) for name, entry in merged.items() if entry}


def parse(text: str) -> dict[str, Any] | None:
    """Return the services of a Compose file as they are written; None if it has no services.

    Raises ImportError without PyYAML, and ValueError or TypeError if it is not a Compose file.
    """
    services = dict(_load(text) or {}).get("services")
    return None if services is None else dict(services)


def _load(text: str) -> Any:
    # PyYAML comes with Ansible on the controller, but an empty host may lack it: imported only here.
    import yaml

    # The parser in C, if PyYAML was built with it, is several times as fast.
    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_constructor("!reset", lambda _loader, _node: _Instead(None))
    loader.add_constructor("!override", _construct_override)
    try:
        # The parser does not accept Ansible's own kind of text, which filters get.
        return yaml.load(f"{text}", loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _construct_override(loader: Any, node: Any) -> _Instead:
    construct = {"mapping": loader.construct_mapping, "sequence": loader.construct_sequence}.get(node.id)
    return _Instead(construct(node, deep=True) if construct else loader.construct_scalar(node))


def _services(path: Path, *, required: bool) -> dict[str, Any]:
    """Return the services of one file in the form in which they can be merged."""
    try:
        content = dict(_load(path.read_text(encoding="utf-8")) or {})
        services = content.get("services")
        if "include" in content or isinstance(services, _Instead):
            raise _Unsupported
        if services is None and required:
            raise ValueError("the file has no services")
        return {_name(name): _described(entry) for name, entry in dict(services or {}).items()}
    except ImportError as error:
        raise EngineError(
            missing_required_lib("PyYAML", reason="to read compose.yaml"),
            hint="Next: run the playbook setup.yml for this environment, which installs it (Debian: python3-yaml).",
        ) from error
    except (OSError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"Cannot read the services in {path}: {error}") from error


def _described(entry: Any) -> Any:
    """Return the values of a service that matter here, in the form in which they can be merged."""
    if isinstance(entry, _Instead):
        return entry if entry.value is None else _Instead(_described(entry.value))
    if "extends" in entry:
        raise _Unsupported
    described = {"depends_on": _value(entry.get("depends_on"), _conditions)}
    for key in ("profiles", "links", "volumes_from"):
        described[key] = _value(entry.get(key), _names)
    for key in _SHARED:
        described[key] = _value(entry.get(key), _name)
    return described


def _value(value: Any, describe: Callable[[Any], Any]) -> Any:
    if isinstance(value, _Instead):
        return _Instead(None if value.value is None else describe(value.value))
    return None if value is None else describe(value)


def _conditions(needed: Any) -> dict[str, str]:
    if isinstance(needed, list):
        return dict.fromkeys(map(_name, needed), STARTED)
    if any(isinstance(options, _Instead) for options in needed.values()):
        raise _Unsupported
    return {_name(name): (options or {}).get("condition", STARTED) for name, options in needed.items()}


def _names(values: Any) -> dict[str, bool]:
    """Return a list as a dictionary: Compose merges it with the list of the previous file."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return {_name(value): True for value in values}


def _name(value: Any) -> str:
    if not isinstance(value, str) or "$" in value:  # Compose has its own rules for these
        raise _Unsupported
    return value


def _merged(before: Any, after: Any) -> Any:
    """Return ``after`` merged over ``before``, as Compose merges its files."""
    if isinstance(after, _Instead):
        return _merged(None, after.value)
    if isinstance(after, dict):
        before = before if isinstance(before, dict) else {}
        return {**before, **{name: _merged(before.get(name), value) for name, value in after.items()}}
    return before if after is None else after


def _defined(entry: Mapping[str, Any]) -> Defined:
    shared = [(entry[key] or "").partition("service:")[2] for key in _SHARED]
    links = [link.partition(":")[0] for link in entry["links"] or ()]
    sources = [source.partition(":")[0] for source in entry["volumes_from"] or () if source[:10] != "container:"]
    implied = dict.fromkeys(filter(None, (*links, *sources, *shared)), STARTED)
    return Defined({**implied, **(entry["depends_on"] or {})}, bool(entry["profiles"]))
