# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the secrets of an environment, and check what secrets.yml is asked for. No input or output, and no value.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils import _config_document
from ansible_collections.convosphere.platform.plugins.plugin_utils._config_document import (
    GENERATED,
    UNSET,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._secret_sources import GIVEN
from ansible_collections.convosphere.platform.plugins.plugin_utils._spelling import suggest

Facts = Mapping[str, Any]

TLS = "issued"


@dataclass(frozen=True)
class Known:
    """A secret of the stack: what it opens, what its rotation costs, or which one it follows."""

    opens: str
    cost: str = ""
    follows: str = ""


_MINIO = "MinIO restarts first, and uploads fail until the new containers of the backend serve"
KNOWN = {
    "DATABASE_URL": Known("the database, for the backend", follows="POSTGRES_PASSWORD"),
    "DEFAULT_ADMIN_PASSWORD": Known(
        "the login of the default administrator",
        cost="the default administrator logs in with the new password only; open sessions stay",
    ),
    "MINIO_ACCESS_KEY": Known("the uploads in MinIO", cost=_MINIO),
    "MINIO_SECRET_KEY": Known("the uploads in MinIO", cost=_MINIO),
    "POSTGRES_PASSWORD": Known(
        "the database", cost="PostgreSQL is not restarted; other programs that log in need the new password and role"
    ),
    "POSTGRES_TLS_CA": Known(
        "no login: it verifies the certificate of PostgreSQL",
        cost="the backends are replaced twice, and PostgreSQL restarts in between; requests fail for seconds",
    ),
    "POSTGRES_TLS_CA_KEY": Known("issues the certificate of PostgreSQL", follows="POSTGRES_TLS_CA"),
    "POSTGRES_TLS_CERT": Known("no login: the certificate of PostgreSQL", follows="POSTGRES_TLS_KEY"),
    "POSTGRES_TLS_KEY": Known(
        "the traffic between the backend and PostgreSQL",
        cost="PostgreSQL restarts with another certificate of the same authority; requests fail for seconds",
    ),
    "REDIS_PASSWORD": Known(
        "the cache",
        cost="Redis restarts twice, for seconds in which requests are served without the cache, and logins unlimited",
    ),
    "REDIS_URL": Known("the cache, for the backend", follows="REDIS_PASSWORD"),
    "SECRET_KEY": Known(
        "the sessions of users, whose tokens it signs", cost="all sessions end, so that every user has to log in again"
    ),
    "WEAVIATE_API_KEY": Known("the vectors", cost="Weaviate restarts twice, for seconds in which searches fail"),
}
_OTHER = Known("the service that it is named after")
#: What a rotation costs at least.
_DEPLOY = "the containers of the backend are replaced one beside the other"


def document(rendered: Facts, found: Facts, environment: str) -> dict[str, Any]:
    """Return every secret of an environment, with its source, its age, what it opens and how it is rotated.

    ``rendered`` is what config_document takes; ``found`` is what convosphere_config_info returned.
    """
    listed = _config_document.document(rendered, found, environment)["secrets"]
    issued = [
        {"name": name, "source": TLS, "set": True, **ages}
        for name, ages in (found.get("secrets") or {}).items()
        if name.startswith("POSTGRES_TLS_")
    ]
    rows = [_row(each) for each in sorted([*listed, *issued], key=lambda each: str(each["name"]))]
    return {"environment": environment, "secrets": rows, "rotation": found.get("rotation")}


def _row(each: Facts) -> dict[str, Any]:
    return {**each, "opens": KNOWN.get(each["name"], _OTHER).opens, "rotate": _way(each)}


def _way(each: Facts) -> str:
    known = KNOWN.get(each["name"], _OTHER)
    if each["source"] in GIVEN:
        return "give another value in stack_secrets, and deploy"
    if each["source"] == UNSET:
        return "give a value in stack_secrets, and deploy"
    return f"follows {known.follows}" if known.follows else f"secrets.yml -e rotate={each['name']}"


def check(requested: Iterable[str], facts: Facts, *, managed: bool) -> dict[str, Any]:
    """Return the secrets to rotate, with the ``problems``, a sentence each without its final dot, and the ``costs``.

    ``facts`` are those of ``document``; ``managed`` is whether PostgreSQL is managed by others.
    """
    names, rows = list(dict.fromkeys(requested)), {each["name"]: each for each in facts["secrets"]}
    problems = [problem for name in names if (problem := _problem(name, rows, facts["environment"], managed))]
    problems += _interrupted(names, facts["rotation"])
    costs = [f"{name}: {KNOWN[name].cost}" for name in names if name in KNOWN and KNOWN[name].cost]
    replaces = [_DEPLOY] if any(name != "POSTGRES_TLS_KEY" for name in names) else []
    return {"names": names, "problems": problems, "costs": [*costs, *replaces] if costs else []}


def _problem(name: str, rows: Mapping[str, Facts], environment: str, managed: bool) -> str | None:
    if name not in rows:
        return f"rotate has {quoted(name)}, which is no secret of {environment}{_hint(name, rows)}"
    row, known = rows[name], KNOWN.get(name, _OTHER)
    if managed and name in ("POSTGRES_PASSWORD", "DATABASE_URL"):
        return (
            f"rotate has {name}, which is that of a managed PostgreSQL: change the password of its role there, give it"
            " in stack_secrets, and deploy"
        )
    if managed and name.startswith("POSTGRES_TLS_"):
        return f"rotate has {name}, which nothing uses: PostgreSQL is managed by others"
    if row["source"] in GIVEN:
        return (
            f"rotate has {name}, which is not generated: it comes from stack_secrets of the {row['source']}. Give"
            " another value there, and deploy"
        )
    if row["source"] == UNSET or not row["set"]:
        return f"rotate has {name}, which is not set in {environment}. Deploy first"
    if known.follows:
        return f"rotate has {name}, which follows {known.follows}: rotate that one"
    given = [each for each in rows if KNOWN.get(each, _OTHER).follows == name and rows[each]["source"] in GIVEN]
    if given:
        return (
            f"rotate has {name}, and {given[0]}, which follows it, comes from stack_secrets of the"
            f" {rows[given[0]]['source']} and would keep the previous one. Remove it there, and deploy"
        )
    return None


def _hint(name: str, rows: Mapping[str, Facts]) -> str:
    own = {row: KNOWN.get(row, _OTHER) for row in rows if rows[row]["source"] in (GENERATED, TLS)}
    able = sorted(row for row, known in own.items() if not known.follows)
    meant = suggest(name, rows)
    return f": write {meant}" if meant else f". Allowed: {', '.join(able) or 'none, because nothing is deployed'}"


def _interrupted(names: Sequence[str], rotation: Facts | None) -> Iterator[str]:
    if rotation and sorted(names) != sorted(rotation["names"]):
        listed = ",".join(rotation["names"])
        yield (
            f"rotate has {', '.join(names)}, and a rotation of {', '.join(rotation['names'])}, started at"
            f" {rotation['started']}, is not finished. Finish it first: deploy.yml, or secrets.yml -e rotate={listed}"
        )


def chosen(names: Sequence[str], facts: Facts) -> dict[str, Any]:
    """Return the secrets to fetch, all that are set if ``names`` is empty, with the ``problems``."""
    rows = {each["name"]: each for each in facts["secrets"]}
    known = [name for name, row in rows.items() if row["set"]]
    allowed, problems = ", ".join(known) or "none, because nothing is deployed", []
    for name in dict.fromkeys(names):
        if name not in rows:
            meant = suggest(name, rows)
            hint = f"write {meant}" if meant else f"allowed are {allowed}"
            problems.append(f"names has {quoted(name)}, which is no secret of {facts['environment']}: {hint}")
        elif not rows[name]["set"]:
            problems.append(f"names has {name}, which is not set in {facts['environment']}")
    if not known and not names:
        problems.append(f"{facts['environment']} has no secret to fetch yet. Deploy first")
    return {"names": list(dict.fromkeys(names)) or known, "problems": problems}


def lines(facts: Facts, _context: Facts) -> list[str]:
    """Describe a document: three lines for each secret that is set, and the names of those that are not."""
    found = [f"{facts['environment']}: secrets, without their values"]
    for each in facts["secrets"]:
        if each["source"] != UNSET:
            found += [
                f"{each['name']}: {_state(each)}",
                f"  opens   {each['opens']}",
                f"  rotate  {each['rotate']}",
            ]
    unset = [each["name"] for each in facts["secrets"] if each["source"] == UNSET]
    return [*found, *([f"Unset: {', '.join(unset)}"] if unset else []), *rotation_lines(facts["rotation"], facts)]


def _state(each: Facts) -> str:
    return f"set, {each['source']}, {age(each)}" if each["set"] else f"not written yet, {each['source']}"


def age(each: Facts) -> str:
    """Return since when a secret has its value, in words."""
    return f"since {each['since']}" if each.get("since") else f"since {each['unchanged_since']} or before"


def age_lines(found: Facts | None, generated: Iterable[str]) -> list[str]:
    """Return a line with the age of each generated secret."""
    return [f"{'SECRET':<10} {name} {age(found[name])}" for name in generated if found and name in found]


def rotation_lines(rotation: Facts | None, context: Facts) -> list[str]:
    """Return what to do about a rotation that is not finished."""
    if not rotation:
        return []
    by = f" by {rotation['by']}" if rotation["by"] else ""
    return [
        f"{'ROTATION':<10} of {', '.join(rotation['names'])}, started at {rotation['started']}{by}, is not finished",
        f"{'':<10} Next: ansible-playbook deploy.yml -e env={context['environment']}",
    ]


def file_lines(result: Facts, context: Facts) -> list[str]:
    """Describe the file to which secrets were fetched."""
    if context["check_mode"]:
        return [f"The secrets would be written to {result['path']}"]
    how = "age --decrypt shows them to the owner of the key" if context["encrypted"] else "remove it after use"
    return [f"The secrets are in {result['path']}: {how}"]


def rotated_lines(facts: Facts, context: Facts) -> list[str]:
    """Describe a rotation, before or after it: what is rotated, and what it costs."""
    verb = "was" if context["verb"] == "were" and len(facts["names"]) == 1 else context["verb"]
    costs = [f"  {each}" for each in facts["costs"]]
    return [f"{', '.join(facts['names'])} {verb} rotated in {context['environment']}", *costs]
