# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Revision
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_plan import (
    AHEAD,
    BEHIND,
    CURRENT,
    EMPTY,
    RECORD,
    RUN,
    UNDO,
    UNSTAMPED,
    Migration,
    Planner,
)
from ansible_collections.convosphere.platform.plugins.module_utils._migration.revisions import (
    Code,
    CurrentSchema,
    Effect,
)

ROOT, TABLES = "ad2434bca38f", "c02ce5c4f07b"
KNOWLEDGE, RESET = "2024_01_01_enhance_knowledge_base", "add_password_reset_fields"
ENUM, MODELS = "2025_08_16_fix_enum_types_and_timestamps", "2025_08_16_add_ai_models_and_settings_tables"
AGENTS = "2025_08_14_add_agents"
HEADS = (AGENTS, MODELS)

#: The platform's own, as `Alembic.revisions` reads them, with what matters of their SQL.
PLATFORM = [
    Revision(AGENTS, (ROOT,), sql="CREATE TABLE agents (\n    id UUID\n);\n\nCREATE INDEX ix ON agents (name);"),
    Revision(MODELS, (ENUM,), sql="CREATE TABLE knowledge_settings (\n    id TEXT\n);\n\nCREATE TABLE ai_models (\n);"),
    Revision(ENUM, (RESET,), sql=None),
    Revision(
        RESET, (KNOWLEDGE,), sql="ALTER TABLE users ADD COLUMN token VARCHAR(255);\n\nCREATE INDEX i ON users (t);"
    ),
    Revision(KNOWLEDGE, (TABLES,), sql="CREATE TABLE tags (\n);\n\nALTER TABLE documents ADD COLUMN author TEXT;"),
    Revision(TABLES, (ROOT,), sql=""),
    Revision(ROOT, (), sql=""),
]
#: What the application makes at its start.
MADE = {
    "users": frozenset({"id", "token"}),
    "documents": frozenset({"id", "author"}),
    "tags": frozenset({"id"}),
    "ai_models": frozenset({"id"}),
    "knowledge_settings": frozenset({"id"}),
}
#: What it made before the oldest of the revisions.
OLD = {"users": frozenset({"id"}), "documents": frozenset({"id"})}


def planned(found: CurrentSchema, revisions: list[Revision] | None = None, **settings: Any) -> Migration:
    return Planner(Code(PLATFORM if revisions is None else revisions), found, **settings).migration()


def actions(migration: Migration) -> dict[str, str]:
    return {step.revision.id: step.action for step in migration.steps}


def refusal(found: CurrentSchema, revisions: list[Revision] | None = None, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        planned(found, revisions, **settings)
    return str(caught.value)


def test_an_empty_database_has_nothing_to_migrate():
    assert planned(CurrentSchema({})) == Migration(EMPTY, (), ())
    assert planned(CurrentSchema({}, ())) == Migration(EMPTY, (), ())


def test_an_empty_database_cannot_be_brought_to_a_revision():
    assert "The backend creates its tables when it first starts" in refusal(CurrentSchema({}), revision=ROOT)


def test_a_record_without_tables_is_refused():
    assert "and there is no other table" in refusal(CurrentSchema({}, HEADS))


def test_what_the_application_made_is_recorded_and_nothing_is_run():
    migration = planned(CurrentSchema(MADE))

    assert (migration.situation, migration.before, migration.after) == (UNSTAMPED, (), HEADS)
    assert set(actions(migration).values()) == {RECORD}
    assert len(migration.steps) == len(PLATFORM)
    assert migration.creates
    assert not migration.touches_data
    reasons = {step.revision.id: step.reason for step in migration.steps}
    assert reasons[AGENTS] == "the backend created its tables, but for table agents"
    assert reasons[RESET] == "the backend created its tables"


def test_an_empty_record_is_none():
    migration = planned(CurrentSchema(MADE, (), 255))

    assert (migration.situation, migration.creates, migration.widen) == (UNSTAMPED, False, False)


def test_a_record_that_is_too_short_for_the_ids_is_widened():
    assert planned(CurrentSchema(MADE, (), 32)).widen
    assert planned(CurrentSchema(MADE, (ROOT,), 32)).widen
    assert not planned(CurrentSchema(MADE, (ROOT,), 32), revision=TABLES).widen
    assert not planned(CurrentSchema(MADE, HEADS, 32)).widen
    assert not planned(CurrentSchema(MADE, (ROOT,), None)).widen


def test_a_table_that_the_application_lacks_a_column_of_is_migrated():
    found = CurrentSchema({**OLD, "tags": frozenset(), "documents": frozenset({"author"})})

    migration = planned(found, revision=RESET)

    assert actions(migration) == {ROOT: RECORD, TABLES: RECORD, KNOWLEDGE: RECORD, RESET: RUN}
    assert migration.after == (RESET,)


def test_what_comes_after_one_that_is_run_was_not_made_by_the_application():
    found = CurrentSchema({**MADE, "users": frozenset({"id"})})

    text = refusal(found)

    assert (
        f"Revision {ENUM} is not run unless it is in accept: it gives users.role a type that has no SUPER_ADMIN" in text
    )
    assert "Add a revision to accept to run it, or to assume" in text
    assert actions(planned(found, assume=[ENUM]))[RESET] == RUN
    assert actions(planned(found, assume=[ENUM]))[ENUM] == RECORD


def test_half_of_a_revision_is_refused_with_what_is_missing():
    found = CurrentSchema({**OLD, "tags": frozenset()})

    text = refusal(found)

    assert f"Revision {KNOWLEDGE} is partly applied: there is table tags, there is no column documents.author" in text
    assert actions(planned(found, revision=KNOWLEDGE, accept=[KNOWLEDGE]))[KNOWLEDGE] == RUN
    assert actions(planned(found, revision=KNOWLEDGE, assume=[KNOWLEDGE]))[KNOWLEDGE] == RECORD


def test_another_database_is_not_taken_for_the_platforms():
    assert "has 1 tables, and none of them is of the platform's revisions" in refusal(
        CurrentSchema({"films": frozenset({"id"})})
    )


#: A release after the first: what it changes shows in the database only in part.
LABEL = Revision("label", (AGENTS,), sql="ALTER TYPE userrole ADD VALUE 'AUDITOR';")
LOOKS = Revision("looks", ("label",), sql=None)
TABLE = Revision("table", ("looks",), sql="CREATE TABLE audits (\n);")
NEXT = [TABLE, LOOKS, LABEL, *PLATFORM]
ALL = frozenset(revision.id for revision in NEXT)
FIRST = frozenset(revision.id for revision in PLATFORM)


def test_revisions_that_the_backend_which_made_the_tables_lacks_are_run():
    migration = planned(CurrentSchema(MADE), NEXT, served=FIRST)

    assert {name for name, action in actions(migration).items() if action == RUN} == {"label", "looks", "table"}
    assert migration.touches_data
    assert migration.after == (MODELS, "table")


def test_what_they_make_and_is_there_is_recorded():
    assert actions(planned(CurrentSchema({**MADE, "audits": frozenset()}), NEXT, served=FIRST))["table"] == RECORD


def test_the_tables_of_a_backend_that_has_all_revisions_are_recorded():
    assert set(actions(planned(CurrentSchema(MADE), NEXT, served=ALL)).values()) == {RECORD}


def test_a_revision_of_the_first_release_that_an_even_older_backend_lacks_is_judged():
    assert actions(planned(CurrentSchema(MADE), served=FIRST - {AGENTS}))[AGENTS] == RUN


def test_without_a_backend_a_later_revision_that_does_not_show_is_refused_by_name():
    text = refusal(CurrentSchema(MADE), NEXT)

    assert "Revision label is undecided: no container of a backend shows" in text
    assert "Revision looks is undecided" in text
    assert "Add a revision to accept to run it, or to assume" in text
    assert "Revision table" not in text
    found = actions(planned(CurrentSchema(MADE), NEXT, accept=["label"], assume=["looks"]))
    assert (found["label"], found["looks"], found["table"]) == (RUN, RECORD, RUN)


def test_a_record_of_what_was_run_counts_more_than_the_backend():
    assert actions(planned(CurrentSchema(MADE, HEADS, 255), NEXT, served=ALL)) == {
        "label": RUN,
        "looks": RUN,
        "table": RUN,
    }


def test_all_heads_are_current():
    assert planned(CurrentSchema(MADE, HEADS, 255)) == Migration(CURRENT, HEADS, HEADS)


def test_one_revision_back_on_the_good_branch_is_run():
    migration = planned(CurrentSchema(MADE, (MODELS,), 255))

    assert (migration.situation, actions(migration), migration.after) == (BEHIND, {AGENTS: RUN}, HEADS)
    assert migration.touches_data


def test_a_partial_record_of_what_is_there_is_completed_without_running():
    migration = planned(CurrentSchema(MADE, (AGENTS, ENUM), 255))

    assert actions(migration) == {MODELS: RECORD}
    assert migration.steps[0].reason == "exists already: table knowledge_settings, table ai_models"
    assert migration.after == HEADS


def test_a_record_of_revisions_that_change_nothing_says_no_more_than_none():
    migration = planned(CurrentSchema(MADE, (ROOT,), 255))

    assert migration.situation == BEHIND
    assert set(actions(migration).values()) == {RECORD}


def test_the_dangerous_one_is_not_recorded_where_others_were_run():
    text = refusal(CurrentSchema(MADE, (KNOWLEDGE,), 255))

    assert ENUM in text
    assert MODELS not in text
    migration = planned(CurrentSchema(MADE, (KNOWLEDGE,), 255), assume=[ENUM])
    assert [step.revision.id for step in migration.steps if step.action == RUN] == [AGENTS]


def test_revisions_that_destroy_are_all_named():
    found = CurrentSchema({name: MADE[name] for name in ("users", "documents", "tags")}, (AGENTS, RESET), 255)

    text = refusal(found)

    assert text.startswith("2 problems: ")
    assert (
        f"{MODELS} is not run unless it is in accept: it always fails, because PostgreSQL refuses its defaults" in text
    )
    assert actions(planned(found, accept=[ENUM, MODELS])) == {ENUM: RUN, MODELS: RUN}
    assert ENUM in refusal(found, accept=[MODELS])


def test_a_database_that_is_newer_than_the_code_is_refused():
    text = refusal(CurrentSchema(MADE, ("f00", *HEADS), 255))

    assert "at revision f00, which this version of the backend does not have" in text


@pytest.mark.parametrize("option", [{"revision": "f00"}, {"accept": ["f00"]}, {"assume": ["f00"]}])
def test_a_revision_that_the_code_does_not_have_is_named(option):
    assert refusal(CurrentSchema(MADE), **option).startswith("This version of the backend has no revision f00")


def test_to_go_back_must_be_named_twice():
    found = CurrentSchema({**MADE, "agents": frozenset({"id"})}, HEADS, 255)

    text = refusal(found, revision=RESET)

    assert f"undoes {MODELS}, {ENUM}, and deletes their data" in text
    migration = planned(found, revision=RESET, accept=[RESET])
    assert (migration.situation, migration.after) == (AHEAD, (AGENTS, RESET))
    assert actions(migration) == {MODELS: UNDO, ENUM: UNDO}
    both = planned(found, revision=ROOT, accept=[ROOT])
    assert both.after == (ROOT,)
    assert next(iter(actions(both))) in HEADS


def test_a_revision_that_is_held_is_current_even_where_another_branch_is_further():
    assert planned(CurrentSchema(MADE, HEADS, 255), revision=AGENTS).situation == CURRENT


def test_later_revisions_come_after_those_that_are_recorded():
    later = [Revision("next", HEADS, sql="ALTER TABLE agents ADD COLUMN x TEXT;"), *PLATFORM]

    migration = planned(CurrentSchema(MADE, HEADS, 255), later)

    assert actions(migration) == {"next": RUN}
    assert migration.after == ("next",)


def test_tables_and_columns_are_found_in_the_statements_of_a_revision():
    sql = (
        'CREATE TABLE public."Odd" (\n id INT\n);\n\nALTER TABLE "Odd" ADD COLUMN a INT;\n\nALTER TABLE b ADD COLUMN c'
    )

    assert Effect.of(sql) == Effect(("Odd",), (("b", "c"),))
    assert Effect.of("UPDATE users SET a = 1;").more


@pytest.mark.parametrize(
    "sql",
    [
        "-- backfill\nUPDATE users SET a = 1;",
        "/* two\nlines */ -- and\n\n  UPDATE users SET a = 1",
        "ALTER TABLE users ADD COLUMN token TEXT, ADD COLUMN other TEXT;",
        "ALTER TABLE users ADD COLUMN token TEXT,\n  ALTER COLUMN id TYPE bigint;",
    ],
)
def test_what_stands_behind_a_comment_or_a_first_column_counts(sql):
    assert Effect.of(sql).more


def test_comments_and_the_precision_of_a_type_are_no_more_than_the_column():
    sql = "-- the price\nALTER TABLE users ADD COLUMN price NUMERIC(10, 2);\n\n-- that was all"

    assert Effect.of(sql) == Effect((), (("users", "price"),))


def test_a_revision_that_changes_data_as_well_is_not_taken_for_done():
    later = [
        Revision("next", (AGENTS,), sql="ALTER TABLE users ADD COLUMN token TEXT;\n\nUPDATE users SET token = '';")
    ]

    assert "but it changes more than that" in refusal(CurrentSchema(MADE, HEADS, 255), [*later, *PLATFORM])
    assert actions(planned(CurrentSchema(MADE, HEADS, 255), [*later, *PLATFORM], accept=["next"])) == {"next": RUN}


def test_what_a_record_lacks_is_listed_in_order_without_looking_at_tables():
    missing = Planner(Code(PLATFORM), CurrentSchema({}, (RESET,))).missing()

    assert [revision.id for revision in missing] == [AGENTS, ENUM, MODELS]
    assert Planner(Code(PLATFORM), CurrentSchema({}, HEADS)).missing() == []
    with pytest.raises(InputError, match="at revision f00, which this version of the backend does not have"):
        Planner(Code(PLATFORM), CurrentSchema({}, ("f00",))).missing()
