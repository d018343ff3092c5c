# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out what a deploy of the stack gives to the modules: images, secrets, advice. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def images(
    services: Iterable[str],
    references: Mapping[str, str],
    contexts: Mapping[str, str],
    standins: Mapping[str, str],
    defaults: Mapping[str, str],
) -> list[dict[str, str]]:
    """Return the image of each service as ``{name, build, standin}``, of which only ``name`` is in every one.

    A stand-in replaces only an image that is the collection's default. One that the inventory names may be misspelt,
    and is deployed as named or not at all.
    """
    found = []
    for service in services:
        image = {"name": references[service]}
        if service in contexts:
            image["build"] = contexts[service]
        if service in standins and references[service] == defaults.get(service):
            image["standin"] = standins[service]
        found.append(image)
    return found


def standin_builds(
    entries: Iterable[Mapping[str, Any]], missing: Iterable[str], directory: str
) -> list[dict[str, str]]:
    """Return the missing images that have a stand-in, as ``{name, build}``."""
    absent = list(missing)
    buildable = [entry for entry in entries if entry["name"] in absent and entry.get("standin")]
    return [{"name": entry["name"], "build": f"{directory}/{entry['standin']}"} for entry in buildable]


def secrets(declared: Iterable[Mapping[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the declared secrets with the given values, followed by the given ones that are not declared."""
    found = [{key: entry[key] for key in entry} for entry in declared]
    for entry in found:
        if entry["name"] in given:
            entry["value"] = given[entry["name"]]
    names = {entry["name"] for entry in found}
    return [*found, *({"name": name, "value": given[name]} for name in sorted(given) if name not in names)]


def advice(schema: Mapping[str, Any], migrated: Mapping[str, Any]) -> str:
    """Return a sentence for a deploy that fails although the database is migrated; empty if it is not.

    ``schema`` is what convosphere_db_migration returned in check mode before the deploy, ``migrated`` what it returned
    for the migration of this deploy. If an earlier deploy migrated and failed, the release that runs needs another
    schema than the database has.
    """
    if migrated.get("changed"):
        before = ", ".join(migrated["revisions_before"]) or "no revision"
        backup = f"; the backup of the previous schema is {migrated['backup']}" if migrated.get("backup") else ""
        after = ", ".join(migrated["revisions"])
        return f"This deploy migrated the database from {before} to {after}, and the schema stays there{backup}."
    released, revisions = schema.get("released"), schema.get("revisions")
    if schema.get("situation") == "current" and released and released != revisions:
        return (
            f"An earlier deploy migrated the database from {', '.join(released)}, which the running release needs, to"
            f" {', '.join(revisions or [])}, and the schema stays there; database.yml shows the backups."
        )
    return ""
