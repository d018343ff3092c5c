# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Place and release a hold on a user, a conversation or an assistant.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._app import audit_log
from .._backup import paths
from .._backup.copies import TARGETS_OPTION
from .._backup.register_copies import Registers
from .._core import files
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from .._people import holds, person, registers, signatures
from .._people.holds import ASSISTANT, CONVERSATION, HOLDS, USER, Hold
from .._people.signatures import SIGNING_OPTIONS
from .._postgres import search_texts
from .._postgres.connection import DATABASE_OPTIONS, Database

PRESENT, ABSENT = "present", "absent"
HOLD_OPTIONS: dict[str, Any] = {
    **DATABASE_OPTIONS,
    **SIGNING_OPTIONS,
    **environment_directory.ENVIRONMENT_OPTION,
    "user": {"type": "str"},
    "conversation": {"type": "str"},
    "assistant": {"type": "str"},
    "reason": {"type": "str"},
    "held_by": {"type": "str"},
    "backup_dir": {"type": "path", "required": True},
    "copy_to": TARGETS_OPTION,
    "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
}
#: The second half of the advisory lock's key, that of an erasure: a hold and an erasure never run at the same time.
_LOCK = 0x7065
_LOCK_SECONDS = 60
_EXISTS = {
    CONVERSATION: "SELECT id::text FROM conversations WHERE id = %s",
    ASSISTANT: "SELECT id::text FROM assistants WHERE id = %s",
}


class HoldWork(Work):
    """The work of convosphere_hold."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.check_mode = call.check_mode
        self.warn = call.warn
        self.database = Database(call.params, read_only=call.check_mode)
        self.register = Registers(HOLDS, call.params)
        self.kind = next(kind for kind in holds.KINDS if call.params[kind])
        self.id = ""
        self.held_by = call.params["held_by"] or audit_log.default_actor()
        #: All holds and releases of the database; and those that it or a register has.
        self.recorded: list[Hold] = []
        self.known: list[Hold] = []

    def plan(self) -> Plan:
        """Find the subject, and compare its hold, and all that the database and the registers lack, with the desired.

        What only a register knows is brought into the database, too: a backup may have been loaded by hand.
        """
        paths.refuse(HOLD_OPTIONS, self.params)
        environment_directory.refuse_foreign_backups(Path(self.params["backup_dir"]), self.params["environment_name"])
        keys = signatures.read(self.params)
        if not self.check_mode:
            self.database.lock("holds", _LOCK, _LOCK_SECONDS)
        self.recorded = holds.recorded(self.database)
        self.id = self._find()
        self.known = holds.merged(self.recorded, self.register.read(keys, self.warn))
        missing = holds.missing_rights(self.database) if self.known or self.params["state"] == PRESENT else []
        self.database.rollback()
        if missing:
            raise InputError.of(missing, hint="Nothing was changed.")
        predicted = self._predicted()
        current = self._named([hold for hold in self.recorded if hold.is_active])
        return make_plan(self._named(predicted), current) + self.register.plan(predicted)

    def apply(self, plan: Plan) -> None:
        """Place or release the hold in one transaction; then write the registers, first that beside the backups."""
        files.make_private(Path(self.params["backup_dir"]))
        holds.adopt(self.database, [hold for hold in self.known if hold not in self.recorded])
        if self.params["state"] == ABSENT:
            holds.release(self.database, self.kind, self.id)
        elif self._current is None or self._current.reason != self.params["reason"]:
            holds.place(self.database, self.kind, self.id, self.params["reason"], self.held_by)
        self.database.commit()
        self.known = holds.recorded(self.database)
        self.database.rollback()
        self.register.write(self.known)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the holds of the platform: in check mode the current ones."""
        return {
            "kind": self.kind,
            "id": self.id,
            "holds": [hold.described for hold in self.known if hold.is_active],
            "file": self.register.path,
            "file_copies": self.register.titles,
            "unsigned": {HOLDS.name: self.register.unsigned} if self.register.unsigned else {},
        }

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.database.close()

    @property
    def _entry(self) -> Hold | None:
        """The hold on the subject, or its release."""
        return next((hold for hold in self.known if (hold.kind, hold.id) == (self.kind, self.id)), None)

    @property
    def _current(self) -> Hold | None:
        """The hold on the subject, if there is one."""
        return self._entry if self._entry and self._entry.is_active else None

    def _predicted(self) -> list[Hold]:
        """Return what the database will know."""
        now, current = datetime.now(timezone.utc), self._current
        changed_at = registers.time_text(now, self._entry.changed_at if self._entry else "")
        if self.params["state"] == ABSENT:
            changed = current and replace(current, reason="", held_by="", changed_at=changed_at, released_at=changed_at)
        elif current and current.reason == self.params["reason"]:
            changed = None
        else:
            since = current.since if current else holds.since_text(now)
            changed = Hold(self.kind, self.id, self.params["reason"], self.held_by, since, changed_at)
        others = [hold for hold in self.known if (hold.kind, hold.id) != (self.kind, self.id)]
        return holds.merged(others, [changed]) if changed else self.known

    def _named(self, entries: Sequence[Hold]) -> dict[str, Any]:
        """Return holds, and None for released ones, by the names of their subjects: the own one has the given name."""
        own = (self.kind, self.id)
        return {
            f"{hold.kind} {self.params[self.kind] if (hold.kind, hold.id) == own else hold.id}": (
                {"reason": hold.reason} if hold.is_active else None
            )
            for hold in entries
        }

    def _find(self) -> str:
        """Return the id of the subject. Raises InputError if it does not exist, unless a hold on it is released."""
        given = str(self.params[self.kind])
        if self.kind == USER:
            self.database.columns("users", person.COLUMNS)
            found = person.find(self.database, given)
            if found:
                return found.id
        elif not search_texts.is_uuid(given):
            raise InputError(f"{self.kind} is '{given}': give its id, a UUID", hint="Nothing was changed.")
        else:
            rows = self.database.fetch(_EXISTS[self.kind], (given,))
            if rows:
                return str(rows[0][0])
        # It may be gone by other means: the hold can still be released.
        if self.params["state"] == ABSENT and search_texts.is_uuid(given):
            return given.lower()
        raise InputError(f"There is no {self.kind} {given}", hint="Nothing was changed.")
