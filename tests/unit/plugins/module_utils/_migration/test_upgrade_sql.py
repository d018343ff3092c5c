# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Revision
from ansible_collections.convosphere.platform.plugins.module_utils._migration.release_schema import known, schema_record
from ansible_collections.convosphere.platform.plugins.module_utils._migration.revisions import Code
from ansible_collections.convosphere.platform.plugins.module_utils._migration.upgrade_sql import only_adds

NEW = 'CREATE TABLE public."notes" (id INTEGER NOT NULL, PRIMARY KEY (id))'


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [NEW],
        ["CREATE TABLE IF NOT EXISTS notes AS SELECT 1"],
        ["-- a comment\nALTER TABLE users ADD COLUMN phone VARCHAR(20)"],
        ["ALTER TABLE ONLY users ADD COLUMN IF NOT EXISTS phone TEXT REFERENCES phones (id)"],
        ["ALTER TABLE users ADD COLUMN active BOOLEAN DEFAULT true NOT NULL"],
        ["ALTER TABLE users ADD COLUMN number BIGSERIAL NOT NULL"],
        ["ALTER TABLE users ADD COLUMN label TEXT GENERATED ALWAYS AS ('x') STORED NOT NULL"],
        ["CREATE INDEX i ON users (email)", "COMMENT ON TABLE users IS 'x'", "CREATE TYPE mood AS ENUM ('a')"],
        [NEW, "CREATE UNIQUE INDEX i ON notes (id)", "INSERT INTO notes (id) VALUES (1)"],
        ["ALTER TABLE notes ADD CONSTRAINT c CHECK (id > 0)", NEW],
    ],
)
def test_an_upgrade_that_only_adds_leaves_the_older_version_working(statements):
    assert only_adds(";\n\n".join(statements))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE users",
        "ALTER TABLE users DROP COLUMN phone",
        "ALTER TABLE users ADD COLUMN phone TEXT NOT NULL",
        "ALTER TABLE users ADD COLUMN id2 INTEGER PRIMARY KEY",
        "ALTER TABLE users ADD COLUMN phone TEXT, DROP COLUMN email",
        "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)",
        "ALTER TABLE users ALTER COLUMN role TYPE user_role",
        "ALTER TYPE userrole ADD VALUE 'OWNER'",
        "CREATE UNIQUE INDEX i ON users (email)",
        "UPDATE users SET role = 'USER'",
        "INSERT INTO users (id) VALUES (1)",
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); END $$",
        "CREATE TRIGGER t BEFORE INSERT ON users EXECUTE FUNCTION f()",
    ],
)
def test_anything_else_does_not(statement):
    assert not only_adds(statement)
    assert not only_adds(f"{NEW};\n{statement};")


def test_statements_that_are_not_known_do_not():
    assert not only_adds(None)


def test_the_effects_survive_a_record_that_has_no_statements():
    class Recorded:
        recorded_schema = schema_record("sha256:1", Code([Revision("b", ("a",), adds=True), Revision("a")]))

    code = known(Recorded(), "sha256:1")  # type: ignore[arg-type]

    assert Recorded.recorded_schema["adds"] == ["b"]
    assert code is not None
    assert schema_record("sha256:1", code) == Recorded.recorded_schema


def test_a_record_without_effects_says_that_none_only_adds():
    class Recorded:
        recorded_schema = {"image_id": "sha256:1", "heads": ["a"], "revisions": {"a": []}}

    code = known(Recorded(), "sha256:1")  # type: ignore[arg-type]

    assert code is not None
    assert schema_record("sha256:1", code)["adds"] == []
