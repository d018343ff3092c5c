# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the platform's settings and secrets against the catalogue of its version. No output, and no value is shown.

What the platform would refuse at its start, or ignore, is found before a deploy writes it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE, boolean
from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils._settings_catalogue import (
    Catalogue,
    Setting,
    load,
    versions,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import suggest

SETTINGS, SECRETS, EXTRA = "stack_settings", "stack_secrets", "stack_extra_settings"
PRODUCTION = "production"
#: Secrets of the stack itself, which are no settings of the backend.
OF_THE_STACK = ("POSTGRES_PASSWORD", "POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY", "REDIS_PASSWORD")

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_SWITCHES = sorted(str(each) for each in BOOLEANS_TRUE | BOOLEANS_FALSE if isinstance(each, str))


def problems(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the settings in the options of the role stack, a sentence each without its final dot."""
    catalogue = load(str(options.get("stack_version") or versions()[-1]))
    settings, secrets, extra = (options.get(name) or {} for name in (SETTINGS, SECRETS, EXTRA))
    production = is_production(options)
    for name, value in settings.items():
        if name not in secrets:
            yield from _of_setting(catalogue, name, value, production)
    for name, value in secrets.items():
        yield from _of_secret(catalogue, name, value, production, extra)
    for name, value in extra.items():
        yield from _of_extra(catalogue, name, value, {*settings, *(secrets if value is not None else ())})


def warnings(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is doubtful in the settings, but can be deployed."""
    version = str(options.get("stack_version") or "")
    catalogue = load(version)
    if version and not catalogue.exact:
        yield (
            f"There is no catalogue of the settings of version {quoted(version)}: that of {catalogue.version} was used."
            f" Give a setting that only {quoted(version)} has in {EXTRA}."
        )
    given = {**(options.get(SETTINGS) or {}), **(options.get(SECRETS) or {})}
    unused = sorted(name for name in given if (known := catalogue.settings.get(name)) and known.effect == "unused")
    if unused:
        yield f"Version {catalogue.version} of the platform reads {', '.join(unused)}, but does nothing with it."


def is_production(options: Mapping[str, Any]) -> bool:
    """Return whether the backend will run in production mode."""
    given = (options.get(SETTINGS) or {}).get("ENVIRONMENT")
    debug = options.get("stack_debug", False)
    return given == PRODUCTION if given is not None else not boolean(debug, strict=False)


def reason(setting: Setting, value: Any, production: bool) -> str | None:
    """Return why the platform would refuse a value, as the end of a sentence, or None. The value is not in it."""
    wrong = _TYPE_CHECKS[setting.type](setting, value)
    if wrong:
        return wrong
    written = str(value).lower() if setting.type == "bool" else str(value)
    if setting.choices and written not in setting.choices:
        return f"must be one of {', '.join(setting.choices)}"
    if setting.minimum is not None or setting.maximum is not None:
        wrong = _range(setting, float(value))
    return wrong or _length(setting, str(value), production)


def unknown(catalogue: Catalogue, option: str, name: str) -> str:
    """Return the sentence for a name that the catalogue does not have, with the nearest one that it has."""
    dotted = catalogue.find(name)
    meant = dotted.name if dotted else nearest(catalogue, name)
    hint = f": write {meant}, or, if it is another one," if meant else ":"
    return (
        f"{option} has {quoted(name)}, which version {catalogue.version} of the platform does not know{hint} give it in"
        f" {EXTRA}"
    )


def written(name: str) -> str:
    """Return the end of a sentence that refuses a dotted name: which environment name it is."""
    found = load(versions()[-1]).find(name)
    return f": write {found.name}" if found else ""


def nearest(catalogue: Catalogue, name: str) -> str | None:
    """Return the known name that is probably meant."""
    return suggest(name.replace(".", "_"), [each.name for each in catalogue if each.effect != "ignored"])


def _of_setting(catalogue: Catalogue, name: str, value: Any, production: bool) -> Iterator[str]:
    known = catalogue.settings.get(name)
    if known is None:
        yield unknown(catalogue, SETTINGS, name)
    elif known.secret:
        yield f"{SETTINGS} has {quoted(name)}, which is a secret: give it in {SECRETS}"
    elif known.effect == "ignored":
        yield _ignored(catalogue, SETTINGS, known)
    elif value is not None and (wrong := reason(known, value, production)):
        yield f"{SETTINGS}: the value of {quoted(name)} {wrong}"


def _of_secret(
    catalogue: Catalogue, name: str, value: Any, production: bool, extra: Mapping[str, Any]
) -> Iterator[str]:
    known = catalogue.settings.get(name)
    if name in OF_THE_STACK or name in extra:
        return
    if known is None:
        # It may be one of stack_compose_override, unless it looks misspelt.
        if meant := nearest(catalogue, name):
            yield (
                f"{SECRETS} has {quoted(name)}, which version {catalogue.version} of the platform does not know: write"
                f" {meant}, or, if it is a name of your own, add {{{name}: null}} to {EXTRA}"
            )
    elif known.effect == "ignored":
        yield _ignored(catalogue, SECRETS, known)
    elif wrong := reason(known, value, production):
        yield f"{SECRETS}: the value of {quoted(name)} {wrong}"


def _of_extra(catalogue: Catalogue, name: str, value: Any, others: set[str]) -> Iterator[str]:
    known = catalogue.settings.get(name)
    if name in others:
        yield f"{EXTRA} has {quoted(name)}, which is also in {SETTINGS} or {SECRETS}: give it once"
    elif known and known.secret:
        yield f"{EXTRA} has {quoted(name)}, which is a secret: give it in {SECRETS}"
    # A version without a catalogue may have other rules for a known name.
    elif known and catalogue.exact and known.effect != "ignored" and value is not None:
        yield f"{EXTRA} has {quoted(name)}, which is a setting of the platform: give it in {SETTINGS}"


def _ignored(catalogue: Catalogue, option: str, known: Setting) -> str:
    hint = f": give {known.instead}" if known.instead else ": leave it out"
    return f"{option} has {quoted(known.name)}, which version {catalogue.version} of the platform does not read{hint}"


def _text(_setting: Setting, value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return "is a list, and must be text: separate the items as the platform's documentation says"
    return "is a dictionary, and must be text" if isinstance(value, Mapping) else None


def _int(_setting: Setting, value: Any) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    text = isinstance(value, str) and _WHOLE.fullmatch(value)
    return None if whole or text else "must be a whole number"


def _float(_setting: Setting, value: Any) -> str | None:
    try:
        fits = not isinstance(value, (bool, Mapping, list, tuple)) and math.isfinite(float(value))
    except (TypeError, ValueError):
        fits = False
    return None if fits else "must be a number"


def _bool(_setting: Setting, value: Any) -> str | None:
    if isinstance(value, (bool, int)):
        return None if value in (0, 1) else "must be true or false"
    return None if isinstance(value, str) and value.lower() in _SWITCHES else "must be true or false"


def _list(_setting: Setting, value: Any) -> str | None:
    found = _parsed(value)
    if isinstance(found, (list, tuple)):
        return None if all(isinstance(each, str) for each in found) else "must be a list of texts: put each in quotes"
    return """is not a list in JSON: write a list in YAML, or text such as '["a", "b"]'"""


def _dict(_setting: Setting, value: Any) -> str | None:
    return None if isinstance(_parsed(value), Mapping) else "is not an object in JSON: write a dictionary in YAML"


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):  # the latter for brackets in brackets without end
        return None


def _range(setting: Setting, value: float) -> str | None:
    least, most = setting.minimum, setting.maximum
    if (least is None or least <= value) and (most is None or value <= most):
        return None
    if least is None:
        return f"must be at most {most}"
    return f"must be at least {least}" if most is None else f"must be from {least} to {most}"


def _length(setting: Setting, text: str, production: bool) -> str | None:
    rules = (setting.production or {}) if production else {}
    if text in rules.get("refused", ()):
        return "is the platform's built-in one, which it refuses in production"
    if text == setting.default and not rules:
        return None  # the platform accepts its own default, however short
    least = rules.get("minimum_length", setting.minimum_length)
    where = " in production" if "minimum_length" in rules else ""
    return f"has {len(text)} characters, and must have at least {least}{where}" if len(text) < least else None


_TYPE_CHECKS = {"str": _text, "int": _int, "float": _float, "bool": _bool, "list": _list, "dict": _dict}
