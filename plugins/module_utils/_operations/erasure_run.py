# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erase a person from an environment: database, files, vectors; and record it in every ledger.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._app.audit_log import AUDIT_OPTIONS, Trail
from .._backup import backups_of_person, paths
from .._backup.catalogue import Scope
from .._backup.copies import TARGETS_OPTION
from .._backup.register_copies import Registers
from .._backup.retention import RETENTION_OPTIONS
from .._core import files
from .._core.errors import InputError
from .._core.plan import DELETE as REMOVED
from .._core.plan import Change, Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import confirmation
from .._host import environment_directory
from .._people import erasure, erasure_ledger, holds, person, registers, signatures
from .._people.erasure import Erasure
from .._people.erasure_ledger import DELETE, LEDGER, MODES, Entry
from .._people.erasure_steps import ERASED, Choice
from .._people.holds import HOLDS, Hold
from .._people.outside import PLACE_OPTIONS, Content, Places
from .._people.person import Person
from .._people.signatures import SIGNING_OPTIONS
from .._postgres.connection import DATABASE_OPTIONS, Database
from .._restore.database_server import Server
from .._restore.side_databases import SideDatabases
from .._stack import project_owner

HAND_OVER = "hand_over"
ERASURE_OPTIONS: dict[str, Any] = {
    **DATABASE_OPTIONS,
    **AUDIT_OPTIONS,
    **PLACE_OPTIONS,
    **SIGNING_OPTIONS,
    **confirmation.CONFIRM_OPTION,
    "environment_name": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": list(MODES), "default": DELETE},
    "assistants_to": {"type": "str"},
    "documents": {"type": "str", "choices": [DELETE, HAND_OVER], "default": DELETE},
    "backup_dir": {"type": "path", "required": True},
    "copy_to": TARGETS_OPTION,
    "retention": {"type": "dict", "options": RETENTION_OPTIONS},
    "batch_size": {"type": "int", "default": erasure.BATCH},
    "lock_timeout": {"type": "int", "default": 60},
}
#: The second half of the advisory lock's key: one erasure at a time.
_LOCK = 0x7065
_ENGINE_SECONDS = 60


class ErasureRun(Work):
    """The work of convosphere_person_erasure."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.directory = Path(self.params["backup_dir"])
        self.database = Database(self.params, read_only=call.check_mode)
        self.trail = Trail(self.database, self.params, "user")
        self.outside = Places(self.params)
        self.ledger = Registers(LEDGER, self.params)
        self.holds = Registers(HOLDS, self.params)
        #: The finished erasures that the files of the ledger have, and the holds in force.
        self.filed: list[Entry] = []
        self.placed: list[Hold] = []
        #: None if the person is erased already.
        self.erasure: Erasure | None = None
        self.content = Content()
        self.counts: dict[str, dict[str, int]] = erasure.sum_of()
        #: The databases that restores have kept: they still have the person.
        self.kept: list[str] = []
        self.left: tuple[dict[str, int], list[dict[str, str]]] = {}, []
        #: The entry of the person, once it is done.
        self.entry: Entry | None = None

    def plan(self) -> Plan:
        """Find the person, count all rows, files and objects, and refuse what must not be erased."""
        paths.refuse(ERASURE_OPTIONS, self.params)
        environment_directory.refuse_foreign_backups(self.directory, self.params["environment_name"])
        if self.outside.are_given:
            client = engine_client.connect(self.params["docker_host"], _ENGINE_SECONDS)
            project_owner.refuse_foreign_project(client, self.params["project_name"], self.params["environment_name"])
        keys = signatures.read(self.params)
        if not self.call.check_mode:
            self.database.lock("the erasure of a person", _LOCK, self.params["lock_timeout"])
        self.database.columns("users", person.COLUMNS)
        server = Server(self.params, read_only=True)
        self.kept = SideDatabases(server, self.params["login_db"]).kept()
        server.close()
        self.filed = self.ledger.read(keys, self.call.warn)
        # A hold that only a register knows counts too: a backup may have been loaded by hand.
        # A release that only a register has does not count: to release a hold, the database has to be changed.
        known = holds.listed(self.database)
        filed = holds.merged(holds.recorded(self.database), self.holds.read(keys, self.call.warn))
        self.placed = [*known, *(hold for hold in filed if hold.is_active and hold not in known)]
        found = person.find(self.database, self.params["user"])
        return self._plan_erasure(found) if found and not found.is_erased else self._plan_ledger()

    def apply(self, plan: Plan) -> None:
        """Erase, and write the ledger: first beside the backups, then to the places of copies."""
        files.make_private(self.directory)
        if self.erasure:
            self._erase(self.erasure)
        entries = erasure_ledger.listed(self.database)
        self.database.rollback()
        self.ledger.write(entries)

    def verify(self, plan: Plan) -> None:
        """Search all tables for the person."""
        if self.erasure:
            self.left = self.erasure.leftovers(predicted=False)
            self.entry = self._known_entry()
            self.database.rollback()

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the counts, what is left in texts of others, and the backups that still have the person."""
        erased_at = self.entry.erased_at if self.entry else ""
        before = datetime.fromisoformat(erased_at.replace("Z", "+00:00")) if erased_at else datetime.now(timezone.utc)
        scope = Scope(self.params["environment_name"], self.params["login_db"])
        return {
            **self.counts,
            **self.content.counts,
            "unreachable_files": list(self.content.unreachable),
            "leftovers": self.left[0],
            "leftover_rows": self.left[1],
            "erased_at": erased_at,
            "mode": self.entry.mode if self.entry else self.params["mode"],
            "kept_databases": self.kept,
            "ledger": self.ledger.path,
            "ledger_copies": self.ledger.titles,
            "unsigned": {LEDGER.name: self.ledger.unsigned} if self.ledger.unsigned else {},
            "backups": backups_of_person.holding(self.directory, scope, before, self.params["retention"]),
        }

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.database.close()

    def _plan_erasure(self, found: Person) -> Plan:
        heir = self._heir(found)
        choice = Choice(self.params["mode"], heir is not None, self.params["documents"] == HAND_OVER)
        entry = erasure.new_entry(found, choice, heir.id if heir else None, self.trail.run)
        heir_id = heir.id if heir else None
        self.erasure = Erasure(self.database, found, choice, entry, heir_id, self.params["batch_size"], self.placed)
        problems = [*person.last_administrator(self.database, found), *self.erasure.problems()]
        if problems:
            raise InputError.of([f"Cannot erase {found.email}: {problem}" for problem in problems], hint=_UNCHANGED)
        self.trail.check()
        self.counts = self.erasure.counts()
        self.left = self.erasure.leftovers(predicted=True) if self.call.check_mode else ({}, [])
        paths_of_files, ids = self.erasure.outside()
        self.database.rollback()
        self.content = self.outside.find(paths_of_files, ids)
        self._refuse_unconfirmed(found)
        lost = {**self.counts, **self.content.counts}
        return make_plan({found.email: None}, {found.email: lost}) + self._ledger_plan(entry)

    def _refuse_unconfirmed(self, found: Person) -> None:
        def losses() -> list[str]:
            return [
                *(f"{count} rows of {table} are {action}" for action in self.counts for table, count in
                  self.counts[action].items()),
                *(f"{count} {name} are deleted" for name, count in self.content.counts.items() if count),
            ]  # fmt: skip

        confirmation.refuse_unconfirmed(
            self.params,
            f"This erases {found.email} from the environment {self.params['environment_name']} for good:",
            losses,
            check_mode=self.call.check_mode,
            warn=self.call.warn,
            expected=self.params["user"],
        )

    def _plan_ledger(self) -> Plan:
        """Return what the ledgers lack of a person who is erased already. Raises InputError for an unknown person."""
        self.entry = self._known_entry()
        if self.entry is None or not self.entry.is_done:
            raise InputError(
                f"There is no user with the e-mail address or id {self.params['user']}, and no erasure of one is "
                "recorded",
                hint=_UNCHANGED,
            )
        erased = Person(self.entry.user_id, self.params["user"], self.params["user"], "", "")
        choice = Choice(self.entry.mode, has_heir=True, documents_handed_over=True)
        self.left = Erasure(self.database, erased, choice, self.entry).leftovers(predicted=False)
        self.database.rollback()
        return self._ledger_plan()

    def _ledger_plan(self, begun: Entry | None = None) -> Plan:
        """Return what the files of the ledger lack, with the erasure that this run finishes."""
        predicted = erasure_ledger.listed(self.database)
        self.database.rollback()
        if begun:
            now = registers.time_text(datetime.now(timezone.utc))
            others = [entry for entry in predicted if entry.user_id != begun.user_id]
            predicted = [*others, replace(begun, begun_at=now, erased_at=now)]
        return self.ledger.plan(predicted)

    def _known_entry(self) -> Entry | None:
        """Return the last entry of the person, whom only the id or the hash of the address identifies by now."""
        who = self.params["user"]
        keys = {who.lower(), erasure_ledger.email_hash(who)}
        known = erasure_ledger.merged(erasure_ledger.listed(self.database), self.filed)
        return next((entry for entry in reversed(known) if keys & {entry.user_id, entry.email_hash}), None)

    def _heir(self, found: Person) -> Person | None:
        email = self.params["assistants_to"]
        if not email:
            if self.params["documents"] == HAND_OVER:
                raise InputError(
                    "documents is hand_over, and assistants_to names no user to take over", hint=_UNCHANGED
                )
            return None
        heir = person.find(self.database, email)
        if heir is None or heir.id == found.id or heir.status != "ACTIVE":
            reason = "does not exist" if heir is None else "is the person" if heir.id == found.id else "is not active"
            raise InputError(f"assistants_to: the user {email} {reason}", hint=_UNCHANGED)
        return heir

    def _erase(self, work: Erasure) -> None:
        parts: list[Mapping[str, Mapping[str, int]]] = []
        work.begin()
        # The rows of documents and conversations say what these are: they go first.
        self.outside.remove(self.content)
        for step, done in work.run_batches(self.call.warn):
            parts.append({step.action: {step.table: done}} if done else {})
        parts.append(work.finish(self._write_trail))
        self.counts = erasure.sum_of(*parts)

    def _write_trail(self) -> None:
        self.trail.write([(Change(ERASED, REMOVED, {"mode": self.params["mode"]}, None), "")])


_UNCHANGED = "Nothing was changed."
