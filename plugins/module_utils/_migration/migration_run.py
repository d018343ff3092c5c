# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One migration from the first question to the last: read, judge, apply, and where it fails say where it stands.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from .._backup.catalogue import Backup, Catalogue
from .._core.errors import ConvosphereError, InputError
from .._core.plan import CREATE, DELETE, UPDATE, Change, Plan
from .._restore.backup_gate import Gate
from . import alembic_client
from .lock_holders import Blockers, Session
from .migration_plan import (
    RECORD,
    RUN,
    UNDO,
    Judge,
    Migration,
    Step,
)
from .revisions import Code
from .schema_repository import SchemaStore

NOT_KNOWN = "-- it looks into the database before it knows its statements"


class MigrationWork:
    """One run over one database. ``alembic`` is that of the backend's image, and ``code`` the image's revisions.

    They are not ``complete`` where an earlier run read them, for then their SQL is missing: where the database is at
    their end, it is not needed, and no container has to be started. ``served`` is asked for the revisions of the code
    that made the tables, as Judge has it, where alembic's record does not tell.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        alembic: alembic_client.Alembic,
        code: Code,
        served: Callable[[], frozenset[str] | None],
        *,
        complete: bool,
        check_mode: bool,
    ) -> None:
        self.params = params
        self.alembic = alembic
        self.check_mode = check_mode
        self.backup: Backup | None = None
        self.objection: str | None = None
        self.ended: list[Session] = []
        self.code = code
        self.served = served
        self.complete = complete
        self.store = SchemaStore(params, read_only=check_mode)
        self.target = self.store.target(params)
        if not check_mode:
            self.store.lock_out()
            alembic.remove_leftovers(self.target)

    def plan(self) -> Plan:
        """What is to be done. Raises InputError for what must not be, and for a migration without a backup."""
        self.migration = self._judge()
        if self.migration.touches_data and not self.params["skip_backup_gate"]:
            self._find_backup()
        return Plan(tuple(_changes(self.migration)))

    def apply(self, environment: Callable[[], Mapping[str, str]]) -> None:
        """Do it, step by step. ``environment`` is asked for what the backend runs with, if any code of its is run."""
        done: set[str] = self.code.closure(self.migration.before)
        try:
            self.store.prepare(create=self.migration.creates, widen=self.migration.widen)
            for action, group in groupby(self.migration.steps, lambda step: step.action):
                names = [step.revision.id for step in group]
                if action == RECORD:
                    done |= set(names)
                    self.store.record(self.code.tips(done))
                else:
                    self.store.commit()
                    self._run(action, names, environment())
                    done |= set(names)
        except ConvosphereError as error:
            raise self._failed(error) from error

    def verify(self) -> None:
        """See that the database says of itself what it should."""
        stands = self.store.read().stamps or ()
        if stands != self.migration.after:
            raise ConvosphereError(
                f"After the migration {self.store.name} is at {_listed(stands)}, not at {_listed(self.migration.after)}"
            )

    def _judge(self) -> Migration:
        found = self.store.read()
        at_the_end = found.tables and found.stamps == tuple(self.code.heads) and not self.params["revision"]
        if not self.complete and not at_the_end:
            self.code, self.complete = Code(self.alembic.revisions()), True
        judge = Judge(self.code, found, self.params["revision"], self.params["accept"], self.params["assume"])
        if found.tables and not at_the_end and not judge.is_recorded:
            judge.served = self.served()
        return judge.migration()

    def _find_backup(self) -> None:
        gate = Gate(
            self.store.name, self.params["environment_name"], self.migration.before, self.params["backup_max_age"]
        )
        if not self.params["backup_dir"]:
            self.objection = "There is no backup_dir to look for a backup in"
        else:
            backups, _foreign = Catalogue(Path(self.params["backup_dir"])).read()
            self.backup, self.objection = gate.choose(backups, datetime.now(timezone.utc))
        if self.objection and not self.check_mode:
            raise InputError(
                f"The database {self.store.name} is not migrated without a backup to go back to. {self.objection}",
                hint=f"Nothing was changed. Make one and verify it: {_playbook('backup.yml', self._environment)}, "
                f"{_playbook('backup_verify.yml', self._environment)}; or set skip_backup_gate to true.",
            )

    @property
    def _environment(self) -> str:
        return self.params["environment_name"] or "<environment>"

    def _run(self, action: str, names: list[str], environment: Mapping[str, str]) -> None:
        alembic = alembic_client.Alembic(
            self.alembic.image, self.alembic.docker_host, self.alembic.directory, environment=environment
        )
        seconds = self.params["migration_timeout"]
        blockers = Blockers(
            self.params, alembic_client.APPLICATION, self.params["idle_transaction_timeout"], self.ended
        )
        with blockers:
            if action == RUN:
                # alembic runs all that comes before a revision with it, in one transaction.
                alembic.upgrade(self.target, self.code.tips(names), seconds)
            elif action == UNDO:
                alembic.downgrade(self.target, [self.params["revision"]], seconds)

    def _failed(self, error: ConvosphereError) -> ConvosphereError:
        """The same error, with where the database stands before why the migration failed, and what to do after it."""
        stands = self._stands()
        text = f"The migration of {self.store.name} failed. {self._where(stands)}\n{error.message}"
        details = {**error.details, "revisions": list(stands or ()), "backup": self._backup_id}
        if self.ended:
            details["ended_sessions"] = self.ended_sessions()
        return type(error)(text, hint=self._what_now(stands, error), **details)

    def _stands(self) -> tuple[str, ...] | None:
        """Where the database stands, once nothing of this run works in it any more; None where that cannot be known.

        An alembic that was ended leaves its session behind, which works on in the server and may commit.
        """
        try:
            try:
                self.store.end_others()
            except ConvosphereError:  # the connection may be what failed, and the lock went with it
                self.store.connection.close()
                self.store = SchemaStore(self.params, read_only=False)
                self.store.lock_out()
            return self.store.read().stamps or ()
        except ConvosphereError:
            return None

    def _where(self, stands: tuple[str, ...] | None) -> str:
        before = self.migration.before
        if stands is None:
            return f"Where it stands cannot be known now; it was at {_listed(before)}."
        if stands == before:
            return f"It stands at {_listed(stands)}, as before: nothing of it is left in the database."
        done = self.code.closure(stands) ^ self.code.closure(before)
        return (
            f"It stands at {_listed(stands)}; it was at {_listed(before)}. Done: "
            f"{', '.join(step.revision.id for step in self.migration.steps if step.revision.id in done)}."
        )

    def _what_now(self, stands: tuple[str, ...] | None, error: ConvosphereError) -> str:
        hint = f"{error.hint} " if error.hint else ""
        if stands == self.migration.before:
            return f"{hint}Nothing has to be restored. The next run begins where this one stopped."
        if self.backup is None:
            return f"{hint}Nothing was restored. No backup is known that was made for this migration."
        restore = f"{_playbook('restore.yml', self._environment)} -e backup={self._backup_id}"
        return f"{hint}Nothing was restored. To go back: {restore} -e confirm={self._environment}"

    @property
    def _backup_id(self) -> str | None:
        return self.backup.manifest.id if self.backup else None

    def ended_sessions(self) -> list[dict[str, Any]]:
        """Those that were in the way of a revision and were ended."""
        return [asdict(session) for session in self.ended]

    def report(self) -> dict[str, Any]:
        """The module's return values."""
        migration = self.migration
        return {
            "situation": migration.situation,
            "revisions_before": list(migration.before),
            "revisions": list(migration.after),
            "heads": self.code.heads,
            "steps": [
                {"revision": step.revision.id, "action": step.action, "reason": step.reason} for step in migration.steps
            ],
            "ended_sessions": self.ended_sessions(),
            "backup": self._backup_id,
            "backup_missing": self.objection,
        }


def _changes(migration: Migration) -> Iterator[Change]:
    if not migration.steps:
        return
    before, after = {"revisions": list(migration.before)}, {"revisions": list(migration.after)}
    if migration.creates:
        yield Change("alembic_version", CREATE, None, after)
    else:
        yield Change("alembic_version", UPDATE, before, after)
    for step in migration.steps:
        fields = _shown(step)
        if step.action == UNDO:
            yield Change(f"revision {step.revision.id}", DELETE, fields, None)
        else:
            yield Change(f"revision {step.revision.id}", CREATE, None, fields)


def _shown(step: Step) -> dict[str, Any]:
    fields: dict[str, Any] = {"action": step.action, "reason": step.reason}
    if step.action == RUN:
        fields["sql"] = [NOT_KNOWN] if step.revision.sql is None else step.revision.sql.split("\n")
    return fields


def _listed(revisions: tuple[str, ...]) -> str:
    return ", ".join(revisions) or "no revision"


def _playbook(name: str, environment: str) -> str:
    return f"ansible-playbook {name} -e env={environment}"
