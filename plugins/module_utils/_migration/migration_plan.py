# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a migration from the revisions of the code and the tables of the database. Pure: no input or output.

The platform creates its tables itself, at every start, without alembic's record. So a revision that is not recorded is
recorded without running it if all its tables and columns exist, and run only if they do not.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, UPDATE, Change, Plan
from .alembic_client import Revision
from .revisions import Code, CurrentSchema, Effect

RUN = "run"
RECORD = "record"
UNDO = "undo"
#: The SQL that a diff shows of a revision that reads the database.
NOT_KNOWN = "-- it reads the database before its statements are known"

EMPTY = "empty"  # no table at all: the backend creates them when it first starts
UNSTAMPED = "unstamped"  # tables that the backend created, and no record of a revision
BEHIND = "behind"  # a record that lacks revisions of the code
AHEAD = "ahead"  # a record that has more than the desired revision
CURRENT = "current"  # nothing to do

#: The width of alembic's record: three of the platform's ids are longer than alembic's default of 32.
WIDTH = 255
#: The revisions of the platform's first release, which every backend that created the tables has.
FIRST_RELEASE = frozenset(
    {
        "ad2434bca38f",
        "c02ce5c4f07b",
        "2024_01_01_enhance_knowledge_base",
        "add_password_reset_fields",
        "2025_08_14_add_agents",
        "2025_08_16_fix_enum_types_and_timestamps",
        "2025_08_16_add_ai_models_and_settings_tables",
    }
)
#: Revisions of the platform that do harm if they are run, and why.
DANGERS = {
    "2025_08_16_fix_enum_types_and_timestamps": (
        "it gives users.role a type that has no SUPER_ADMIN: it fails if the table has one, and "
        "otherwise the platform can never have one again"
    ),
    "2025_08_16_add_ai_models_and_settings_tables": (
        "it always fails, because PostgreSQL refuses its defaults (a boolean cannot default to 1)"
    ),
}


@dataclass(frozen=True)
class Step:
    """One revision to RUN, RECORD or UNDO, and the reason."""

    revision: Revision
    action: str
    reason: str


@dataclass(frozen=True)
class Migration:
    """The steps of a migration; ``before`` and ``after`` are the rows of alembic_version, sorted."""

    situation: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    widen: bool = False  # the column of alembic_version is too short for the new rows
    creates: bool = False  # alembic_version does not exist yet

    @property
    def touches_data(self) -> bool:
        """Whether anything but alembic's record changes."""
        return any(step.action != RECORD for step in self.steps)


@dataclass(frozen=True)
class Planner:
    """Plan what brings ``current`` to ``revision``, or to the heads of the code if that is None.

    ``accept`` names revisions that may be run or undone although that can destroy data; ``assume`` those that are
    recorded without running them. ``served`` are the revisions of the code that created the tables, None if no backend
    shows them; they count only if alembic's record does not.
    """

    code: Code
    current: CurrentSchema
    revision: str | None = None
    accept: Sequence[str] = ()
    assume: Sequence[str] = ()
    served: frozenset[str] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether alembic's record shows what was run, which revisions that change nothing do not."""
        return any(self.code.by_id[name].sql != "" for name in self.code.closure(self.current.stamps or ()))

    def migration(self) -> Migration:
        """Return the migration. Raises InputError with all problems."""
        self._refuse_unknown()
        before = tuple(sorted(self.current.stamps or ()))
        target = self.code.heads if self.revision is None else [self.revision]
        if not self.current.tables:
            return self._of_empty(before)
        applied = self.code.closure(before)
        undone = self._after(self.revision, applied) if self.revision in applied else set()
        if undone:
            return self._downgrade(before, applied, undone)
        missing = self.code.closure(target) - applied
        if not missing:
            return Migration(CURRENT, before, before)
        steps = self._steps(missing)
        return Migration(
            BEHIND if before else UNSTAMPED,
            before,
            self.code.tips(applied | missing),
            tuple(steps),
            widen=self._is_too_short(steps),
            creates=self.current.stamps is None,
        )

    def missing(self) -> list[Revision]:
        """Return the revisions that alembic's record lacks, in their order. Raises InputError for unknown ones."""
        self._refuse_unknown()
        return self.code.ordered(self.code.closure(self.code.heads) - self.code.closure(self.current.stamps or ()))

    def _refuse_unknown(self) -> None:
        unknown = sorted(set(self.current.stamps or ()) - set(self.code.by_id))
        if unknown:
            raise InputError(
                f"The database is at revision {', '.join(unknown)}, which this version of the backend does not have: "
                "the database is newer than the code",
                hint="Use the version that it was migrated with, or restore a backup made before that migration.",
                unknown=unknown,
            )
        refuse_misspelt(self.code, [*self.accept, *self.assume, *([self.revision] if self.revision else [])])

    def _of_empty(self, before: tuple[str, ...]) -> Migration:
        if before:
            raise InputError(
                f"The table alembic_version has {', '.join(before)}, and there is no other table in the database",
                hint="Is login_db the right one? If its tables were dropped on purpose, drop alembic_version too.",
            )
        if self.revision:
            raise InputError(
                f"The database has no tables yet: it cannot be brought to revision {self.revision}",
                hint="The backend creates its tables when it first starts: deploy it first.",
            )
        return Migration(EMPTY, (), ())

    def _after(self, revision: str | None, applied: set[str]) -> set[str]:
        """Return those of ``applied`` that need ``revision``."""
        return {name for name in applied if name != revision and revision in self.code.closure([name])}

    def _downgrade(self, before: tuple[str, ...], applied: set[str], undone: set[str]) -> Migration:
        if self.revision not in self.accept:
            raise InputError(
                f"The database is at {', '.join(before)}: a downgrade to {self.revision} undoes "
                f"{', '.join(revision.id for revision in reversed(self.code.ordered(undone)))}, and deletes their data",
                hint=f"To downgrade all the same, add {self.revision} to accept.",
            )
        steps = [
            Step(revision, UNDO, "it comes after the desired revision")
            for revision in reversed(self.code.ordered(undone))
        ]
        return Migration(AHEAD, before, self.code.tips(applied - undone), tuple(steps))

    def _steps(self, missing: set[str]) -> list[Step]:
        steps: list[Step] = []
        problems: list[str] = []
        running: set[str] = set()
        if not self.is_recorded:
            self._refuse_foreign()
        for revision in self.code.ordered(missing):
            # The application has not created what comes after a revision that has to be run.
            after_run = bool(running & self.code.closure([revision.id]))
            created = False if self.is_recorded or after_run else self._was_created_with(revision)
            action, reason = self._action(revision, created)
            danger = DANGERS.get(revision.id)
            if action == RUN and danger and revision.id not in self.accept:
                problems.append(f"Revision {revision.id} is not run unless it is in accept: {danger}")
            elif action not in (RUN, RECORD):
                problems.append(f"Revision {revision.id} is {action}: {reason}")
            if action == RUN:
                running.add(revision.id)
            steps.append(Step(revision, action, reason))
        if problems:
            raise InputError.of(
                problems,
                hint="Add a revision to accept to run it, or to assume to record it without running it. Nothing was "
                "changed.",
            )
        return steps

    def _was_created_with(self, revision: Revision) -> bool | None:
        """Return whether the code that created the tables has a revision; None if that is unknown."""
        if self.served is not None:
            return revision.id in self.served
        return True if revision.id in FIRST_RELEASE else None

    def _action(self, revision: Revision, created: bool | None) -> tuple[str, str]:
        if revision.id in self.assume:
            return RECORD, "in assume"
        if revision.sql == "":
            return RECORD, "it changes nothing"
        effect = Effect(more=True) if revision.sql is None else Effect.of(revision.sql)
        if created is None and not effect.shows and revision.id not in self.accept:
            return "undecided", "no container of a backend shows whether it created its tables"
        existing, columns, others = effect.divide(self.current)
        if created and not columns:
            # The backend creates missing tables when it starts.
            lacking = f", but for {', '.join(others)}" if others else ""
            return RECORD, f"the backend created its tables{' without it' if revision.sql is None else lacking}"
        lacking = ", ".join([*columns, *others])
        if not existing:
            return RUN, f"missing: {lacking}" if lacking else "not recorded"
        if lacking and revision.id not in self.accept:
            return "partly applied", f"there is {', '.join(existing)}, there is no {lacking}"
        if effect.more and revision.id not in self.accept:
            return "partly applied", f"there is {', '.join(existing)}, but it changes more than that"
        return (RUN, "in accept") if revision.id in self.accept else (RECORD, f"exists already: {', '.join(existing)}")

    def _refuse_foreign(self) -> None:
        """Raise InputError if the database, which has no record, has no table of the platform."""
        effects = [Effect.of(revision.sql) for revision in self.code.revisions if revision.sql]
        if effects and not any(effect.concerns(self.current) for effect in effects):
            raise InputError(
                f"The database has {len(self.current.tables)} tables, and none of them is of the platform's revisions",
                hint="Is login_db the platform's database? Nothing was changed.",
            )

    def _is_too_short(self, steps: Sequence[Step]) -> bool:
        width = self.current.width
        return width is not None and any(len(step.revision.id) > width for step in steps)


def refuse_misspelt(code: Code, named: Sequence[str]) -> None:
    """Raise InputError for each of the given revisions that the code does not have."""
    unknown = [name for name in dict.fromkeys(named) if name not in code.by_id]
    if unknown:
        raise InputError.of(
            [f"This version of the backend has no revision {name}" for name in unknown],
            hint=f"It has: {', '.join(sorted(code.by_id))}.",
        )


def changes(migration: Migration) -> Plan:
    """Return the plan: a change of alembic_version, and one for each step."""
    return Plan(tuple(_changes(migration)))


def _changes(migration: Migration) -> Iterator[Change]:
    if not migration.steps:
        return
    before, after = {"revisions": list(migration.before)}, {"revisions": list(migration.after)}
    if migration.creates:
        yield Change("alembic_version", CREATE, None, after)
    else:
        yield Change("alembic_version", UPDATE, before, after)
    for step in migration.steps:
        if step.action == UNDO:
            yield Change(f"revision {step.revision.id}", DELETE, _fields(step), None)
        else:
            yield Change(f"revision {step.revision.id}", CREATE, None, _fields(step))


def _fields(step: Step) -> dict[str, Any]:
    fields: dict[str, Any] = {"action": step.action, "reason": step.reason}
    if step.action == RUN:
        fields["sql"] = [NOT_KNOWN] if step.revision.sql is None else step.revision.sql.split("\n")
    return fields
