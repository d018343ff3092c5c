#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_restore
short_description: Bring the platform's database back from a backup, without a moment in which there is none
version_added: 1.0.0
description:
  - Restores a backup into a new database beside the live one, and compares every table's number of rows and the schema
    revision with the backup's manifest. Only then are the services stopped, connections ended, and the two databases
    renamed in one transaction.
  - Until that moment the platform goes on with the old database. What is written there meanwhile is not in the restored
    one, as nothing is that was written after the backup.
  - The old database is kept, under its own name with C(_before_) and the time, until O(state=discarded).
  - The new one belongs to the same owner, with the same privileges, settings, limit of connections and comment as the
    old one had as a database. Tables and all else in it are as they were backed up, owners included.
  - If a service ends or restarts again and again on the restored database, the old one is put back. The restored one is
    removed then, or kept as C(_rejected_) and the time where something was written to it. Killed at any moment, the old
    database or the new one is live, whole, and the next run carries on, starts the services and clears up.
  - Uploads and vectors are exchanged just before, and what is to be undone is written into the mark of the restored
    database first. Where a run is killed between, the next one, whichever backup it restores and with whichever
    O(include), puts back what was there. What was written meanwhile is kept with C(rejected) in its name, and
    O(state=discarded) is refused until then.
  - Restoring what is there already, with nothing written since, is no change. That is known for certain, from the
    transaction that each row carries, and takes as long as counting all rows. Of uploads the files and bytes are
    counted, of vectors the classes and objects.
  - Where anything was written since, the same backup is restored again. Discarding what a restore has replaced, days
    later, is therefore a state of its own, which restores nothing.
  - A backup that was not verified by a restore yet is by this one.
  - A backup has no roles, tablespaces, extensions and collations of the operating system. What the dump needs of them
    is in its manifest, and looked for on the server before anything is loaded, see O(restore_roles).
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.loading
  - convosphere.platform.engine
  - convosphere.platform.ownership.confirm
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(force=true) every run restores, and says so.
options:
  state:
    description:
      - V(restored) has the database be as O(backup) has it.
      - V(discarded) drops what all restores have kept of before, and of O(include) too. It needs no O(backup), touches
        neither the live database nor the services, and is refused where there is no live database.
    type: str
    choices: [restored, discarded]
    default: restored
  backup:
    description:
      - Required with O(state=restored), and not looked at otherwise.
      - The backup to restore. It is an id, a label (the newest with it), the name of a file in O(backup_dir),
        V(latest), V(latest_verified), or the path of a file of a backup in any directory.
      - A label, V(latest) and V(latest_verified) are looked for among the backups of O(environment_name) and
        O(login_db) only. One of another environment or database is restored by its id or file, with O(force=true).
    type: str
  backup_dir:
    description:
      - The directory of the backups on the managed host.
      - Required with O(state=restored), and not looked at otherwise.
    type: path
  environment_name:
    description:
      - The environment that is restored, for example V(prod). A backup of another one, as one of another
        database than O(login_db), is refused.
      - O(backup_dir), O(login_container) and the directory and containers of O(project_name) must belong to it, in
        check mode too, or nothing is changed.
    type: str
    required: true
  include:
    description:
      - What is restored. The database always is.
      - V(uploads) are unpacked in their volume, and V(vectors) brought to the vector store, beside what is there. While
        the services are stopped they are exchanged for it, and put back where the restore fails.
      - What was there is kept until O(state=discarded). The files are then in C(/app/uploads), in a directory of the
        name C(.convosphere_before_) and the time, which no backup includes, and the vectors in a backup of the store.
        The same with C(rejected) in place of C(before) is what had to be taken away again after somebody wrote to it.
    type: list
    elements: str
    choices: [database, uploads, vectors]
    default: [database]
  weaviate_api_key:
    description: The key for the vector store, where it does not answer without one.
    type: str
  vectors_timeout:
    description: How many seconds the vector store may take to set aside what it has, and to restore.
    type: int
    default: 600
  force:
    description:
      - Whether to restore a backup of another environment or database, of another major version of PostgreSQL, or with
        a schema revision that the backend does not know, and what seems to be restored already.
    type: bool
    default: false
  restore_roles:
    description:
      - What to do about roles that tables and privileges of the backup name, and the server does not have.
      - V(require) restores nothing if a role is missing, and names it.
      - V(create) creates them, without login, password and memberships, which no backup has.
      - V(skip) gives what they own to the owner of the database, and leaves out their privileges, and the policies of
        row security that are for them alone. RV(skipped) says so of each.
      - V(create) and V(skip) need an O(login_user) that may create roles. Roles that are there are used in any case.
    type: str
    choices: [require, create, skip]
    default: require
  known_revisions:
    description:
      - The schema revisions that the backend's code knows.
      - Not given means those of O(image).
    type: list
    elements: str
  image:
    description:
      - The image of the backend, which must be on the host, to read the revisions from that its code knows.
      - Not given, nor O(known_revisions), means that the revision is not looked at.
    type: str
  project_name:
    description:
      - The name of the Compose project whose services use the database, for example V(convosphere-dev).
      - Not given means that nothing is stopped nor started. Connections are ended all the same.
    type: str
  project_src:
    description:
      - The directory of C(compose.yaml) on the managed host.
      - Not given means the directory from which the project's containers were created, if it can be read.
    type: path
  services:
    description:
      - The services to stop before the databases are renamed, and to start afterwards.
      - They run when this is done, also those that did not run before. Those without a container are left alone.
    type: list
    elements: str
    default: [backend]
  stop_timeout:
    description:
      - How many seconds a container gets between SIGTERM and SIGKILL.
      - Not given means the container's own. The backend of ConvoSphere ignores SIGTERM, so that all of it is spent.
    type: int
  wait:
    description:
      - Whether to wait until the services are healthy, and to put the old database back if one of them ends or restarts
        again and again. One that runs and is not healthy within O(wait_timeout) fails the task only; the restored
        database stays.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the services.
    type: int
    default: 240
  drain_timeout:
    description: How many seconds other connections get to end what they are in the middle of.
    type: int
    default: 10
  analyze_timeout:
    description: How many seconds ANALYZE of the restored tables may take. What it has not done is left to autovacuum.
    type: int
    default: 600
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_backup_verify
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Bring back the last backup that is known to restore
  convosphere.platform.convosphere_db_restore:
    backup: latest_verified
    backup_dir: /var/backups/convosphere/prod
    environment_name: prod
    confirm: prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
    project_name: convosphere-prod

- name: Bring it back on a new host, without the roles that only the lost one had
  convosphere.platform.convosphere_db_restore:
    backup: latest_verified
    backup_dir: /var/backups/convosphere/prod
    environment_name: prod
    restore_roles: skip
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
    project_name: convosphere-prod

- name: Drop what was there before, now that everybody has looked at what was restored
  convosphere.platform.convosphere_db_restore:
    state: discarded
    environment_name: prod
    confirm: prod
    login_env_file: /opt/convosphere/prod/.env
    include: [database, uploads, vectors]
    project_name: convosphere-prod
"""

RETURN = r"""
backup:
  description: The backup that was meant; null with O(state=discarded).
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: convosphere-20261123T150102Z
    label:
      description: Its label; null without one.
      type: str
    created_at:
      description: When its snapshot was taken, in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    schema_revisions:
      description: The revisions of its schema.
      type: list
      elements: str
    rows:
      description: How many rows it has in all tables together.
      type: int
restored:
  description: Whether this run has restored it, or in check mode would.
  returned: success
  type: bool
skipped:
  description:
    - What was not restored of the backup, a sentence each, or in check mode would not be. Roles by
      O(restore_roles=skip), and subscriptions, which are never restored, since they would begin to copy.
  returned: success
  type: list
  elements: str
  sample: ["subscription orders: create it again where it is wanted"]
previous:
  description:
    - The name under which the database is kept that this run has replaced.
    - Null where it has replaced none, and in check mode.
  returned: success
  type: str
  sample: convosphere_before_20261123T160000Z
kept:
  description:
    - All databases that are kept of this and earlier restores, oldest first; in check mode those there are now.
    - With O(include) also C(uploads in) a directory, and C(vectors in) a backup of the vector store.
  returned: success
  type: list
  elements: str
discarded:
  description: What was dropped with O(state=discarded), or in check mode would be.
  returned: success
  type: list
  elements: str
duration:
  description: How many seconds the restore took; null where there was none.
  returned: success
  type: float
"""

import platform
import time
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import (
    file_reader,
    names,
    paths,
    run_key,
    selection,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup, Catalogue, Scope
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE, Change, Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import confirmation
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._migration import alembic_client
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import client_tools, connection
from ansible_collections.convosphere.platform.plugins.module_utils._restore import (
    missing_roles,
    service_stop,
    side_databases,
    verification,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore.component_restore import (
    RESTORE_OPTIONS,
    PartsRestore,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content
from ansible_collections.convosphere.platform.plugins.module_utils._restore.recovery import Halfway
from ansible_collections.convosphere.platform.plugins.module_utils._restore.restore_run import LIVE, Restorer
from ansible_collections.convosphere.platform.plugins.module_utils._restore.verification import Verifier
from ansible_collections.convosphere.platform.plugins.module_utils._stack import server_owner

RESTORED = "restored"
DISCARDED = "discarded"


class RestoreModule(ConvosphereModule):
    """The platform's database as a backup has it."""

    argument_spec = {
        **connection.DATABASE_OPTIONS,
        **client_tools.TOOLS_OPTIONS,
        **verification.VERIFY_OPTIONS,
        **service_stop.PAUSE_OPTIONS,
        **RESTORE_OPTIONS,
        "state": {"type": "str", "choices": [RESTORED, DISCARDED], "default": RESTORED},
        "backup": {"type": "str"},
        "backup_dir": {"type": "path"},
        **environment_directory.ENVIRONMENT_OPTION,
        **confirmation.CONFIRM_OPTION,
        "restore_roles": {"type": "str", "choices": list(missing_roles.HOWS), "default": missing_roles.REQUIRE},
        "force": {"type": "bool", "default": False},
        "known_revisions": {"type": "list", "elements": "str"},
        "image": {"type": "str"},
        "drain_timeout": {"type": "int", "default": 10},
        "analyze_timeout": {"type": "int", "default": 600},
    }
    rules = {"required_if": [("state", RESTORED, ("backup", "backup_dir"))]}
    restored = False
    previous: str | None = None
    duration: float | None = None

    def plan(self) -> Plan:
        """Look at what is there. What has to be done is held against it again under the locks."""
        paths.refuse(self.argument_spec, self.params)
        names.refuse_unusable(self.params, "backup")
        self.live = self.params["login_db"]
        self.scope = Scope(self.params["environment_name"], self.live)
        if self.live in (side_databases.MAINTENANCE, "template0", "template1"):
            raise InputError(f"The database {self.live} is PostgreSQL's own", hint="Give the platform's as login_db.")
        server_owner.refuse_foreign_server(self.params)
        self.server = side_databases.Server(self.params, read_only=self.check_mode)
        self.held.callback(self.server.close)
        self.scratch = side_databases.Scratch(self.server, self.live)
        self.halfway = Halfway(self.scratch, self.params)
        self.discarded: list[str] = []
        return self.plan_restore() if self.params["state"] == RESTORED else self.plan_discard()

    def plan_discard(self) -> Plan:
        """What restores have kept, all of it to be dropped. Raises InputError where it may be all there is."""
        self.others = PartsRestore(self.params, None)
        self.discarded = self.kept()
        if self.discarded:
            self.refuse_unconfirmed(f"This drops for good what restores of {self.where()} have kept:", self.discarded)
        if self.discarded and not self.check_mode:
            self.server.lock(self.live)
            self.discarded = self.kept()  # another run may have done it until now
        self.halfway.refuse()
        if self.discarded and self.live not in self.server.databases():
            raise InputError(
                f"There is no database {self.live}: what is kept of it may be all there is",
                hint=f"Nothing was changed. Restore a backup first. Kept are: {', '.join(self.discarded)}.",
            )
        return Plan(tuple(Change(name, DELETE, {"kept": True}, None) for name in self.discarded))

    def plan_restore(self) -> Plan:
        """Compare, and again under the locks where there is something to do."""
        given, own = Path(self.params["backup"]), Path(self.params["backup_dir"])
        if not self.params["force"]:  # by which another environment's backup is meant; nothing is changed there
            environment_directory.refuse_foreign_backups(own, self.params["environment_name"])
        self.catalogue = Catalogue(given.parent if given.is_absolute() else own)
        self.tools = client_tools.PostgresTools(self.params)
        self.pause = service_stop.Pause(self.params)
        self.tools.require(self.server.version(), "pg_restore")
        self.tools.adopt(self.server.connection)
        plan = self.compare()
        if self.restored:
            self.refuse_unconfirmed(self.step(), [f"database {self.live}"])
        if plan.changed and not self.check_mode:
            self.held.enter_context(self.catalogue.lock())
            self.pause.lock(self.held)
            self.server.lock(self.live)
            plan = self.compare()  # another run may have done something until now
        broken = selection.warning(self.catalogue, self.params["backup"], self.backup)
        if broken:
            self.warn(broken)
        return plan

    def step(self) -> str:
        """Say what a restore does, to somebody who has to confirm it."""
        backup, parts = _described(self.backup), " and ".join(["database", *self.others.kinds])
        return (
            f"This replaces the {parts} of {self.where()} by the backup {backup['id']} with {backup['rows']} rows. "
            f"What was written since {backup['created_at']} is not in it. What is there now is kept under another name:"
        )

    def where(self) -> str:
        """Name the environment and the host."""
        return f"{self.params['environment_name']} on {platform.node()}"

    def refuse_unconfirmed(self, step: str, objects: list[str]) -> None:
        """Raise InputError unless this was confirmed, with all that it concerns."""
        name, source = self.params["project_name"], self.params["project_src"]

        def losses() -> list[str]:
            lines = list(objects)
            if name:
                client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
                lines += [f"Compose project {name}", *([confirmation.directory_line(Path(source))] if source else [])]
                lines += confirmation.project_objects(client, self.params["docker_host"], name)
            return lines

        confirmation.refuse_unconfirmed(self.params, step, losses, check_mode=self.check_mode, warn=self.warn)

    def compare(self) -> Plan:
        """What is to be restored, recorded and started. Raises InputError where it must not be."""
        self.backup = self.catalogue.find(self.params["backup"], scope=self.scope)
        self.others = PartsRestore(self.params, self.backup)
        present = self.present()
        wanted = {"backup": self.backup.manifest.id, "written_since": False, **self.parts(str(self.others))}
        restore = self.halfway.plan() + make_plan({self.live: wanted}, {self.live: present} if present else {})
        if restore.changed:
            self.refuse()
            restore += self.roles.plan()
            restore += make_plan({self.backup.manifest.id: {"verified": "restore"}}, self.verified())
        self.restored = restore.changed
        return restore + self.pause.plan()

    def present(self) -> dict[str, Any] | None:
        """What the live database was restored from, and whether it is still that; None where there is no database."""
        found = self.server.databases().get(self.live)
        if found is None:
            return None
        record = self.backup.manifest.file("database")
        told: dict[str, Any] = {"backup": found.mark.get("backup"), "written_since": None}
        if self.halfway.found():
            return told  # whatever it was restored from, what belongs to it is not there
        if not found.is_ours(self.live, LIVE) or found.mark.get("sha256") != record.sha256:
            return told
        parts = found.mark.get("parts") or {}
        told.update(self.parts(", ".join(kind for kind in self.others.kinds if kind in parts)))
        if self.params["force"]:
            return told
        with Content(self.params, self.live) as content:
            same: bool | None = content.is_as(found.mark.get("state") or {})
        if same and self.others.kinds:
            same = self.others.is_as(parts)
        return {**told, "written_since": None if same is None else not same}

    def parts(self, restored: str) -> dict[str, str]:
        """What a plan says of uploads and vectors, nothing where they are not asked for."""
        return {"parts": restored} if self.others.kinds else {}

    def kept(self) -> list[str]:
        """What this and earlier restores have kept."""
        return self.scratch.kept() + self.others.earlier()

    def verified(self) -> dict[str, dict[str, Any]]:
        """What the manifest says of the verification, which the restore is one of."""
        verified = self.backup.manifest.verified
        return {self.backup.manifest.id: {"verified": verified["level"] if verified else None}}

    def refuse(self) -> None:
        """Raise InputError that names every reason not to restore this backup here."""
        record = verification.database_record(self.backup)
        backup = f"The backup {self.backup.manifest.id}"
        if not run_key.is_readable(self.backup, self.params["identity_file"]):
            raise InputError(run_key.objection(self.backup), hint="Nothing was changed. Give identity_file.")
        if self.backup.manifest.recipients and self.params["identity_file"]:
            file_reader.refuse_key(self.params["identity_file"])
        problems = self.scope.objections(self.backup.manifest)
        if int(record.server_version.split(".")[0]) != self.tools.major:
            problems.append(f"{backup} is of PostgreSQL {record.server_version}, and the server is {self.tools.major}")
        unknown = sorted(set(record.schema_revisions) - self.revisions(record.schema_revisions))
        if unknown:
            problems.append(f"{backup} is at schema revision {', '.join(unknown)}, which the backend does not know")
        if problems and not self.params["force"]:
            raise InputError.of(problems, hint="Nothing was changed. Where that is meant, give force: true.")
        self.roles = missing_roles.find(self.server, self.live, self.backup.manifest, self.params["restore_roles"])
        self.others.check()
        self.halfway.check()
        room = verification.missing_room(self.server, self.tools, record.size)
        if room:
            raise ConvosphereError(room, hint="Nothing was changed. Make room, for example by state: discarded.")

    def revisions(self, unasked: tuple[str, ...]) -> set[str]:
        """The revisions that the backend's code knows; ``unasked`` where nothing says which those are."""
        if self.params["known_revisions"] is not None:
            return set(self.params["known_revisions"])
        if not self.params["image"]:
            return set(unasked)
        code = alembic_client.Alembic(self.params["image"], self.params["docker_host"])
        return {revision.id for revision in code.revisions()}

    def apply(self, _plan: Plan) -> None:
        """Clear up what killed runs left, restore, and have the services run; or drop what is no longer wanted."""
        self.scratch.remove_leftovers()
        missing_roles.drop_leftovers(self.server, self.live)
        if self.params["state"] == DISCARDED:
            self.discard()
            return
        self.catalogue.clear_unfinished()
        run_key.RunKeys(self.catalogue.directory).clear(self.catalogue.read()[0])
        self.halfway.undo(self.pause)
        began = time.monotonic()
        if self.restored:
            verifier = Verifier(self.catalogue, self.tools, self.server, **verification.settings(self.params))
            bounds = (self.params["drain_timeout"], self.params["analyze_timeout"])
            restorer = Restorer(
                verifier, self.server, self.pause, self.live, *bounds, self.warn, self.others, self.roles
            )
            self.previous = restorer.run(self.backup)
            self.duration = round(time.monotonic() - began, 1)
        else:
            self.pause.start()

    def discard(self) -> None:
        """Drop just what the plan names."""
        for name in self.scratch.kept():
            self.scratch.drop(name)
        self.others.discard()

    def report(self, _plan: Plan) -> dict[str, Any]:
        """What was restored, and what there is of before."""
        return {
            "backup": _described(self.backup) if self.params["state"] == RESTORED else None,
            "restored": self.restored,
            "skipped": self.roles.skipped() if self.restored else [],
            "previous": self.previous,
            "kept": self.kept(),
            "discarded": self.discarded,
            "duration": self.duration,
        }


def _described(backup: Backup) -> dict[str, Any]:
    manifest, record = backup.manifest, verification.database_record(backup)
    return {
        "id": manifest.id,
        "label": manifest.label,
        "created_at": timestamps.format_time(manifest.created_at),
        "schema_revisions": list(record.schema_revisions),
        "rows": sum(record.tables.values()),
    }


def main() -> None:
    RestoreModule.main()


if __name__ == "__main__":
    main()
