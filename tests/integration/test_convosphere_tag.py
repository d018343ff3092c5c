# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from contextlib import closing
from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_tag"


@pytest.mark.law
def test_law(run_law, tables):
    database = PlatformDatabase(tables)
    tag = {**database.login, "name": "legal"}
    run_law(
        MODULE,
        [
            Case(
                "create",
                {**tag, "name": " Legal ", "color": "#aa3300"},
                diff={"before": {}, "after": {"legal": {"name": "legal", "color": "#aa3300"}}},
                returns={"created": ["legal"], "ids": {"legal": ANY}},
            ),
            Case(
                "change",
                {**tag, "description": "Verträge 📄", "color": ""},
                diff={
                    "before": {"legal": {"description": None, "color": "#aa3300"}},
                    "after": {"legal": {"description": "Verträge 📄", "color": None}},
                },
                returns={"updated": {"legal": ["color", "description"]}},
            ),
            Case(
                "absent",
                {**tag, "state": "absent"},
                diff={
                    "before": {"legal": {"name": "legal", "description": "Verträge 📄", "color": None}},
                    "after": {},
                },
                returns={"deleted": ["legal"], "pruned": [], "ids": {}},
            ),
        ],
        refused=[
            Refused("color", {**tag, "color": "red"}, "color must be a color such as #1a2b3c, not 'red'"),
            Refused("long name", {**tag, "name": "x" * 101}, "at most 100 fit"),
            Refused("no name", {**database.login, "tags": [{"color": "#aa3300"}]}, "tags[0]: name or id is missing"),
            Refused("twice", {**database.login, "tags": [{"name": "a"}, {"name": "A"}]}, "are the same tag"),
            Refused("prune nothing", {**database.login, "tags": [], "prune": True}, "Is the list complete?"),
            Refused("prune without a list", {**tag, "prune": True}, "prune is True but any of the following"),
        ],
    )
    events = database.query("SELECT event_type::text FROM audit_logs WHERE resource_type = 'tag' ORDER BY created_at")
    assert [row[0] for row in events] == ["USER_REGISTER", "USER_UPDATE", "USER_DELETE"]


def test_prune_removes_what_the_list_has_created_and_nothing_else(run_steps, tables):
    database = PlatformDatabase(tables)
    login = database.login
    database.query(
        "INSERT INTO tags (id, name, is_system, usage_count) VALUES (gen_random_uuid(), 'by hand', false, 0)"
    )
    both = [{"name": "hr"}, {"name": "legal"}, {"name": "by hand"}]
    prune = {**login, "tags": both[:1], "prune": True}
    run_steps(
        MODULE,
        [
            Step("another list", {**login, "tags": [{"name": "other"}], "list_name": "other"}, changed=True),
            Step("alone", {**login, "name": "alone"}, changed=True),
            Step("list", {**login, "tags": both}, returns={"created": ["hr", "legal"], "unchanged": ["by hand"]}),
            Step("too many", {**prune, "prune_limit": 0}, fails="prune would remove 1 tags, and prune_limit allows 0"),
            Step("check", prune, check=True, returns={"pruned": ["legal"]}),
            Step("prune", prune, returns={"pruned": ["legal"], "deleted": ["legal"], "unchanged": ["hr"]}),
            Step("again", prune, changed=False),
        ],
    )

    assert database.query("SELECT name FROM tags ORDER BY name") == [("alone",), ("by hand",), ("hr",), ("other",)]
    marks = (
        "SELECT name, list_name FROM convosphere_platform.managed_rows JOIN tags ON tags.id::text = row_id ORDER BY 1"
    )
    assert database.query(marks) == [("hr", ""), ("other", "other")]
    # The columns have no time zone, and hold UTC.
    recent = "SELECT count(*) FROM tags WHERE abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - created_at)) < 600"
    assert database.query(recent) == [(3,)]


def test_a_locked_row_is_not_waited_for_without_an_end(run_steps, tables):
    database = PlatformDatabase(tables)
    # Nothing waits here: the trigger says how long the module would.
    database.query(
        "CREATE FUNCTION limited() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION USING MESSAGE = 'waits ' || current_setting('lock_timeout'); END $$"
    )
    database.query("CREATE TRIGGER limited BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION limited()")
    run_steps(MODULE, [Step("create", {**database.login, "name": "hr"}, fails="waits 5min")])
    # A shorter limit of the server stays.
    database.query(f"ALTER DATABASE {database.name} SET lock_timeout = '1s'")
    database.query("DROP TRIGGER limited ON tags")
    user = {**database.login, "email": "ada@example.com"}
    database.add_user(user["email"])
    run_steps(MODULE, [Step("create", {**database.login, "name": "hr"})])
    with closing(database.connect()) as platform, platform.cursor() as cursor:
        cursor.execute("SELECT FROM tags, users FOR UPDATE")
        run_steps(
            MODULE,
            [
                Step(
                    "tag", {**database.login, "name": "hr", "color": "#000000"}, fails="Cannot update rows of tags in "
                ),
                Step(
                    "user",
                    {**user, "first_name": "Ada"},
                    module="convosphere_user",
                    fails="Cannot update rows of users",
                ),
                Step(
                    "hint", {**user, "state": "absent"}, module="convosphere_user", fails="idle in transaction, and end"
                ),
            ],
        )
