# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the overrides that config.yml is asked for, against the catalogue of the settings. No input or output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import by_form
from ansible_collections.convosphere.platform.plugins.module_utils._stack import overrides
from ansible_collections.convosphere.platform.plugins.plugin_utils import _settings_check as settings_check
from ansible_collections.convosphere.platform.plugins.plugin_utils import _value_checks as checks
from ansible_collections.convosphere.platform.plugins.plugin_utils._settings_catalogue import Catalogue, load

Facts = Mapping[str, Any]


def check(requested: Facts, options: Facts, secrets: list[str]) -> dict[str, Any]:
    """Return the request with environment names, and its ``problems``, a sentence each without its final dot.

    ``requested`` has ``set``, ``unset``, ``reason`` and ``expires``; ``options`` are those of the role stack;
    ``secrets`` are the names of the secrets that the stack has.
    """
    catalogue = load(str(options["stack_version"]))
    given = {_named(catalogue, name): value for name, value in requested["set"].items()}
    unset = [_named(catalogue, name) for name in requested["unset"]]
    layered = {**options, settings_check.SETTINGS: {**(options.get(settings_check.SETTINGS) or {}), **given}}
    production = settings_check.is_production(layered)
    found = [
        f"set has {quoted(name)}, {problem}"
        for name, value in given.items()
        if (problem := _problem(catalogue, name, value, production, options, secrets))
    ]
    found += [f"{name} is in both set and unset" for name in sorted({*given} & {*unset})]
    found += [problem for name in unset if (problem := _misspelt(catalogue, name, options))]
    found += _missing(requested) if given else []
    return {"set": given, "unset": unset, "problems": found}


def _named(catalogue: Catalogue, name: str) -> str:
    known = catalogue.find(name)
    return known.name if known else name


def _misspelt(catalogue: Catalogue, name: str, options: Facts) -> str | None:
    """Return why a name cannot be that of an override: without it, a run would end well and leave the one meant."""
    known = name in catalogue.settings or name in (options.get(settings_check.EXTRA) or {})
    meant = None if known else settings_check.nearest(catalogue, name)
    return f"unset has {quoted(name)}, which is no setting: write {meant}" if meant else None


def _problem(
    catalogue: Catalogue, name: str, value: Any, production: bool, options: Facts, secrets: list[str]
) -> str | None:
    known = catalogue.settings.get(name)
    if name in secrets or name in settings_check.OF_THE_STACK or (known and known.secret):
        return "which is a secret: reports show an override, so that it is given in stack_secrets only"
    if known is None and name not in (options.get(settings_check.EXTRA) or {}):
        meant = settings_check.nearest(catalogue, name)
        hint = f"write {meant}" if meant else f"only a name of the catalogue or of {settings_check.EXTRA} has an effect"
        return f"which version {catalogue.version} of the platform does not know: {hint}"
    if known and known.effect == "ignored":
        hint = f"give {known.instead}" if known.instead else "leave it out"
        return f"which version {catalogue.version} of the platform does not read: {hint}"
    if value is None:
        return "without a value: give unset to remove an override"
    if next(by_form(value), None):
        return "whose value has a password or a private key, which reports would show: give it in stack_secrets"
    wrong = checks.setting(value) or (settings_check.reason(known, value, production) if known else None)
    return f"whose value {wrong}" if wrong else None


def _missing(requested: Facts) -> Iterator[str]:
    if wrong := overrides.reason_problem(requested["reason"]):
        yield f"reason {wrong}"
    try:
        overrides.period(requested["expires"])
    except InputError as error:
        yield str(error.message).rstrip(".")
