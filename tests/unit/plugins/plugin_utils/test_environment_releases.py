# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.environment_releases import environment_releases
from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_releases
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

GROUPS = {"prod": ["db", "app-1", "app-2", "edge"], "database": ["db"], "app": ["app-1", "app-2"], "edge": ["edge"]}
ONE = {"prod": ["one"], "database": ["one"], "app": ["one"], "edge": ["one"]}
SERVICES = {"db": "postgres", "app-1": "backend", "app-2": "backend", "edge": "edge", "one": "backend"}


def kept(host: str, *versions: Any, **more: Any) -> list[dict[str, Any]]:
    """Return the releases of a host, newest first, of ids with the version of its service: ``(3, "v2"), (1, "v1")``."""
    found = [release(host, str(number), version) for number, version in versions]
    found[0].update({"serves": True, **more})
    return found


def release(host: str, name: str, version: str) -> dict[str, Any]:
    service = SERVICES[host]
    image = {"service": service, "reference": f"{service}:{version}", "image_id": f"id-{version}", "present": True}
    return {
        "id": name,
        "released_at": f"time {name}",
        "released_by": "ada",
        "restored_from": None,
        "rolled_back_from": None,
        "images": [image],
        "files": {"compose.yaml": version},
        "schema_revisions": [version] if host == "db" else None,
        "serves": False,
        "complete": True,
        "missing": [],
        "images_to_bring": [],
        "refusal": None,
        "backup": None,
    }


def hosts(**more: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return what four hosts keep: the first release on all of them, the second one on the app hosts only."""
    apps = {name: kept(name, (2, "v2"), (1, "v1")) for name in ("app-1", "app-2")}
    found = {"db": kept("db", (1, "v1")), **apps, "edge": kept("edge", (1, "v1"))}
    return {**found, **{name.replace("_", "-"): each for name, each in more.items()}}


def merged(by_host: Any, name: str | None = None, groups: Any = None) -> dict[str, Any]:
    return environment_releases(by_host, "prod", groups or GROUPS, name)


def previous(by_host: Any, groups: Any = None) -> Any:
    return merged(by_host, "previous", groups)["target"]


def test_a_host_on_which_nothing_changed_is_at_its_newest_release_from_before():
    newest, first = merged(hosts())["releases"]

    assert (newest["id"], newest["serves"], newest["complete"], newest["changed"]) == (
        "2",
        True,
        True,
        ["app-1", "app-2"],
    )
    assert newest["hosts"] == {"db": "1", "app-1": "2", "app-2": "2", "edge": "1"}
    assert newest["released_at"] == "time 2"
    assert newest["schema_revisions"] == ["v1"]
    assert [(each["service"], each["hosts"]) for each in newest["images"]] == [
        ("postgres", ["db"]),
        ("backend", ["app-1", "app-2"]),
        ("edge", ["edge"]),
    ]
    assert (first["id"], first["serves"], first["changed"]) == ("1", False, ["db", "app-1", "app-2", "edge"])


def test_the_previous_release_is_named_for_each_host():
    found = previous(hosts())

    assert (found["id"], found["refusal"]) == ("1", None)
    assert found["hosts"] == dict.fromkeys(GROUPS["prod"], "1")


def test_a_release_that_one_host_does_not_keep_any_more_is_refused_and_skipped():
    by_host = hosts(
        app_1=kept("app-1", (4, "v4"), (3, "v3"), (2, "v2")), app_2=kept("app-2", (4, "v4"), (3, "v3"), (1, "v1"))
    )

    named = merged(by_host, "1")["target"]

    assert previous(by_host)["id"] == "3"
    assert named["refusal"].startswith("app-1 keeps no release from then. Choose another release")
    assert (named["complete"], named["hosts"]["app-1"]) == (False, None)


def test_missing_images_are_named_with_their_hosts_and_a_complete_release_is_preferred():
    by_host = {
        **hosts(),
        "app-1": kept("app-1", (3, "v3"), (2, "v2"), (1, "v1")),
        "app-2": kept("app-2", (3, "v3"), (2, "v2"), (1, "v1")),
    }
    by_host["app-2"][1].update(
        complete=False, missing=["image backend:v2@id-v2 of backend"], images_to_bring=[{"name": "backend:v2"}]
    )

    second = merged(by_host, "2")["target"]

    assert previous(by_host)["id"] == "1"
    assert (second["complete"], second["missing"]) == (False, ["app-2: image backend:v2@id-v2 of backend"])
    assert second["images_to_bring"] == {"db": [], "app-1": [], "app-2": [{"name": "backend:v2"}], "edge": []}
    assert second["refusal"] is None
    by_host["app-1"][2].update(complete=False, missing=["image backend:v1@id-v1 of backend"])
    assert previous(by_host)["id"] == "2"  # none is complete: the images of the newest may be brought


def test_a_second_rollback_goes_back_one_release_more():
    back = {"restored_from": "2", "rolled_back_from": "3"}
    apps = {name: kept(name, (4, "v2"), (3, "v3"), (2, "v2"), (1, "v1"), **back) for name in ("app-1", "app-2")}
    by_host = {**hosts(), **apps}

    current = merged(by_host)["releases"][0]

    assert (current["restored_from"], current["rolled_back_from"]) == ("2", "3")
    assert previous(by_host)["id"] == "1"


def test_a_rollback_restores_the_release_of_the_environment_though_each_host_restores_its_own():
    """The second release changed the database host only, so that app hosts restore the first one."""
    back = {"rolled_back_from": "3"}
    apps = {name: kept(name, (4, "v1"), (3, "v3"), (1, "v1"), restored_from="1", **back) for name in ("app-1", "app-2")}
    by_host = {**hosts(db=kept("db", (2, "v2"), (1, "v1"))), **apps}

    current = merged(by_host)["releases"][0]

    assert (current["restored_from"], current["rolled_back_from"]) == ("2", "3")
    assert previous(by_host)["id"] == "1"


def test_releases_of_the_same_content_are_skipped():
    apps = {name: kept(name, (3, "v2"), (2, "v2"), (1, "v1")) for name in ("app-1", "app-2")}

    assert previous({**hosts(), **apps})["id"] == "1"


def test_the_database_host_decides_about_the_schema():
    by_host = hosts()
    by_host["db"][0].update(refusal="The database is newer. Restore the backup b.", backup="b")
    by_host["app-1"][1].update(refusal="Its directory has no intact copy of compose.yaml.")

    found = previous(by_host)

    assert (found["refusal"], found["backup"]) == ("db: The database is newer. Restore the backup b.", "b")


def test_a_deploy_that_was_interrupted_is_no_release_to_roll_back_to():
    by_host = hosts(app_1=kept("app-1", (3, "v3"), (2, "v2"), (1, "v1")), app_2=kept("app-2", (3, "v3"), (1, "v1")))

    named = merged(by_host, "2")["target"]

    assert previous(by_host)["id"] == "1"
    assert "Its deploy was interrupted: backend was backend:v2 on app-1, backend:v1 on app-2." in named["refusal"]


def test_a_release_from_before_the_services_were_divided_is_refused():
    by_host = hosts()
    by_host["db"][0]["images"].append({**by_host["app-1"][0]["images"][0], "reference": "backend:v1"})

    named = merged(by_host, "1")["target"]

    assert named["refusal"].startswith("db had backend then, which runs on other hosts by now.")


def test_an_unknown_release_is_refused_with_the_list_of_those_that_exist():
    found = merged(hosts(), "7")["target"]

    assert found["id"] is None
    assert found["refusal"] == "There is no release 7. Nothing was changed. Kept releases, newest first: 2 (serves), 1."


def test_there_may_be_no_earlier_release():
    assert previous({"one": []}, ONE)["refusal"].startswith("No release serves")
    first = previous({"one": kept("one", (1, "v1"))}, ONE)
    assert first["refusal"].startswith("There is no release from before 1 to roll back to. Nothing was changed.")
    by_host = {"one": kept("one", (2, "v2"), (1, "v1"))}
    by_host["one"][1].update(missing=["file compose.yaml"], complete=False)
    assert "1: files are missing." in previous(by_host, ONE)["refusal"]


def test_on_one_host_the_releases_are_those_of_the_host():
    by_host = {"one": kept("one", (2, "v2"), (1, "v1"))}
    by_host["one"][1].update(missing=["image backend:v1@id-v1 of backend"], refusal="It is too old.")

    newest, first = merged(by_host, groups=ONE)["releases"]

    others = ("files", "images", "images_to_bring", "complete")
    for found, own in ((newest, by_host["one"][0]), (first, by_host["one"][1])):
        assert {key: value for key, value in own.items() if key not in others}.items() <= found.items()
    assert merged(by_host, groups=ONE)["target"] is None


@pytest.mark.parametrize("serving", ["1", "2"])
def test_the_release_that_serves_is_the_one_that_the_hosts_say(serving):
    """After the clock of a host went back, the newest id does not serve."""
    releases = kept("one", (2, "v2"), (1, "v1"))
    for each in releases:
        each["serves"] = each["id"] == serving

    found = _environment_releases.of({"one": releases}, Topology.of("prod", ONE))

    assert [each.id for each in found if each.serves] == [serving]
