# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the settings of the inventory, the catalogue and the host into one document, for config.yml. No input or output.

No value of a secret is in a document: only whether it is set, its source, and since when it is unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Masker, by_form
from ansible_collections.convosphere.platform.plugins.plugin_utils._settings_catalogue import Catalogue, load

Facts = Mapping[str, Any]

DEFAULT, STACK, INVENTORY, OVERRIDE = "default", "stack", "inventory", "override"
GENERATED, DERIVED, UNSET = "generated", "derived", "unset"
_TITLES = {
    OVERRIDE: "Overrides of the inventory, for a time",
    INVENTORY: "Inventory",
    STACK: "Derived by the stack",
    DEFAULT: "Defaults of the platform",
}
#: Effects of settings that are not listed unless they are given.
_HIDDEN = ("ignored", "runtime")
#: The default callback folds longer lines than 66 characters.
_NAME_WIDTH = 35
#: Secrets that the stack derives from others.
_URLS = ("DATABASE_URL", "REDIS_URL")
_LEGEND = "With *: read by this version of the platform, without any effect"


def document(rendered: Facts, found: Facts, environment: str) -> dict[str, Any]:
    """Return every setting and secret of an environment with its source.

    ``rendered`` is what the role stack renders: ``version``, ``derived``, ``settings``, ``extra``, and the names of
    ``declared`` secrets, and the sources of the ``given`` ones by name. ``found`` is what convosphere_config_info
    returned.
    """
    catalogue = load(str(rendered["version"]))
    return {
        "environment": environment,
        "version": str(rendered["version"]),
        "catalogue": catalogue.version,
        "settings": list(_settings(catalogue, rendered, found)),
        "secrets": list(_secrets(catalogue, rendered, found)),
        "overrides": list(found.get("overrides") or ()),
    }


def _settings(catalogue: Catalogue, rendered: Facts, found: Facts) -> Iterator[dict[str, Any]]:
    active = found.get("active") or {}
    layers = (
        (OVERRIDE, active),
        (INVENTORY, {**rendered["settings"], **rendered["extra"]}),
        (STACK, rendered["derived"]),
    )
    names = {name for _source, layer in layers for name in layer} | set(catalogue.settings)
    for name in sorted(names - _secret_names(catalogue, rendered)):
        known = catalogue.settings.get(name)
        # The first layer that names it decides; a value of null there leaves the variable out.
        source, value = next(((source, layer[name]) for source, layer in layers if name in layer), (DEFAULT, None))
        if value is None:
            source, value = DEFAULT, known.default if known else None
        if source == DEFAULT and (known is None or known.effect in _HIDDEN):
            continue
        yield {
            "name": name,
            "dotted": known.dotted if known else None,
            "value": without_passwords(value),
            "source": source,
            "effect": known.effect if known else "unknown",
        }


def without_passwords(value: Any) -> Any:
    """Return a value with its passwords hidden: a URL such as that of a proxy may have one."""
    masker = Masker()
    masker.add(by_form(value))
    return masker.mask(value)


def _secret_names(catalogue: Catalogue, rendered: Facts) -> set[str]:
    """Return the names that are secrets here: REDIS_URL is not one if the stack derives it, without a password."""
    derived = {name for name, value in rendered["derived"].items() if value is not None}
    known = {each.name for each in catalogue if each.secret and each.effect != "ignored"}
    return known - derived | set(rendered["declared"]) | set(rendered["given"])


def _secrets(catalogue: Catalogue, rendered: Facts, found: Facts) -> Iterator[dict[str, Any]]:
    declared = {name: DERIVED if name in _URLS else GENERATED for name in rendered["declared"]}
    stored = found.get("secrets") or {}
    for name in sorted(_secret_names(catalogue, rendered)):
        source = rendered["given"].get(name) or declared.get(name, UNSET)
        is_set = source != UNSET and name in stored
        yield {
            "name": name,
            "source": source,
            "set": is_set,
            "since": stored[name].get("since") if is_set else None,
            "unchanged_since": stored[name]["unchanged_since"] if is_set else None,
        }


def comparison(one: Facts, other: Facts) -> dict[str, Any]:
    """Return in what the settings that two inventories render differ, and their secrets by source."""
    names = [one["environment"], other["environment"]]
    return {
        "environments": names,
        "versions": [one["version"], other["version"]],
        "settings": list(_differences(one, other, "settings", ("value", "source"))),
        "secrets": list(_differences(one, other, "secrets", ("source",))),
    }


def _differences(one: Facts, other: Facts, key: str, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    left, right = ({each["name"]: each for each in facts[key]} for facts in (one, other))
    for name in sorted({*left, *right}):
        pair = [left.get(name), right.get(name)]
        compared = [each[fields[0]] if each else None for each in pair]
        if compared[0] != compared[1] or None in pair:
            shorter = [{field: each[field] for field in fields} if each else None for each in pair]
            yield {"name": name, one["environment"]: shorter[0], other["environment"]: shorter[1]}


def lines(facts: Facts, _context: Facts) -> list[str]:
    """Describe a document: the settings by their source, and the secrets."""
    other = "" if facts["version"] == facts["catalogue"] else f", by the catalogue of {facts['catalogue']}"
    found = [f"{facts['environment']}: settings of the platform {facts['version']}{other}"]
    for source, title in _TITLES.items():
        chosen = [each for each in facts["settings"] if each["source"] == source]
        if chosen:
            found += [f"{title}:", *(_setting(each) for each in chosen)]
        if source == OVERRIDE:
            found += override_lines(facts["overrides"])
    return [*found, _LEGEND, "Secrets:", *map(_secret, facts["secrets"])]


def override_lines(overrides: Any) -> list[str]:
    """Return a line for each override, also for expired ones."""
    return [_active(each) if each["active"] else _expired(each) for each in overrides or ()]


def _active(each: Facts) -> str:
    value = f"{each['name']}={shown(each['value'])} until {each['until']}"
    return f"OVERRIDE   {value}, set by {each['by'] or 'unknown'} at {each['at']}: {each['reason']}"


def _expired(each: Facts) -> str:
    value = f"{each['name']}={shown(each['value'])} at {each['until']}"
    return f"EXPIRED    the override {value}: {each['reason'].rstrip('.')}. The next deploy removes it"


def comparison_lines(facts: Facts, _context: Facts) -> list[str]:
    """Describe a comparison: a line for each difference."""
    one, other = facts["environments"]
    if not facts["settings"] and not facts["secrets"]:
        return [f"{one} and {other} render the same settings"]
    found = [f"{one} and {other} differ in {len(facts['settings'])} settings and {len(facts['secrets'])} secrets"]
    for each in facts["settings"]:
        left, right = (shown(each[env]["value"]) if each[env] else "absent" for env in (one, other))
        found.append(f"  {each['name']:<{_NAME_WIDTH}} {one}: {left}  {other}: {right}")
    for each in facts["secrets"]:
        left, right = (each[env]["source"] if each[env] else "absent" for env in (one, other))
        found.append(f"  {each['name']:<{_NAME_WIDTH}} {one}: {left} secret  {other}: {right} secret")
    return found


def _setting(each: Facts) -> str:
    name = f"{each['name']}*" if each["effect"] == "unused" else each["name"]
    note = " (not in the catalogue)" if each["effect"] == "unknown" else ""
    return f"  {name:<{_NAME_WIDTH}} {shown(each['value'])}{note}"


def _secret(each: Facts) -> str:
    if each["source"] == UNSET:
        return f"  {each['name']:<{_NAME_WIDTH}} unset"
    if not each["set"]:
        return f"  {each['name']:<{_NAME_WIDTH}} not written yet, {each['source']}"
    since = each.get("since") or f"{each['unchanged_since']} or before"
    return f"  {each['name']:<{_NAME_WIDTH}} {each['source']}, since {since}"


def shown(value: Any) -> str:
    """Return a value as the container gets it, on one line."""
    if value is None:
        return "unset"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if not text or not text.isprintable() else text
