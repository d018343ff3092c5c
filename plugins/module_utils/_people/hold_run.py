# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Place and release a hold on a user, a conversation or an assistant.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .._app import audit_log
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._postgres import search_texts
from .._postgres.connection import DATABASE_OPTIONS, Database
from . import holds, person
from .holds import ASSISTANT, CONVERSATION, USER, Hold

PRESENT, ABSENT = "present", "absent"
HOLD_OPTIONS: dict[str, Any] = {
    **DATABASE_OPTIONS,
    "user": {"type": "str"},
    "conversation": {"type": "str"},
    "assistant": {"type": "str"},
    "reason": {"type": "str"},
    "held_by": {"type": "str"},
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
        self.database = Database(call.params, read_only=call.check_mode)
        self.kind = next(kind for kind in holds.KINDS if call.params[kind])
        self.id = ""
        self.held_by = call.params["held_by"] or audit_log.default_actor()
        #: All holds, once they were read.
        self.listed: list[Hold] = []

    def plan(self) -> Plan:
        """Find the subject, and compare its hold with the desired one."""
        if not self.check_mode:
            self.database.lock("holds", _LOCK, _LOCK_SECONDS)
        self.listed = holds.listed(self.database)
        self.id = self._find()
        name = f"{self.kind} {self.params[self.kind]}"
        reasons = [hold.reason for hold in self.listed if (hold.kind, hold.id) == (self.kind, self.id)]
        current = {name: {"reason": reasons[0]}} if reasons else {}
        if self.params["state"] == ABSENT:
            self.database.rollback()
            return make_plan({name: None}, current)
        missing = holds.missing_rights(self.database)
        self.database.rollback()
        if missing:
            raise InputError.of(missing, hint="Nothing was changed.")
        return make_plan({name: {"reason": self.params["reason"]}}, current)

    def apply(self, plan: Plan) -> None:
        """Place or release the hold, in one transaction."""
        if self.params["state"] == ABSENT:
            holds.release(self.database, self.kind, self.id)
        else:
            holds.place(self.database, self.kind, self.id, self.params["reason"], self.held_by)
        self.database.commit()
        self.listed = holds.listed(self.database)
        self.database.rollback()

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the holds of the platform: in check mode the current ones."""
        return {"kind": self.kind, "id": self.id, "holds": [dict(vars(hold)) for hold in self.listed]}

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.database.close()

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
