# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what a dump needs from the server, and require it before a verification or a restore loads the dump."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import database_comment

from support.dumps import BackupDirectory
from support.law import Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

RESTORE, VERIFY = "convosphere_db_restore", "convosphere_db_backup_verify"
KINDS = ("owner", "Reader's", "policed", "default", "column", "mapped", "blob", "installer", "temporary", "idle")
#: What each of these is needed for, and, by the last three, not needed for.
STATEMENTS = """
CREATE TABLE reports (id int, title text COLLATE "de-x-icu");
INSERT INTO reports SELECT i, 'r' FROM generate_series(1, 7) i;
ALTER TABLE reports OWNER TO {owner};
GRANT SELECT ON users TO {reader};
GRANT SELECT (email) ON users TO {column};
ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_few ON reports TO {policed} USING (id < 3);
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {default};
SET ROLE {installer};
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION postgres_fdw;
RESET ROLE;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR {mapped} SERVER elsewhere;
SELECT lo_create(4711);
ALTER LARGE OBJECT 4711 OWNER TO {blob};
"""
_NAMED = re.compile(r'(?:OWNER TO|TO|FOR ROLE|FOR) ("(?:[^"]|"")+"|\w+)(?: |;)')


class Reports:
    """A database with things that belong to several roles, and backups of it."""

    def __init__(self, database: PlatformDatabase, folder: Path) -> None:
        self.database = database
        self.backups = BackupDirectory(database, folder / "backups")
        stem = uuid.uuid4().hex[:8]
        self.roles = {kind: f"{kind} {stem}" for kind in KINDS}
        for role in self.roles.values():
            database.query(f'CREATE ROLE "{role}"')
        database.query(f'ALTER ROLE "{self.roles["installer"]}" SUPERUSER')
        quoted = {kind.split("'")[0].lower(): f'"{role}"' for kind, role in self.roles.items()}
        database.query(STATEMENTS.format(**quoted))

    @property
    def needed(self) -> list[str]:
        """The roles that a dump needs, except the platform's own."""
        return sorted(role for kind, role in self.roles.items() if kind not in KINDS[-3:])

    def lose(self) -> None:
        """Drop the roles and the kept databases."""
        for role in self.roles.values():
            if self.exists(role):
                self.database.query(f'REASSIGN OWNED BY "{role}" TO convosphere')
                self.database.query(f'DROP OWNED BY "{role}"')
        for name in self.backups.databases():
            self.database.running.query(f'DROP DATABASE "{name}"')
        for role in self.roles.values():
            self.database.query(f'DROP ROLE IF EXISTS "{role}"')

    def exists(self, role: str) -> bool:
        """Return True if the role exists."""
        return bool(self.database.query("SELECT 1 FROM pg_roles WHERE rolname = %s", role))

    def current(self) -> list[str]:
        """Return the needed roles that exist."""
        return [role for role in self.needed if self.exists(role)]

    def owner(self) -> str:
        """Return the owner of the table."""
        return str(self.database.query("SELECT tableowner FROM pg_tables WHERE tablename = 'reports'")[0][0])

    def privileges(self) -> str:
        """Return the privileges of the table users."""
        rows = self.database.query("SELECT relacl::text FROM pg_class WHERE relname = 'users'")
        return str(rows[0][0])


@pytest.fixture
def reports(tables: Sandbox, tmp_path: Path) -> Iterator[Reports]:
    found = Reports(PlatformDatabase(tables), tmp_path)
    yield found
    found.lose()


def test_the_roles_in_the_manifest_are_those_that_the_dump_names(reports):
    database = reports.database
    record = reports.backups.describe()
    dump = ["pg_dump", "-U", "convosphere", "--schema-only", "-d", database.name]
    text = database.running.execute("postgres", *dump)[1]
    statements = [
        line for line in text.splitlines() if re.match(r"ALTER|GRANT|CREATE POLICY|CREATE USER MAPPING", line)
    ]
    named = {name.strip('"') for line in statements for name in _NAMED.findall(line)}

    assert record.requires["roles"] == sorted({*reports.needed, "convosphere"})
    assert {role for role in named if " " in role} == set(reports.needed) - {reports.roles["blob"]}
    assert record.requires["collations"] == ["de-x-icu"]
    assert record.requires["tablespaces"] == []
    assert {"pg_stat_statements", "postgres_fdw"} <= set(record.extensions)


def test_a_role_that_owns_nothing_of_a_database_is_not_needed_for_it(reports):
    database = reports.database
    role = reports.roles["owner"]
    name = f"{database.name}_own"
    database.running.query(f'CREATE DATABASE "{name}"')
    other = PlatformDatabase(database.running, name)
    other.query("CREATE EXTENSION pg_stat_statements")
    other.query(f'SET ROLE "{role}"; RESET ROLE; CREATE SCHEMA own AUTHORIZATION "{role}"')

    found = BackupDirectory(other, reports.backups.directory).describe().requires
    database.running.query(f'DROP DATABASE "{name}"')

    assert found["roles"] == [role]


def test_what_verification_loads_is_what_a_restore_loads(run_steps, reports):
    backups = reports.backups
    made = backups.back_up()
    restore = {**backups.options, "confirm": "dev", "backup": made.id, "force": True}
    names = ", ".join(reports.needed)
    missing = f"The backup {made.id} needs the roles {names}, which this server does not have"
    run_steps(VERIFY, [Step("with the roles", backups.options, changed=True)])
    reports.lose()
    run_steps(
        VERIFY,
        [
            Step("foreseen", {**backups.options, "force": True}, check=True, fails=missing),
            Step("without the roles", {**backups.options, "force": True}, fails=missing),
            Step("as files", {**backups.options, "force": True, "level": "checksum"}, changed=True),
        ],
    )
    assert backups.manifest(made.id)["verified"]["level"] == "restore", "a server that lacks roles says nothing of it"
    assert backups.manifest(made.id)["damaged_at"] is None

    created = {f"role {role}": {"login": False} for role in reports.needed}
    create = {**restore, "restore_roles": "create"}
    run = run_steps(
        RESTORE,
        [
            Step("refused", restore, fails=f"{missing}. Nothing was changed"),
            Step("foreseen", create, check=True, changed=True),
            Step("created", create, changed=True, returns={"skipped": []}),
        ],
    )
    for name in ("foreseen", "created"):
        after = run.task(name).result["diff"]["after"]
        assert {key: value for key, value in after.items() if key.startswith("role ")} == created
    assert reports.current() == reports.needed
    assert reports.owner() == reports.roles["owner"]
    assert reports.roles["Reader's"] in reports.privileges()
    assert reports.database.query(
        "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname = ANY (%s)", reports.needed
    ) == [(0,)]


def test_roles_that_are_skipped_are_gone_and_named_and_those_that_are_there_are_used(run_steps, reports):
    backups, database = reports.backups, reports.database
    made = backups.back_up()
    reports.lose()
    kept = reports.roles["Reader's"]
    database.query(f'CREATE ROLE "{kept}"')
    left = reports.roles["owner"]
    database.query(f'CREATE ROLE "{left}"')
    mark = {"role": "skipped", "of": database.name}  # left by an interrupted run
    database.query(database_comment.comment_statement(left, mark, None, kind="ROLE"))
    skip = {**backups.options, "confirm": "dev", "backup": made.id, "force": True, "restore_roles": "skip"}
    run = run_steps(RESTORE, [Step("foreseen", skip, check=True, changed=True), Step("skip", skip, changed=True)])

    skipped = [text.split(":")[0] for text in run.task("skip").result["skipped"]]
    assert skipped == [f"role {role}" for role in reports.needed if role != kept]
    assert run.task("foreseen").result["skipped"] == run.task("skip").result["skipped"]
    assert reports.current() == [kept]
    assert kept in reports.privileges()
    assert reports.owner() == "convosphere"
    assert database.query("SELECT count(*) FROM reports") == [(7,)]
    assert backups.manifest(made.id)["verified"]["level"] == "restore"


def test_a_backup_whose_manifest_does_not_say_what_it_needs_is_restored(run_steps, reports):
    backups = reports.backups
    made = backups.back_up()
    path = backups.directory / made.file_name
    path.write_text(re.sub(r',\n    "requires": \{.*?\n    \}', "", path.read_text(), flags=re.DOTALL))
    assert "requires" not in path.read_text()
    run_steps(VERIFY, [Step("verify", backups.options, changed=True)])
    run_steps(RESTORE, [Step("restore", {**backups.options, "confirm": "dev", "backup": made.id}, changed=True)])

    assert reports.owner() == reports.roles["owner"]
