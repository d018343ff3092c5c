# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of an object: what is read, completed and written. The database is a list of its statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import compare
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired, Task
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Reading, Reference
from ansible_collections.convosphere.platform.plugins.module_utils._entities.field_types import LABEL, Field
from ansible_collections.convosphere.platform.plugins.module_utils._entities.links import Links
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column

USER = Reference("users", "username", "user_id")


class Tables:
    """The answers of the database, and the rows that are written, by the first word of the statement."""

    def __init__(self) -> None:
        self.written: dict[str, Any] = {}

    def columns(self, _table: str, expected: Sequence[str]) -> dict[str, Column]:
        return {name: Column("text", nullable=False, length=None, labels=("READ", "OWNER")) for name in expected}

    def fetch(self, statement: str, _values: object) -> list[Any]:
        if '"members"' in statement:
            return [("g", "1", "READ"), ("g", "2", "OWNER")]
        return [("1", "ada"), ("2", "bob"), ("3", "cy")]

    def execute(self, statement: str, values: Sequence[str], *, step: str) -> int:
        self.written[statement.split()[0]] = json.loads(values[0])
        return 0

    def insert(self, _table: str, rows: Any, columns: Sequence[str]) -> None:
        self.written["INSERT"] = rows


def links() -> Links:
    fields = {"level": Field(LABEL, "read")}
    return Links("members", "members", "group_id", USER, fields=fields, creation={"is_active": True})


def read(part: Links, given: Any, mode: str = "exact") -> tuple[Any, Any, list[str]]:
    desired = Desired("group", {"members": part.normalise("members", given)}, {"members_mode": mode}, row="g")
    reading = Reading(Tables(), ["g"], {"g": desired})  # type: ignore[arg-type]
    current = part.read(reading)
    return current["g"]["members"], desired.fields["members"], list(reading.problems)


def test_links_are_completed_and_sorted():
    current, desired, problems = read(links(), [{"user": "cy"}, "ada"])

    assert current == [{"user": "ada", "level": "read"}, {"user": "bob", "level": "owner"}]
    assert desired == [{"user": "ada", "level": "read"}, {"user": "cy", "level": "read"}]
    assert problems == []


def test_append_keeps_the_others_and_a_field_that_is_not_given():
    _current, desired, _problems = read(links(), [{"user": "cy", "level": "Owner"}, {"user": "bob"}], "append")

    assert [(link["user"], link["level"]) for link in desired] == [("ada", "read"), ("bob", "owner"), ("cy", "owner")]


def test_problems_name_the_link():
    problems = read(links(), [{"user": "dan"}, {"user": "ada", "level": "king"}, {"user": "cy"}, {"user": "cy"}])[2]

    assert problems == [
        "group: members: there is no user 'dan'",
        "group: members: ada: level 'king' is not one of read, owner",
        "group: members: cy is given twice",
    ]


@pytest.mark.parametrize("given", [7, [{"usr": "ada"}], [{"level": "read"}], [{"user": 7}]])
def test_what_is_not_a_list_of_links_is_refused(given):
    with pytest.raises(ValueProblem):
        links().normalise("members", given)


def test_only_rows_that_differ_are_written():
    part = links()
    current, desired, _problems = read(part, [{"user": "ada", "level": "owner"}, {"user": "cy"}])
    change = compare("group", {"members": desired}, {"members": current})
    assert change is not None
    tables = Tables()
    part.write(tables, [Task(change, "g", None)])  # type: ignore[arg-type]

    assert tables.written == {
        "DELETE": [{"group_id": "g", "user_id": "2", "level": "OWNER"}],
        "UPDATE": [{"group_id": "g", "user_id": "1", "level": "OWNER"}],
        "INSERT": [{"is_active": True, "group_id": "g", "user_id": "3", "level": "READ"}],
    }


def test_without_fields_links_are_names():
    part = Links("members", "members", "group_id", USER)

    assert part.normalise("members", "ada; bob") == ["ada", "bob"]
    assert part.options == {"members": {"type": "list", "elements": "str"}}
