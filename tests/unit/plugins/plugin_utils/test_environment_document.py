# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.filter.environment_document import environment_document
from ansible_collections.convosphere.platform.plugins.plugin_utils._deploy_document import drift_lines, plan_lines

GROUPS = {"prod": ["db", "app-1", "app-2", "edge"], "database": ["db"], "app": ["app-1", "app-2"], "edge": ["edge"]}
SERVICES = {"db": ["postgres", "redis"], "app-1": ["backend"], "app-2": ["backend"], "edge": ["edge"]}
UPSTREAMS = {"app-1": {"backend": ["10.0.0.11:18000"]}, "app-2": {"backend": ["10.0.0.12:18000"]}}
NEW = {"app-1": {"backend": ["10.0.0.11:18001"]}, "app-2": {"backend": ["10.0.0.12:18001"]}}


def change(name: str, effect: str | None = None, origin: str = "inventory", **more: Any) -> dict[str, Any]:
    return {"object": name, "action": "update", "origin": origin, "reason": "why", "effect": effect, "diff": [], **more}


def document(host: str, *changes: Any, release: str = "1", **routes: Any) -> dict[str, Any]:
    services = {"beside": [], "reloaded": [], "replaced": [], "unchanged": []}
    touched = {each["object"].partition(" ")[2]: each["effect"] for each in changes if each["effect"]}
    for name in SERVICES[host]:
        services[touched.get(name, "unchanged")].append(name)
    counted = [each for each in changes if each["object"] != "release"]
    return {
        "environment": "prod",
        "host": host,
        "release": {"id": release},
        "changes": list(changes),
        "services": services,
        "origins": sorted({each["origin"] for each in counted}),
        "routes": {"upstreams": UPSTREAMS.get(host, {}), **routes},
        "users": None,
        "verdict": "that of the host",
    }


def hosts(**more: Any) -> dict[str, Any]:
    edge = document("edge", edge_upstreams={"backend": "10.0.0.11:18000 10.0.0.12:18000"})
    found = {"edge": edge, "app-2": document("app-2"), "app-1": document("app-1"), "db": document("db", release="2")}
    return {**found, **{name.replace("_", "-"): each for name, each in more.items()}}


def joined(documents: Any, verb: str = "plan", groups: Any = None) -> dict[str, Any]:
    return environment_document(documents, verb, "prod", groups or GROUPS)


def test_no_difference_on_any_host_is_one_line():
    plan, drift = joined(hosts()), joined(hosts(), "drift")

    assert plan_lines(plan, {}) == ["prod on 4 hosts: nothing to change (release 2)."]
    assert drift_lines(drift, {}) == ["prod on 4 hosts: no drift (release 2)."]
    assert (plan["host"], plan["hosts"], plan["left_out"]) == (None, ["db", "app-1", "app-2", "edge"], [])
    assert (drift["changes"], drift["origins"], drift["release"]) == ([], [], {"id": "2"})


def test_the_edge_is_switched_if_an_app_host_gets_a_new_container():
    backend = change("service backend", "beside")
    documents = hosts(
        app_1=document("app-1", backend, change("release"), upstreams=NEW["app-1"]),
        app_2=document("app-2", backend, change("release"), upstreams=NEW["app-2"]),
    )

    plan = joined(documents)

    assert plan_lines(plan, {}) == [
        "prod on 4 hosts: a deploy would change 3 objects (release 2).",
        "  ~ app-1: service backend: why",
        "  ~ app-2: service backend: why",
        "  ~ edge: edge upstreams: new containers on app-1 and app-2",
        "Services: beside backend on app-1 and app-2; reloaded edge on edge; unchanged postgres on db, redis on db.",
        "Interrupted until healthy again: none.",
    ]
    switch = plan["changes"][-1]
    assert (switch["origin"], switch["effect"]) == ("inventory", "reloaded")
    before, after = "10.0.0.11:18000 10.0.0.12:18000", "10.0.0.11:18001 10.0.0.12:18001"
    assert switch["fields"] == [{"name": "backend", "before": before, "after": after}]
    assert plan["services"]["edge"] == {"beside": [], "reloaded": ["edge"], "replaced": [], "unchanged": []}


def test_one_app_host_is_enough_and_its_origin_is_that_of_the_switch():
    documents = hosts(app_2=document("app-2", change("service backend", "beside", "host"), upstreams=NEW["app-2"]))

    switch = joined(documents, "drift")["changes"][-1]

    assert (switch["host"], switch["origin"], switch["reason"]) == ("edge", "host", "new containers on app-2")


def test_a_setting_that_touches_no_container_switches_nothing():
    plan = joined(hosts(app_1=document("app-1", change("file notes"))))

    assert [each["object"] for each in plan["changes"]] == ["file notes"]


def test_an_edge_that_names_other_containers_has_drifted():
    documents = hosts(edge=document("edge", edge_upstreams={"backend": "10.0.0.11:18000"}))

    drift = joined(documents, "drift")

    assert drift_lines(drift, {}) == [
        "prod on 4 hosts has drifted from release 2: 1 changed on the host (edge: edge upstreams).",
        "Changed on the host:",
        "  ~ edge: edge upstreams: it names other containers than those of the app hosts",
    ]
    assert drift["origins"] == ["host"]


def test_an_edge_that_is_replaced_is_not_reloaded_too():
    documents = hosts(
        app_1=document("app-1", change("service backend", "beside"), upstreams=NEW["app-1"]),
        edge=document("edge", change("service edge", "replaced"), edge_upstreams={"backend": "old"}),
    )

    plan = joined(documents)

    assert plan["changes"][-1]["effect"] is None
    assert plan["services"]["edge"]["replaced"] == ["edge"]
    assert plan_lines(plan, {})[-1] == "Interrupted until healthy again: edge on edge."


def test_a_first_deploy_creates_the_upstreams():
    plan = joined(hosts(edge=document("edge", edge_upstreams={})))

    assert [each["action"] for each in plan["changes"]] == ["create"]


def test_a_limited_run_names_the_hosts_that_it_leaves_out_and_does_not_judge_the_edge():
    documents = hosts()
    del documents["app-2"]

    plan = joined(documents)

    assert plan_lines(plan, {}) == [
        "prod on 3 hosts: nothing to change (release 2).",
        "Without app-2, which this run leaves out.",
    ]


def test_the_counts_of_users_are_those_of_the_database_host():
    documents = hosts()
    documents["db"]["users"] = {"created": 1, "updated": 0, "deleted": 0}

    assert joined(documents)["users"] == {"created": 1, "updated": 0, "deleted": 0}
    assert "users" not in joined(documents, "drift")


def test_the_content_is_that_of_the_database_host():
    documents = hosts()
    documents["db"]["content"] = {"created": 1, "updated": 0, "deleted": 0}
    documents["db"]["unmanaged"] = ["tag faq"]

    assert joined(documents)["content"] == {"created": 1, "updated": 0, "deleted": 0}
    assert joined(documents, "drift")["unmanaged"] == ["tag faq"]


def test_the_document_of_one_host_is_unchanged():
    one = document("db", change("file a"))
    groups = {"prod": ["db"], "database": ["db"], "app": ["db"], "edge": ["db"]}

    assert joined({"db": one}, groups=groups) == {key: value for key, value in one.items() if key != "routes"}


def test_another_verb_is_refused():
    with pytest.raises(AnsibleFilterError, match=r"no verb 'deploy'\. Allowed: plan, drift"):
        joined({}, "deploy")
