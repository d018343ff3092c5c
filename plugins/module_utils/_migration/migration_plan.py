# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the revisions of the code and what is in the database to what a migration does: no input or output.

The platform makes its tables itself, at every start, and alembic never learns of it. So alembic's own record is not
believed alone: a revision whose tables and columns are all there is recorded, and only one whose are not is run.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._core.errors import InputError
from .alembic_client import Revision
from .revisions import Code, Effect, Found

RUN = "run"
RECORD = "record"
UNDO = "undo"

EMPTY = "empty"  # no table at all: the backend makes them when it first starts
UNSTAMPED = "unstamped"  # tables that the backend made, and no record of a revision
BEHIND = "behind"  # a record that lacks revisions of the code
AHEAD = "ahead"  # a record that has more than the revision that is asked for
CURRENT = "current"  # nothing to do

#: Wide enough for the platform's ids, of which alembic's own 32 characters cannot hold three.
WIDTH = 255
#: The revisions that the platform's first release has, and with it every backend that may have made the tables.
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
#: Revisions of the platform that are known to do harm where they are run, and why.
DANGERS = {
    "2025_08_16_fix_enum_types_and_timestamps": (
        "it gives users.role a type that has no SUPER_ADMIN: with one in the table it fails, and without, "
        "the platform can never have one again"
    ),
    "2025_08_16_add_ai_models_and_settings_tables": (
        "PostgreSQL refuses its defaults (a boolean cannot default to 1), so that it always fails"
    ),
}


@dataclass(frozen=True)
class Step:
    """What is done about one revision, RUN, RECORD or UNDO, and why."""

    revision: Revision
    action: str
    reason: str


@dataclass(frozen=True)
class Migration:
    """What a migration does: ``before`` and ``after`` are what alembic_version holds, sorted."""

    situation: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    widen: bool = False  # the column of alembic_version is too short for what will be in it
    creates: bool = False  # there is no alembic_version yet

    @property
    def touches_data(self) -> bool:
        """Whether anything but alembic's own record is changed."""
        return any(step.action != RECORD for step in self.steps)


@dataclass
class Judge:
    """One question: what brings ``found`` to ``wanted``, the heads of the code where it is None.

    ``accept`` names revisions that may be run, or gone back to, although that can destroy data; ``assume`` those that
    are only recorded as done. ``served`` are the revisions of the code that made the tables, None where no backend is
    there to tell; it counts only where alembic's record does not say which were run.
    """

    code: Code
    found: Found
    wanted: str | None = None
    accept: Sequence[str] = ()
    assume: Sequence[str] = ()
    served: frozenset[str] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether alembic's record says what was run. One of revisions that change nothing says no more than none."""
        return any(self.code.by_id[name].sql != "" for name in self.code.closure(self.found.stamps or ()))

    def migration(self) -> Migration:
        """The answer. Raises InputError with all that stands in the way."""
        self._refuse_unknown()
        before = tuple(sorted(self.found.stamps or ()))
        target = self.code.heads if self.wanted is None else [self.wanted]
        if not self.found.tables:
            return self._of_nothing(before)
        applied = self.code.closure(before)
        undone = self._after(self.wanted, applied) if self.wanted in applied else set()
        if undone:
            return self._back(before, applied, undone)
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
            creates=self.found.stamps is None,
        )

    def _refuse_unknown(self) -> None:
        unknown = sorted(set(self.found.stamps or ()) - set(self.code.by_id))
        if unknown:
            raise InputError(
                f"The database is at revision {', '.join(unknown)}, which this version of the backend does not have: "
                "the database is newer than the code",
                hint="Use the version that it was migrated with, or restore a backup of before.",
                unknown=unknown,
            )
        refuse_misspelt(self.code, [*self.accept, *self.assume, *([self.wanted] if self.wanted else [])])

    def _of_nothing(self, before: tuple[str, ...]) -> Migration:
        if before:
            raise InputError(
                f"alembic_version says {', '.join(before)}, and there is no other table in the database",
                hint="Is login_db the right one? If its tables were dropped on purpose, drop alembic_version too.",
            )
        if self.wanted:
            raise InputError(
                f"The database has no tables yet: it cannot be brought to revision {self.wanted}",
                hint="The backend makes its tables when it first starts: deploy it, and migrate then.",
            )
        return Migration(EMPTY, (), ())

    def _after(self, revision: str | None, applied: set[str]) -> set[str]:
        """Those of ``applied`` that need ``revision``."""
        return {name for name in applied if name != revision and revision in self.code.closure([name])}

    def _back(self, before: tuple[str, ...], applied: set[str], undone: set[str]) -> Migration:
        if self.wanted not in self.accept:
            raise InputError(
                f"The database is at {', '.join(before)}: to go back to {self.wanted} means to undo "
                f"{', '.join(revision.id for revision in reversed(self.code.ordered(undone)))}, and their data is lost",
                hint=f"If that is what you want, name {self.wanted} in accept as well.",
            )
        steps = [Step(revision, UNDO, "it comes after") for revision in reversed(self.code.ordered(undone))]
        return Migration(AHEAD, before, self.code.tips(applied - undone), tuple(steps))

    def _steps(self, missing: set[str]) -> list[Step]:
        steps: list[Step] = []
        problems: list[str] = []
        running: set[str] = set()
        if not self.is_recorded:
            self._refuse_foreign()
        for revision in self.code.ordered(missing):
            # What comes after one that is run was not made by the application either.
            after_run = bool(running & self.code.closure([revision.id]))
            made = False if self.is_recorded or after_run else self._was_made_with(revision)
            action, reason = self._action(revision, made)
            danger = DANGERS.get(revision.id)
            if action == RUN and danger and revision.id not in self.accept:
                problems.append(f"Revision {revision.id} is not run unasked: {danger}")
            elif action not in (RUN, RECORD):
                problems.append(f"Revision {revision.id} is {action}: {reason}")
            if action == RUN:
                running.add(revision.id)
            steps.append(Step(revision, action, reason))
        if problems:
            raise InputError.of(
                problems,
                hint="Name a revision in accept to run it all the same, or in assume to record it as done without "
                "running it. Nothing was changed.",
            )
        return steps

    def _was_made_with(self, revision: Revision) -> bool | None:
        """Whether the code that made the tables has a revision; None where that is not known."""
        if self.served is not None:
            return revision.id in self.served
        return True if revision.id in FIRST_RELEASE else None

    def _action(self, revision: Revision, made: bool | None) -> tuple[str, str]:
        if revision.id in self.assume:
            return RECORD, "named in assume"
        if revision.sql == "":
            return RECORD, "it changes nothing"
        effect = Effect(more=True) if revision.sql is None else Effect.of(revision.sql)
        if made is None and not effect.shows and revision.id not in self.accept:
            return "undecided", "there is no container of a backend to tell whether the tables were made with it"
        there, columns, others = effect.divide(self.found)
        if made and not columns:
            # Whatever table is not there now the backend makes when it starts, or does without.
            lacking = f", but for {', '.join(others)}" if others else ""
            return RECORD, f"the backend made its tables{' without it' if revision.sql is None else lacking}"
        lacking = ", ".join([*columns, *others])
        if not there:
            return RUN, f"{lacking} not there" if lacking else "not recorded"
        if lacking and revision.id not in self.accept:
            return "half there", f"there is {', '.join(there)}, there is no {lacking}"
        if effect.more and revision.id not in self.accept:
            return "half there", f"there is {', '.join(there)}, but it changes more than that"
        return (RUN, "named in accept") if revision.id in self.accept else (RECORD, f"{', '.join(there)} there already")

    def _refuse_foreign(self) -> None:
        """A database without a record is the platform's only if some table that the revisions know is there."""
        effects = [Effect.of(revision.sql) for revision in self.code.revisions if revision.sql]
        if effects and not any(effect.concerns(self.found) for effect in effects):
            raise InputError(
                f"The database has {len(self.found.tables)} tables, and none that the platform's revisions know",
                hint="Is login_db the platform's database? Nothing was changed.",
            )

    def _is_too_short(self, steps: Sequence[Step]) -> bool:
        width = self.found.width
        return width is not None and any(len(step.revision.id) > width for step in steps)


def refuse_misspelt(code: Code, named: Sequence[str]) -> None:
    """Raise InputError for each of the revisions that an operator names and the code does not have."""
    strange = [name for name in dict.fromkeys(named) if name not in code.by_id]
    if strange:
        raise InputError.of(
            [f"This version of the backend has no revision {name}" for name in strange],
            hint=f"It has: {', '.join(sorted(code.by_id))}.",
        )
