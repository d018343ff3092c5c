# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the role variables that count for one run only.

This table is the only place that describes them: the lookup ``one_off`` refuses them in an inventory by it, and
docs/playbooks.md is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OneOff:
    """A role variable that counts only in the run that it is given for; ``harmless`` is the value that does nothing."""

    name: str
    harmless: Any
    meaning: str
    parameter: str = ""


#: A value of these in an inventory, in facts or in a file of variables is refused by the roles.
ONE_OFFS = (
    OneOff("stack_confirm", harmless="", meaning="confirms teardown", parameter="confirm"),
    OneOff("stack_remove_volumes", harmless=False, meaning="removes the data at teardown", parameter="volumes"),
    OneOff("stack_skip_backup_gate", harmless=False, meaning="lets a deploy migrate without a verified backup"),
    OneOff("database_backup", harmless="", meaning="names the backup to restore", parameter="backup"),
    OneOff(
        "database_confirm",
        harmless="",
        meaning="confirms restore, restore_discard and the erasure of a person",
        parameter="confirm",
    ),
    OneOff(
        "database_force",
        harmless=False,
        meaning="restores a backup of another environment, database, PostgreSQL version or schema",
    ),
    OneOff(
        "database_restore_roles",
        harmless="require",
        meaning="creates or skips the roles that a restore does not find",
        parameter="restore_roles",
    ),
    OneOff("database_skip_backup_gate", harmless=False, meaning="lets a migration run without a verified backup"),
    OneOff("retention_accept_share", harmless=False, meaning="lets the rules of retention take more than their share"),
    OneOff("retention_skip_backup_gate", harmless=False, meaning="deletes records without a verified backup"),
)
