# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check and convert the extra variables of a run, the only place that parameters are read from.

Ansible reads them from the command line and from files given with ``-e @file``; AWX gives such a file with what its
template, survey and launch contain. No inventory, no file of variables beside it and no fact can add to them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.vars import load_extra_vars
from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import (
    PARAMETERS,
    find_parameter,
    parameters_of,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import suggest

ROLES = Path(__file__).resolve().parents[2] / "roles"
#: Ansible's own connection variables, and those that AWX adds to every job.
FOREIGN_PREFIXES = ("ansible_", "awx_", "tower_")
#: Where Ansible puts words of -e that have no "=".
RAW = "_raw_params"


class ParameterError(Exception):
    """A parameter has a value of the wrong type, or one that is not allowed. The message is a sentence for people."""


def given_in_run(loader: Any) -> dict[str, Any]:
    """Return the extra variables of this run, by name, not converted and not templated."""
    return _rejoined({str(name): value for name, value in load_extra_vars(loader).items()})


def _rejoined(given: dict[str, Any]) -> dict[str, Any]:
    """Join an object in JSON that Ansible has split: ``-e 'set={"A": "b"}'`` ends for it at the first space."""
    for name in (item.name for item in PARAMETERS if item.type == "dict"):
        text, rest = given.get(name), given.get(RAW)
        if isinstance(text, str) and isinstance(rest, str) and text.startswith("{"):
            try:
                whole = json.loads(f"{text} {rest}")
            except (ValueError, RecursionError):
                continue
            return {**{key: value for key, value in given.items() if key != RAW}, name: whole}
    return given


def convert(parameter: Parameter, value: Any) -> Any:
    """Return the value in its parameter's type, str, bool, int, list of str or dict; raise ParameterError otherwise."""
    if value is None and parameter.default is not None:
        if parameter.type == "dict":
            return dict(parameter.default)
        return list(parameter.default) if parameter.type == "list" else parameter.default
    if value is None and parameter.verbs:
        raise ParameterError(
            f"The parameter {parameter.name} is required, for example -e {parameter.example}. Allowed:"
            f" {allowed(parameter)}."
        )
    found = _CONVERTERS[parameter.type](parameter, value)
    items = found if isinstance(found, list) else [found]
    wrong = [item for item in items if parameter.choices and item not in parameter.choices]
    if wrong:
        raise _refused(parameter, wrong[0])
    return found


def find_problems(
    given: Mapping[str, Any], verb: str, is_template: Callable[[Any], bool] = lambda _value: False
) -> list[str]:
    """Return what is wrong with the extra variables of a run of one playbook, a sentence each.

    A value that is a template is converted, and refused, only when it is read: before that there is no host to
    template it for.
    """
    problems = []
    if RAW in given:
        shown = quoted(str(given[RAW]))
        problems.append(f"-e {shown} has no name and value. Write -e name=value, without spaces around the '='.")
    for parameter in parameters_of(verb):
        value = given.get(parameter.name)
        if parameter.narrows and parameter.name in given and value is None:
            problems.append(str(_empty(parameter)))
        if value is not None and not is_template(value):
            try:
                convert(parameter, value)
            except ParameterError as error:
                problems.append(str(error))
    return problems + _misspelt(given)


def find_useless(given: Mapping[str, Any], verb: str) -> list[str]:
    """Return the given parameters that this playbook does not read."""
    mine = {item.name for item in parameters_of(verb)}
    return sorted({item.name for item in PARAMETERS if item.name in given} - mine)


def role_variables() -> set[str]:
    """Return the variables of all roles of the collection, from their argument specs."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: set[str] = set()
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        for entry_point in document["argument_specs"].values():
            found |= set(entry_point.get("options", {}))
    return found


def _misspelt(given: Mapping[str, Any]) -> list[str]:
    parameters = {item.name for item in PARAMETERS}
    unknown = sorted(name for name in given if name not in {*parameters, RAW} and not name.startswith(FOREIGN_PREFIXES))
    if not unknown:
        return []
    variables = role_variables()
    own = _own_variables(given)
    candidates = sorted(parameters | variables)
    problems = []
    for name in unknown:
        meant = None if name in variables or name in own else suggest(name, candidates)
        if meant and meant not in given:  # a name that is given as well is not misspelt
            kind = "the parameter" if meant in parameters else "the role variable"
            problems.append(
                f"There is no variable '{name}', but {kind} '{meant}'. Write -e {meant}=...; or, if {name} is a"
                f" variable of your own, add -e own_variables={name}."
            )
    return problems


def _own_variables(given: Mapping[str, Any]) -> list[str]:
    parameter = find_parameter("own_variables")
    try:
        return _as_list(parameter, given["own_variables"]) if parameter and "own_variables" in given else []
    except ParameterError:
        return []  # reported as a problem of its own


def _as_text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise ParameterError(
            f"The parameter {parameter.name} is a text, but its value is of the type {_kind(value)}. Quote it, for"
            f' example -e \'{{"{parameter.name}": "..."}}\'.'
        )
    found = str(value).strip()
    if parameter.narrows and not found:  # an empty variable of a shell must not become: all hosts
        raise _empty(parameter)
    return found


def _as_bool(parameter: Parameter, value: Any) -> bool:
    try:
        return bool(boolean(value.strip() if isinstance(value, str) else value))
    except (TypeError, ValueError):
        raise _refused(parameter, value) from None


def _as_int(parameter: Parameter, value: Any) -> int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.isascii() and text.isdigit():
        text = int(text)
    if not isinstance(text, int) or isinstance(text, bool) or text < parameter.minimum:
        raise _refused(parameter, value)
    return int(text)


def _as_list(parameter: Parameter, value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    wrong = next((item for item in items if not isinstance(item, str)), None)
    if wrong is not None:
        raise _refused(parameter, wrong)
    found = [part.strip() for item in items for part in str(item).split(",") if part.strip()]
    if not found:  # an empty variable of a shell must not become: all services
        raise _empty(parameter)
    return found


def _as_dict(parameter: Parameter, value: Any) -> dict[str, Any]:
    """Take a dictionary, an object in JSON, or NAME=value."""
    found = value
    if isinstance(value, str):
        name, sign, rest = value.partition("=")
        if value.lstrip().startswith("{"):
            try:
                found = json.loads(value)
            except (ValueError, RecursionError):
                found = None
        elif sign and name.strip():
            return {name.strip(): str(rest)}
    if not isinstance(found, Mapping):
        raise ParameterError(
            f"The parameter {parameter.name} is not NAME=value, and not an object in JSON. Write -e"
            f""" '{{"{parameter.name}": {{"NAME": "value"}}}}' for several."""
        )
    if not found:
        raise _empty(parameter)
    return {str(name): each for name, each in found.items()}


_CONVERTERS: dict[str, Callable[[Parameter, Any], Any]] = {
    "str": _as_text,
    "bool": _as_bool,
    "int": _as_int,
    "list": _as_list,
    "dict": _as_dict,
}


def _empty(parameter: Parameter) -> ParameterError:
    return ParameterError(f"The parameter {parameter.name} is empty. Name at least one, or leave it out.")


def _refused(parameter: Parameter, value: Any) -> ParameterError:
    shown = quoted(str(value)) if isinstance(value, (str, int, float)) else f"of the type {_kind(value)}"
    return ParameterError(f"The value of the parameter {parameter.name} is {shown}. Allowed: {allowed(parameter)}.")


def allowed(parameter: Parameter) -> str:
    """Return which values a parameter takes, in words."""
    if parameter.choices:
        several = " (several, separated by commas)" if parameter.type == "list" else ""
        return ", ".join(parameter.choices) + several
    return {
        "str": "a text",
        "bool": "true or false",
        "int": f"a whole number from {parameter.minimum}",
        "list": "texts, separated by commas",
        "dict": "NAME=value, or an object in JSON",
    }[parameter.type]


def _kind(value: Any) -> str:
    # Ansible's tagged types are subclasses with names of their own.
    kinds = {bool: "boolean", int: "integer", float: "number", str: "text", dict: "dictionary", list: "list"}
    return next((word for kind, word in kinds.items() if isinstance(value, kind)), type(value).__name__)
