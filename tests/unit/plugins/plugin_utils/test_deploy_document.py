# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.deploy_document import deploy_document
from ansible_collections.convosphere.platform.plugins.plugin_utils._deploy_document import drift_lines, plan_lines

CONTEXT = {"environment": "dev", "host": "dev-local"}
RELEASE = {"id": "20260131T120000000Z", "released_at": "2026-01-31T12:00:00+00:00", "released_by": "ada"}
EFFECTS = ("created", "replaced", "restarted", "started", "removed", "unchanged")


def change(name: str, action: str = "update", origin: str = "inventory", reason: str = "why", **more: Any) -> Any:
    return {"object": name, "action": action, "origin": origin, "reason": reason, "effect": None, "diff": [], **more}


def compared(*changes: Any, services: Any = None, **more: Any) -> dict[str, Any]:
    by_effect = {**{effect: [] for effect in EFFECTS}, **(services or {})}
    stack = {"changes": list(changes), "services": by_effect, "release": RELEASE}
    nothing: dict[str, Any] = {"migration": {}, "database": {}, "groups": {}, "users": {}, "users_problem": ""}
    return {"stack": stack, **nothing, **more}


def test_nothing_to_change_is_one_line():
    document = deploy_document(compared(services={"unchanged": ["web"]}), "plan", CONTEXT)

    assert plan_lines(document, {}) == ["dev on dev-local: nothing to change (release 20260131T120000000Z)."]


def test_a_plan_names_each_change_with_its_reason_and_what_becomes_of_the_services():
    document = deploy_document(
        compared(
            change("secret KEY", "create", reason="new"),
            change("file a", diff=["-1", "+2"], origin="both", reason="edited on the host; another text"),
            change("service web", effect="replaced", reason="environment LEVEL"),
            change("service old", "delete", effect="removed", reason="no longer declared"),
            change("release"),
            services={"replaced": ["web"], "removed": ["old"], "unchanged": ["db"]},
            users={"created": ["ada@example.com"], "updated": {}, "deleted": []},
        ),
        "plan",
        CONTEXT,
    )

    assert plan_lines(document, {}) == [
        "dev on dev-local: a deploy would change 4 objects (release 20260131T120000000Z).",
        "  + secret KEY: new",
        "  ~ file a: edited on the host; another text (changed on the host)",
        "      -1",
        "      +2",
        "  ~ service web: environment LEVEL",
        "  - service old: no longer declared",
        "Services: replaced web; removed old; unchanged db.",
        "Interrupted until healthy again: web.",
        "Groups and users, by users.yml and not by a deploy: 1 created, 0 updated, 0 deleted.",
    ]


@pytest.mark.parametrize(("verb", "lines"), [("plan", plan_lines), ("drift", drift_lines)])
def test_overrides_are_shown_also_if_nothing_differs(verb, lines):
    fields = {"name": "LOG_LEVEL", "value": "DEBUG", "by": "ada", "at": "2026-11-29T16:00:00Z", "reason": "Slow."}
    overrides = [{**fields, "until": "2026-11-29T20:00:00Z", "active": active} for active in (True, False)]

    found = lines({**deploy_document(compared(), verb, CONTEXT), "overrides": overrides}, {})

    active = "OVERRIDE   LOG_LEVEL=DEBUG until 2026-11-29T20:00:00Z, set by ada at 2026-11-29T16:00:00Z: Slow."
    assert found[-2] == active
    assert found[-1].startswith("EXPIRED    the override LOG_LEVEL=DEBUG at 2026-11-29T20:00:00Z")


def content(**more: Any) -> dict[str, Any]:
    """Return a comparison in which a content file would create a tag, and one was created by hand."""
    result = {"created": ["faq"], "updated": {}, "deleted": [], "pruned": [], "unchanged": [], "ids": {}}
    rows = [{"id": str(number), "name": f"own{number}", "list_name": None} for number in range(21)]
    return {"results": {"tags": result}, "rows": {"tags": rows}, "problem": "", **more}


def test_content_is_counted_in_a_plan_and_named_in_drift():
    found = compared(content=content())

    plan = plan_lines(deploy_document(found, "plan", CONTEXT), {})
    drift = drift_lines(deploy_document(found, "drift", CONTEXT), {})

    assert plan[1:] == ["Content, by content.yml and not by a deploy: 1 created, 0 updated, 0 deleted."]
    assert drift[0].endswith(": 1 in groups, users and content (tag faq).")
    assert drift[2] == "  + tag faq: declared, and not in the database"
    assert drift[3].startswith("Not in the content file, and not deleted by it: tag own0, tag own1, ")
    assert drift[3].endswith(", tag own19 and 1 more")


def test_content_that_could_not_be_compared_is_drift():
    (change,) = deploy_document(compared(content={"problem": "no\nanswer"}), "drift", CONTEXT)["changes"]

    assert (change["object"], change["origin"], change["reason"]) == (
        "content",
        "unknown",
        "cannot be compared: no answer",
    )


def test_rows_that_no_file_created_are_no_drift():
    nothing = content()["results"]["tags"] | {"created": []}

    document = deploy_document(compared(content=content(results={"tags": nothing})), "drift", CONTEXT)

    assert document["origins"] == []
    assert "no drift" in document["verdict"]


def test_a_long_diff_is_cut():
    document = deploy_document(compared(change("file a", diff=["+x"] * 23)), "plan", CONTEXT)

    assert "      and 3 lines more: deploy.yml --check --diff shows all" in plan_lines(document, {})


def test_a_migration_is_part_of_the_plan():
    migration = {
        "situation": "behind",
        "steps": [{"revision": "abc", "action": "run", "reason": "new"}],
        "revisions_before": ["aaa"],
        "revisions": ["abc"],
        "released": ["aaa"],
        "backup_missing": "none is recent",
    }

    (found,) = deploy_document(compared(migration=migration), "plan", CONTEXT)["changes"]

    assert found["reason"] == "abc (run); a verified backup is made first"
    assert found["origin"] == "inventory"


def test_a_schema_that_is_not_the_releases_was_changed_on_the_host():
    steps = [{"revision": "abc", "action": "run", "reason": "missing"}]
    migration = {
        "situation": "behind",
        "steps": steps,
        "revisions_before": [],
        "revisions": ["abc"],
        "released": ["abc"],
    }

    assert deploy_document(compared(migration=migration), "drift", CONTEXT)["origins"] == ["host"]


def test_drift_is_grouped_by_its_origin():
    document = deploy_document(
        compared(
            change("file a", origin="host", reason="edited on the host"),
            change("service web", reason="environment LEVEL"),
            change("release"),
            database={
                "reachable": True,
                "drift": [{"kind": "extra", "object": "column users.x", "expected": None, "found": "text"}],
            },
            groups={"created": [], "updated": {"sales": ["description"]}, "deleted": []},
            users={"created": [], "updated": {}, "deleted": ["eve@example.com"]},
        ),
        "drift",
        CONTEXT,
    )

    assert document["origins"] == ["database", "host", "inventory"]
    assert drift_lines(document, {}) == [
        "dev on dev-local has drifted from release 20260131T120000000Z: 2 changed on the host (file a, column "
        "users.x); 1 declared and not deployed (service web); "
        "2 in groups, users and content (group sales, user eve@example.com).",
        "Changed on the host:",
        "  ~ file a: edited on the host",
        "  - column users.x: extra in the database",
        "Declared and not deployed:",
        "  ~ service web: environment LEVEL",
        "In groups, users and content:",
        "  ~ group sales: description",
        "  - user eve@example.com: in the database, and not declared",
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"users_problem": "no answer"},
        {"database": {"reachable": False, "reason": "no answer"}},
        {"migration": {"situation": "stopped"}},
        {
            "database": {
                "reachable": True,
                "drift": [{"kind": "unknown", "object": "t", "expected": None, "found": None}],
            }
        },
    ],
)
def test_what_cannot_be_compared_is_no_agreement(more):
    assert deploy_document(compared(**more), "drift", CONTEXT)["origins"] == ["unknown"]


def test_no_drift_is_one_line():
    document = deploy_document(compared(), "drift", CONTEXT)

    assert drift_lines(document, {}) == ["dev on dev-local: no drift (release 20260131T120000000Z)."]
    assert document["origins"] == []
