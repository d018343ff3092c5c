# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply the rules of retention to conversations, search queries, audit rows and reset tokens.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._backup import paths
from .._backup.catalogue import Catalogue
from .._core import files
from .._core.errors import InputError
from .._core.plan import Plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from .._people import retention_plan, retention_repository, retention_rules, signatures, temporary_index
from .._people.deletion_records import DeletionRecords
from .._people.retention_batch import Batches
from .._people.retention_plan import Amount
from .._people.retention_rules import ANONYMIZE, CONVERSATIONS, DELETE, Rule, Stage
from .._people.retention_sql import SOURCES, Conditions
from .._people.signatures import SIGNING_OPTIONS
from .._postgres.connection import Database
from .._restore.backup_gate import Gate

RETENTION_OPTIONS: dict[str, Any] = {
    "rules": {"type": "list", "elements": "dict", "default": []},
    "platform_rules": {"type": "bool", "default": False},
    "limit": {"type": "int", "default": 50_000},
    "max_share": {"type": "int", "default": 50},
    "accept_share": {"type": "bool", "default": False},
    "record_dir": {"type": "path"},
    "run": {"type": "str"},
    **SIGNING_OPTIONS,
    "temporary_index": {"type": "bool", "default": True},
}
#: The second half of the advisory lock's key: one run at a time.
_LOCK = 0x7263
#: From so many conversations on an index of their messages pays.
_MANY = 36
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_PATHS = {name: {"type": "path"} for name in ("backup_dir", "record_dir", "signing_key")}


class RetentionWork(Work):
    """The work of convosphere_records."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.database = Database(call.params, read_only=call.check_mode)
        self.records = DeletionRecords(
            self.database,
            call.params["environment_name"],
            call.params["run"] or str(uuid.uuid4()),
            call.params["record_dir"] or "",
        )
        self.rules: list[Rule] = []
        self.now = ""
        self.amounts: list[Amount] = []
        self.ids: dict[Stage, list[str]] = {}
        self.done: dict[Stage, Counter[str]] = {}
        self.skipped: list[str] = []
        self.backup: str | None = None
        self.backup_missing: str | None = None
        #: The runs whose file an interrupted run left to this one, and the files that this one wrote.
        self.interrupted: list[str] = []
        self.written: list[str] = []

    def plan(self) -> Plan:
        """Choose the rows of each rule, and refuse what looks like a mistake or cannot be undone."""
        rules = self._read_rules()
        if not (rules or self.params["platform_rules"] or self.records.given):
            return Plan()
        if not self.call.check_mode:
            self.database.lock("records", _LOCK, self.params["lock_timeout"])
        named = self._complete(rules)
        retention_repository.check(self.database, retention_rules.stages(named))
        identified, problems, warnings = retention_repository.identified(self.database, rules)
        for sentence in warnings:
            self.call.warn(sentence)
        own = dict(zip(rules, identified))
        self.rules = [own.get(rule, rule) for rule in named]
        stages = retention_rules.stages(self.rules)
        if not self.records.directory:
            problems += [
                f"{stage.title}: record_dir is not set, which has the archive" for stage in stages if stage.moves
            ]
        if problems:
            raise InputError.of(problems, hint="Nothing was changed. Correct the rules.")
        totals = self._count(stages)
        self._refuse_excess(totals)
        if retention_plan.loses_data(self.amounts):
            self._require_backup()
            self._require_record()
        self.interrupted = self.records.unwritten()
        self.database.rollback()
        return retention_plan.changes(self.amounts, self.interrupted)

    def apply(self, plan: Plan) -> None:
        """Carry out the stages in the order of the rules, in batches."""
        if self.records.directory:
            files.make_private(self.records.directory)
        batches = Batches(self.database, self.rules, self.now, self.records.directory)
        many = any(
            len(ids) > _MANY and stage.rule.records == CONVERSATIONS and stage.action in (DELETE, ANONYMIZE)
            for stage, ids in self.ids.items()
        )
        with ExitStack() as held:
            if many and self.params["temporary_index"]:
                columns = temporary_index.needed(self.database, [("messages", "conversation_id")])
                self.database.rollback()
                held.enter_context(temporary_index.present(self.database, columns, self.call.warn))
            for stage, ids in self.ids.items():
                for batch in batches.run(stage, ids):
                    self.done[stage] = self.done.get(stage, Counter()) + batch.tables
                    if stage.loses_data:
                        self.records.add(stage, batch)
                    self.database.commit()
        self.written = [str(path) for path in map(self.records.write, self.records.unwritten()) if path]

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return what each stage did, or would do, and what it left."""
        return {
            "rules": [self._outcome(amount) for amount in self.amounts],
            "skipped_rules": self.skipped,
            "limit": self.params["limit"],
            "backup": self.backup,
            "backup_missing": self.backup_missing,
            "record_files": self.written,
            "unsigned": self.records.unsigned,
        }

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.database.close()

    def _read_rules(self) -> list[Rule]:
        """Return the rules of the inventory. Raises InputError with all problems of the options."""
        rules, problems = retention_rules.read(self.params["rules"])
        run = self.params["run"]
        if run and not _RUN.fullmatch(run):
            problems.append(f"run is '{run}': give letters, digits, dots, slashes, hyphens and underscores")
        if bool(run) != bool(self.params["record_dir"]):
            problems.append("run and record_dir belong together: the file of the record has the name of the run")
        if problems:
            raise InputError.of(problems, hint="Nothing was changed.")
        paths.refuse(_PATHS, self.params)
        if self.params["backup_dir"]:
            environment_directory.refuse_foreign_backups(
                Path(self.params["backup_dir"]), self.params["environment_name"]
            )
        self.records.keys = signatures.read(self.params)
        self.records.given = self.params["signatures"] or {}
        return rules

    def _complete(self, rules: list[Rule]) -> list[Rule]:
        """Add the platform's own rules. Its legal holds come first: a row belongs to the first rule about it."""
        self.now = retention_repository.now(self.database)
        if not self.params["platform_rules"]:
            return rules
        holds, further, self.skipped = retention_repository.platform_rules(self.database)
        for sentence in self.skipped:
            self.call.warn(sentence)
        return [*holds, *rules, *further]

    def _count(self, stages: Sequence[Stage]) -> dict[str, int]:
        held, limit = retention_repository.read_held(self.database), self.params["limit"]
        totals: dict[str, int] = {}
        amounts: dict[Stage, Amount] = {}
        for records in dict.fromkeys(stage.rule.records for stage in stages):
            own = [stage for stage in stages if stage.rule.records == records]
            conditions = Conditions(self.rules, records, held, self.now)
            totals[records], counts = retention_repository.count(self.database, conditions, own)
            for stage, (expired, on_hold) in zip(own, counts):
                amounts[stage] = Amount(stage, expired, on_hold, limit)
                if amounts[stage].taken:
                    self.ids[stage] = retention_repository.choose(self.database, conditions, stage, limit)
        self.amounts = [amounts[stage] for stage in stages]
        self.ids = {stage: self.ids[stage] for stage in stages if stage in self.ids}
        return totals

    def _refuse_excess(self, totals: dict[str, int]) -> None:
        problems = retention_plan.excessive(self.amounts, totals, self.params["max_share"])
        if problems and not self.params["accept_share"]:
            raise InputError.of(
                problems,
                hint="Nothing was changed. Check the rules; if they are right, set accept_share to true for this run.",
            )

    def _require_backup(self) -> None:
        """Find the backup that still has what is deleted. Raises InputError if none is good enough."""
        if self.params["skip_backup_gate"]:
            return
        environment, name = self.params["environment_name"], self.database.name
        objection: str | None = "backup_dir is not set, so that there is no backup"
        if self.params["backup_dir"]:
            revisions = retention_repository.schema_revisions(self.database)
            gate = Gate(name, environment, revisions, self.params["backup_max_age"])
            backups, _foreign = Catalogue(Path(self.params["backup_dir"])).read()
            chosen, objection = gate.choose(backups, datetime.now(timezone.utc))
            self.backup = chosen.manifest.id if chosen else None
        self.backup_missing = objection
        if objection and not self.call.check_mode:
            make, check = (f"ansible-playbook {verb}.yml -e env={environment}" for verb in ("backup", "backup_verify"))
            raise InputError(
                f"Cannot delete records of the database {name} without a backup that has them. {objection}",
                hint=f"Nothing was changed. Create and verify a backup: {make}, {check}; or set skip_backup_gate to"
                " true for this run.",
            )

    def _require_record(self) -> None:
        missing = self.records.missing_rights()
        if missing:
            raise InputError.of(missing, hint="Nothing was changed, because the deletion could not be recorded.")

    def _outcome(self, amount: Amount) -> dict[str, Any]:
        stage = amount.stage
        tables = self.done.get(stage, Counter())
        if self.call.check_mode and amount.taken:
            tables = Counter(retention_repository.predict(self.database, stage, self.ids[stage]))
        rows = tables[SOURCES[stage.rule.records].table]
        return {
            "rule": stage.rule.name,
            "records": stage.rule.records,
            "action": stage.action,
            "rows": rows,
            "remaining": amount.due - rows,
            "held": amount.held,
            "tables": {name: count for name, count in sorted(tables.items()) if count},
        }
