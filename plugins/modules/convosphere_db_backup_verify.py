#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup_verify
short_description: Prove that backups of the platform's database can be restored
version_added: 1.0.0
description:
  - Reads backups and compares them with their manifests, or restores them into a throw-away database beside the live
    one, counts the rows of every table, reads the schema revision, and drops the database again.
  - Writes the verdict into the manifest. There are three, verified, corrupt and could not tell; a task that fails has
    the last two in C(failure.verdict), or by id in C(failure.verdicts) if there are several backups.
  - A backup is corrupt only by evidence about its file. Its bytes are not those that were written, a program that reads
    it without a server says that it is broken, or it does not hold what was counted at the dump. It loses its
    verification, until it is restored by this or by M(convosphere.platform.convosphere_db_restore), or is brought back
    from a copy; right checksums alone do not take that back.
  - A key that is missing or wrong, a container that does not run, or a program that was killed says nothing about a
    backup, and is an error of the task alone.
  - If the files are whole and the server rejects what is in them, the backup does not load here, and nobody can tell.
    The error has SQLSTATE, the server's hint and what to do, the manifest notes it as C(not_loaded), and the backup
    keeps the verification that it has. Retention counts such backups apart, so that no proven one makes room for them.
  - A backup that was verified by at least O(level), and whose files were not written since, is left alone, unless it is
    due again by O(reverify_after).
  - A dump is loaded as a restore loads it, with owners and privileges. If the server lacks roles, tablespaces,
    extensions or collations that it needs, the task fails and names them, after the other backups were verified. That
    says nothing of the backup, which stays as verified as it was.
  - Nothing is ever written to the live database. What a run left that was killed, the next one removes.
  - A backup that is encrypted is never unpacked to a disk, but streamed, which is slower. On the host that made it no
    O(identity_file) is needed for the first time, see M(convosphere.platform.convosphere_db_backup). Its one-run key is
    destroyed when it was verified by V(restore).
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.loading
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(force=true) every run is a change, and says so.
options:
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  backups:
    description:
      - The backups to verify. Each is an id, a label (the newest with it), the name or path of a file in
        O(backup_dir), V(latest), or V(all). It is an error if there is none.
      - It is one too where a newer backup that V(latest) or the label would mean has lost a file, or is cut short.
      - A label and V(latest) are looked for among the backups of O(login_db) and O(environment_name) only. V(all) is
        everything in the directory.
    type: list
    elements: str
    default: [latest]
    aliases: [backup]
  environment_name:
    description:
      - The environment, for example V(prod). A label and V(latest) are looked for among its backups.
      - O(backup_dir) and O(login_container) must belong to it, in check mode too, or nothing is changed.
    type: str
    required: true
  level:
    description:
      - V(checksum) compares sizes and checksums of all files with the manifest, and reads the table of contents of the
        dump. That of one that is encrypted is read only with O(identity_file).
      - V(restore) does the same and restores the database. It needs as much free space as the database had, and the
        rights of a restore, which are to create databases and to give what is in them to its owners.
    type: str
    choices: [checksum, restore]
    default: restore
  reverify_after:
    description:
      - After how many days a backup is verified again.
      - Each O(level) counts from the last time that it or more was done. V(checksum) does not put V(restore) off.
      - Not given means never, since its files have not been written to.
    type: int
  force:
    description: Whether to verify also what is verified.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_restore
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Prove the backup that was just made
  convosphere.platform.convosphere_db_backup_verify:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env

- name: Look once a month whether the disk has kept every backup as it was
  convosphere.platform.convosphere_db_backup_verify:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    backups: [all]
    level: checksum
    reverify_after: 30
"""

RETURN = r"""
backups:
  description:
    - The backups that were asked for, oldest first.
    - In check mode RV(backups[].verified) is what it was before.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id.
      type: str
      sample: convosphere-20261123T150102Z
    label:
      description: Its label; null without one.
      type: str
    action:
      description: V(verified) if it was, or in check mode would be, verified by this run; V(none) if it was before.
      type: str
      sample: verified
    verified:
      description: How it was verified, or null.
      type: dict
      contains:
        level:
          description: By what.
          type: str
          sample: restore
        at:
          description: When, in UTC. A later verification by less leaves it as it is.
          type: str
          sample: "2026-11-23T15:04:05Z"
        duration:
          description: How many seconds it took.
          type: float
        host:
          description: On which host.
          type: str
    tables:
      description: How many tables it has.
      type: int
      sample: 31
    rows:
      description: How many rows they have together.
      type: int
      sample: 120034
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import (
    dump_requirements,
    file_reader,
    paths,
    run_key,
    selection,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup import names as backup_names
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup, Catalogue, Scope
from ansible_collections.convosphere.platform.plugins.module_utils._backup.corruption import COULD_NOT_TELL
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import RESTORE
from ansible_collections.convosphere.platform.plugins.module_utils._backup.selection import ALL
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import UPDATE, Change, Plan
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import client_tools, connection
from ansible_collections.convosphere.platform.plugins.module_utils._restore import missing_roles, verification
from ansible_collections.convosphere.platform.plugins.module_utils._restore.side_databases import Scratch, Server
from ansible_collections.convosphere.platform.plugins.module_utils._restore.verification import Verifier
from ansible_collections.convosphere.platform.plugins.module_utils._stack import server_owner


class VerifyModule(ConvosphereModule):
    """Backups that are verified."""

    #: Why some of them could not be loaded here.
    obstacles: list[str]

    argument_spec = {
        **connection.DATABASE_OPTIONS,
        **client_tools.TOOLS_OPTIONS,
        **verification.VERIFY_OPTIONS,
        "backups": {"type": "list", "elements": "str", "default": ["latest"], "aliases": ["backup"]},
        **environment_directory.ENVIRONMENT_OPTION,
        "level": {"type": "str", "choices": ["checksum", "restore"], "default": "restore"},
        "reverify_after": {"type": "int"},
        "force": {"type": "bool", "default": False},
    }

    def plan(self) -> Plan:
        """Compare, and again under the lock where there is something to do."""
        self.obstacles = []
        paths.refuse(self.argument_spec, self.params)
        backup_names.refuse_unusable(self.params, "backups")
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        if self.params["level"] == RESTORE:
            server_owner.refuse_foreign_server(self.params)
        self.tools = client_tools.PostgresTools(self.params)
        self.server: Server | None = None
        plan = self.compare()
        if plan.changed and not self.check_mode:
            self.held.enter_context(self.catalogue.lock())
            plan = self.compare()  # another run may have verified or removed some until now
        return plan

    def compare(self) -> Plan:
        """One change for each backup that has to be verified. Raises InputError where that cannot be done."""
        self.chosen = self.choose()
        self.due = [backup for backup in self.chosen if self.is_due(backup)]
        level = self.params["level"]
        if any(backup.manifest.recipients for backup in self.due) and self.params["identity_file"]:
            file_reader.refuse_key(self.params["identity_file"])
        if self.due:
            self.connect() if level == RESTORE else self.find_programs()
        return Plan(
            tuple(
                Change(backup.manifest.id, UPDATE, {"verified": _told(backup)}, {"verified": {"level": level}})
                for backup in self.due
            ),
            tuple(backup.manifest.id for backup in self.chosen if backup not in self.due),
        )

    def choose(self) -> list[Backup]:
        """The backups that are meant, each once, oldest first."""
        names = self.params["backups"]
        every, foreign = self.catalogue.read()
        broken = [item for item in foreign if item.path.name.endswith(".manifest.json")]
        if ALL in names and broken:
            raise InputError.of([item.reason for item in broken], hint="Move away what is no backup any more.")
        found = selection.every(self.catalogue) if ALL in names else [self.find(name) for name in names]
        wanted = {backup.manifest.id for backup in found}
        return [backup for backup in every if backup.manifest.id in wanted]

    def find(self, name: str) -> Backup:
        """The one that is meant. Raises InputError where a newer one is broken, whose proof another one is not."""
        scope = Scope(self.params["environment_name"], self.params["login_db"])
        found = self.catalogue.find(name, scope=scope)
        broken = selection.skipped_since(self.catalogue, name, found)
        if broken:
            raise InputError.of(
                broken,
                hint=f"The newest whole one is {found.manifest.id}. Move away what is none any more, or give an id.",
            )
        return found

    def is_due(self, backup: Backup) -> bool:
        """Whether one has to be verified."""
        days = self.params["reverify_after"]
        after = None if days is None else timestamps.span("reverify_after", days, "days")
        now = datetime.now(timezone.utc)
        return self.params["force"] or not verification.is_verified(backup, self.params["level"], now, after)

    def find_programs(self) -> None:
        """See that what reads a dump's table of contents is there: without it no backup is looked at."""
        versions = [
            backup.manifest.database.server_version
            for backup in self.due
            if backup.manifest.database and run_key.is_readable(backup, self.params["identity_file"])
        ]
        if versions:
            # An older one does not read what a newer one has written.
            self.tools.major = max(int(version.split(".")[0]) for version in versions)
            self.tools.version("pg_restore")

    def connect(self) -> None:
        """Reach the server, and see that all can be restored there."""
        if self.server is None:
            self.server = Server(self.params, read_only=self.check_mode)
            self.held.callback(self.server.close)
            self.tools.require(self.server.version(), "pg_restore")
            self.tools.adopt(self.server.connection)
        self.obstacles = [problem for backup in self.due for problem in self.problems(self.server, backup)]
        self.due = [backup for backup in self.due if not self.problems(self.server, backup)]
        if self.check_mode or not self.due:
            self.complain()
        room = verification.missing_room(
            self.server, self.tools, max(verification.database_record(backup).size for backup in self.due)
        )
        if room:
            raise ConvosphereError(room, hint="Make room, or verify by level: checksum.")

    def problems(self, server: Server, backup: Backup) -> list[str]:
        """Return why a backup cannot be loaded here, which says nothing of the backup itself."""
        record, name = verification.database_record(backup), backup.manifest.id
        problems = dump_requirements.lacking(server.fetch, record).problems(name, roles=True)
        if not run_key.is_readable(backup, self.params["identity_file"]):
            problems.append(run_key.objection(backup))
        if int(record.server_version.split(".")[0]) > (self.tools.major or 0):
            problems.append(f"The backup {name} is of PostgreSQL {record.server_version}, newer than the server")
        return problems

    def complain(self) -> None:
        """Raise InputError that names the backups that could not be loaded here."""
        if self.obstacles:
            error = InputError.of(
                self.obstacles,
                hint="It was not verified, which says nothing of the backup itself. Give identity_file for one that is "
                "encrypted, add to the server what it lacks, for a role by CREATE ROLE ... NOLOGIN, or verify by "
                "level: checksum.",
            )
            error.details["verdict"] = COULD_NOT_TELL
            raise error

    def verify(self, _plan: Plan) -> None:
        """Fail if a backup could not be loaded here, after all others were verified."""
        self.complain()

    def apply(self, _plan: Plan) -> None:
        """Verify one after the other. One that is damaged does not keep the others from being verified."""
        settings = verification.settings(self.params)
        verifier = Verifier(self.catalogue, self.tools, self.server, **settings)
        self.clear()
        failures: list[str] = []
        verdicts: dict[str, str] = {}
        for backup in self.due:
            try:
                verified = verifier.run(backup, self.params["level"])
                self.chosen[self.chosen.index(backup)] = verified
            except ConvosphereError as error:
                error.details.setdefault("verdict", COULD_NOT_TELL)
                if len(self.due) == 1 and not self.obstacles:
                    raise
                failures.append(f"{backup.manifest.id}: {error}")
                verdicts[backup.manifest.id] = error.details["verdict"]
        if failures:
            failures += self.obstacles
            raise ConvosphereError("\n".join(failures), problems=failures, verdicts=verdicts)

    def clear(self) -> None:
        """Remove what killed runs left."""
        self.catalogue.clear_unfinished()
        run_key.RunKeys(self.catalogue.directory).clear(self.catalogue.read()[0])
        if self.server:
            live = self.params["login_db"]
            self.server.lock(live)
            Scratch(self.server, live).remove_leftovers()
            missing_roles.drop_leftovers(self.server, live)

    def report(self, plan: Plan) -> dict[str, Any]:
        """The backups as they are."""
        changed = {change.name for change in plan}
        return {"backups": [_described(backup, backup.manifest.id in changed) for backup in self.chosen]}


def _told(backup: Backup) -> dict[str, Any] | None:
    """What the manifest said until now, for the diff."""
    verified = backup.manifest.verified
    return {name: verified[name] for name in ("level", "at")} if verified else None


def _described(backup: Backup, verified: bool) -> dict[str, Any]:
    database = backup.manifest.database
    return {
        "id": backup.manifest.id,
        "label": backup.manifest.label,
        "action": "verified" if verified else "none",
        "verified": backup.manifest.verified,
        "tables": len(database.tables) if database else 0,
        "rows": sum(database.tables.values()) if database else 0,
    }


def main() -> None:
    VerifyModule.main()


if __name__ == "__main__":
    main()
