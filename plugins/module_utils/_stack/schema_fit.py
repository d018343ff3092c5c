# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether the code of a release can work with the schema of the database. Pure: no input or output.

A rollback never downgrades a schema. Revisions that the database has beyond those of the release are accepted if they
only add to it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_COMPARE = "Deploy the version of that release by deploy.yml, which compares the schemas and migrates the database."
_START = "Start the database (services.yml -e service=postgres), or see that a managed one can be reached."
_RESTORE = (
    "A rollback never downgrades a schema. Restore a backup of the release's schema by restore.yml, then roll back "
    "again; releases.yml names the backup."
)


@dataclass(frozen=True)
class Fit:
    """The answer for one release.

    ``objection`` is a sentence without its final dot, None if the release can serve, and ``hint`` the next action.
    ``restore`` says whether a backup of the release's schema would help. ``database`` are revisions of the database
    that the code does not have, but can work with.
    """

    objection: str | None = None
    hint: str = ""
    restore: bool = False
    database: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judge:
    """The schemas of all kept releases, that of the one that serves, and how to read the revisions of the database.

    ``read`` returns None if the database cannot be queried.
    """

    serving: Schema | None
    known: Sequence[Schema]
    read: Callable[[], Sequence[str] | None]

    def fit(self, schema: Schema | None) -> Fit:
        """Return whether code with this schema can work with the database."""
        if not schema:
            missing = "the release does not record which schema its code needs"
            return Fit(missing, _COMPARE) if self.serving else Fit()
        heads = sorted(schema["heads"])
        if self.serving and heads == sorted(self.serving["heads"]):
            return Fit(database=tuple(self.serving.get("database") or ()))
        current = self.read()
        if current is None:
            needed = f"the release needs the schema at {_listed(heads)}"
            return Fit(f"{needed}, and the revisions of the database cannot be read", _START)
        return self._compare(heads, sorted(current))

    def _compare(self, heads: list[str], current: list[str]) -> Fit:
        if heads == current:
            return Fit()
        graph, adds = _merged(self.known)
        unknown = sorted(set(current) - graph.keys())
        if unknown:
            return Fit(f"the database is at {_listed(unknown)}, which no kept release has", _RESTORE, restore=True)
        needed, existing = _closure(graph, heads), _closure(graph, current)
        if needed - existing:
            return Fit(
                f"the database lacks the revisions {_listed(sorted(needed - existing))} of the release", _COMPARE
            )
        harmful = sorted(existing - needed - adds)
        if harmful:
            return Fit(
                f"the database has the revisions {_listed(harmful)}, which do more than add to the schema that the "
                f"release needs, {_listed(heads)}",
                _RESTORE,
                restore=True,
            )
        return Fit(database=tuple(current))


def _merged(schemas: Iterable[Schema]) -> tuple[dict[str, list[str]], set[str]]:
    """Return the predecessors of each revision, and the revisions of which no release says that they do more than add.

    A release that does not record the effects says so of none.
    """
    graph: dict[str, list[str]] = {}
    adds: set[str] = set()
    harmful: set[str] = set()
    for schema in schemas:
        revisions = schema.get("revisions") or {}
        graph.update(revisions)
        if schema.get("adds") is not None:
            adds |= set(schema["adds"])
            harmful |= revisions.keys() - set(schema["adds"])
    return graph, adds - harmful


def _closure(graph: Mapping[str, Sequence[str]], ids: Iterable[str]) -> set[str]:
    """Return ``ids`` and all revisions that they need."""
    done: set[str] = set()
    waiting = list(ids)
    while waiting:
        name = waiting.pop()
        if name not in done:
            done.add(name)
            waiting += graph.get(name, ())
    return done


def _listed(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) or "no revision"
