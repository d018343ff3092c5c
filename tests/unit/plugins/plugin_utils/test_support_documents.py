# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

from ansible_collections.convosphere.platform.plugins.filter.report import report
from ansible_collections.convosphere.platform.plugins.filter.support_documents import support_documents

GROUPS = {"prod": ["app-1", "app-2", "db"], "database": ["db"], "app": ["app-1", "app-2"], "edge": ["app-1"]}
COLLECTED = {"time": "2026-11-29T10:00:00Z", "operator": "ada"}


def logs(*seconds: int) -> dict[str, Any]:
    records = [
        {
            "time": f"2026-11-29T10:00:{second:02}.000000000Z",
            "container": "convosphere-prod-backend-1",
            "level": "info",
            "source": None,
            "message": f"at {second}",
        }
        for second in seconds
    ]
    return {"records": records, "truncated": False, "unreadable": {}}


def host(found: Any = None, **missing: str) -> dict[str, Any]:
    return {"parts": {"status.json": "{}\n"}, "missing": missing, "logs": found}


def arrange(by_host: dict[str, Any]) -> dict[str, Any]:
    return support_documents(by_host, "prod", GROUPS, "convosphere-prod", COLLECTED)


def test_the_documents_are_those_of_each_host_and_the_logs_of_all_by_time():
    found = arrange({"db": host(logs(2)), "app-1": host(logs(1, 3)), "app-2": host(logs())})
    contents = {each["path"]: each["content"] for each in found["documents"]}

    assert found["missing"] == []
    assert list(contents)[:4] == ["README.txt", "logs.txt", "db/status.json", "db/logs.jsonl"]
    assert [line.split()[-1] for line in contents["logs.txt"].splitlines()] == ["1", "2", "3"]
    assert json.loads(contents["app-1/logs.jsonl"].splitlines()[1])["message"] == "at 3"
    assert "Nothing is missing." in contents["README.txt"]
    assert "collected at 2026-11-29T10:00:00Z by ada" in contents["README.txt"]


def test_what_is_missing_is_named_inside_and_in_the_output():
    refused = {**logs(1), "unreadable": {"x-1": "the driver cannot be read"}}
    found = arrange({"db": host(None, logs="no engine"), "app-1": host(refused), "app-2": {"msg": "no Python"}})

    missing = [
        "db: logs: no engine",
        "app-1: the log of x-1: the driver cannot be read",
        "app-2: all of it: no Python",
    ]
    assert found["missing"] == missing
    assert all(text in found["documents"][0]["content"] for text in missing)
    written = {"path": "/tmp/x.tar.gz", "documents": ["a", "b"], "size_bytes": 7}
    assert report(written, "support_bundle", {"check_mode": False, "missing": missing[:1]}) == [
        "/tmp/x.tar.gz written, for its owner only: 2 documents, 7 bytes",
        "MISSING    db: logs: no engine",
    ]


def test_a_host_that_is_lost_does_not_prevent_the_bundle():
    found = arrange({"db": host()})

    assert found["missing"] == [
        "app-1: all of it, because the host could not be reached or did not take part in the run",
        "app-2: all of it, because the host could not be reached or did not take part in the run",
    ]
    assert [each["path"] for each in found["documents"]] == ["README.txt", "db/status.json"]
