# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import stat
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app.mcp_servers import Server
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan
from ansible_collections.convosphere.platform.plugins.module_utils._stack import mcp_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_record import Record

URL = "https://mcp.example.com/mcp?token={TOKEN}"


def entry(name: str = "search", **options: Any) -> dict[str, Any]:
    return {"server_id": name, "state": "present", "server_url": URL, **options}


def recorded(*entries: dict[str, Any], record: Record | None = None, list_name: str = "") -> Record:
    before = record or Record()
    plan = mcp_record.compare(before, entries, [])
    return before.after(plan, list_name, [each["server_id"] for each in entries])


def test_a_new_server_gets_the_defaults_and_the_diff_hides_its_url():
    plan = mcp_record.compare(Record(), [entry()], [])

    fields = {"server_name": "search", "min_tools": 1, "required": False, "server_url": "********"}
    assert plan.diff() == {"before": {}, "after": {"search": fields}}


def test_an_option_that_is_not_given_is_not_changed():
    record = recorded(entry(server_name="Search", min_tools=3, required=True))

    assert not mcp_record.compare(record, [entry(server_url=None)], []).changed
    changed = mcp_record.compare(record, [entry(min_tools=4)], [])
    assert mcp_record.created_and_updated(changed) == {
        "created": [],
        "updated": {"search": ["min_tools"]},
        "deleted": [],
    }
    assert changed.diff()["before"] == {"search": {"min_tools": 3}}


def test_the_record_is_read_as_it_was_written_and_only_its_owner_can(tmp_path):
    record = recorded(entry(), entry("tickets", required=True), list_name="content")
    mcp_record.write(tmp_path, record)

    assert mcp_record.read(tmp_path) == record
    assert stat.S_IMODE((tmp_path / mcp_record.FILE).stat().st_mode) == 0o600
    # The same secrets as before, for a list that is given again.
    assert not mcp_record.compare(mcp_record.read(tmp_path), [entry()], []).changed


def test_without_a_file_or_a_directory_the_record_is_empty(tmp_path):
    assert mcp_record.read(tmp_path / "none") == mcp_record.read(None) == Record()


@pytest.mark.parametrize("text", ["[]", "{}", '{"servers": [{"server_id": "a"}], "removed": []}', "nonsense"])
def test_a_file_of_another_form_is_refused(tmp_path, text):
    (tmp_path / mcp_record.FILE).write_text(text)
    (tmp_path / mcp_record.FILE).chmod(0o600)

    with pytest.raises(InputError, match=r"is no record of MCP servers: .*Move it away"):
        mcp_record.read(tmp_path)


def test_a_file_that_others_can_read_is_refused(tmp_path):
    (tmp_path / mcp_record.FILE).write_text(json.dumps({"servers": [], "removed": []}))
    (tmp_path / mcp_record.FILE).chmod(0o640)

    with pytest.raises(InputError, match="Other users can read the secrets"):
        mcp_record.read(tmp_path)


def test_a_url_takes_variables_of_the_environment_file_percent_encoded():
    servers, failed = recorded(entry(min_tools=2)).desired({"TOKEN": "a/b&c"})

    assert servers == [Server("search", "https://mcp.example.com/mcp?token=a%2Fb%26c", "search", 2)]
    assert failed == {}
    missing = "its server_url refers to TOKEN, which .env does not have"
    assert recorded(entry()).desired({}) == ([], {"search": missing})


def test_a_removed_server_is_remembered_until_it_comes_back():
    record = recorded(entry(), entry("tickets"))
    gone = recorded(entry(state="absent"), record=record)

    assert (set(gone.servers), gone.removed) == ({"tickets"}, {"search"})
    assert recorded(entry(), record=gone).removed == frozenset()


def test_a_list_prunes_what_it_has_created_itself():
    record = recorded(entry("b"), record=recorded(entry("a"), list_name="one"), list_name="two")

    assert mcp_record.pruned(record, [], "one") == ["a"]
    assert mcp_record.pruned(record, [entry("a")], "one") == []
    assert mcp_record.pruned(record, [], "other") == []
    plan = mcp_record.compare(record, [], ["a"])
    assert record.after(plan, "one", []).servers.keys() == {"b"}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry(), entry()], "names search twice"),
        ([entry("a/b")], "a/b is no server_id"),
        ([entry("ecosystem")], "has 'system', which the platform refuses in a path"),
        ([entry(server_url=None)], "search is new and has no server_url"),
        ([entry(server_url="planted-text")], "search has a server_url that is not of the form http://host"),
        ([entry(server_url="ftp://planted-text")], "search has a server_url that is not of the form http://host"),
        ([entry("m1"), entry("m1_x")], "m1_x begins with m1_, so that the platform mixes up their tools: rename one"),
        ([entry("old_x")], "old_x begins with old_"),
    ],
)
def test_every_problem_is_found_before_anything_is_changed(entries, message):
    [problem] = mcp_record.problems(recorded(entry("old")), entries)

    assert message in problem
    assert "planted" not in problem


def test_a_server_may_take_the_place_of_one_that_goes():
    entries = [entry("old", state="absent"), entry("old_x"), entry(server_url="http://{HOST}:9000/mcp")]

    assert mcp_record.problems(recorded(entry("old")), entries) == []
    assert mcp_record.compare(Record(), [], []) == Plan()
