# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.host_verdict import host_verdict

GIB = 1024**3


def probe(ahead: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a host whose clock is that many seconds ahead. It was read 2 s after the controller's."""
    return {"problems": [], "clock": {"controller": 1000.0, "host": 1002.0 + ahead}, **more}


def judge(probes: dict[str, Any], **options: Any) -> dict[str, Any]:
    return host_verdict(probes, 1005.0, **options)


def test_hosts_without_problems_are_one_line():
    backup = {"id": "b1", "level": "restore", "age_hours": 7.24}

    assert judge({"app-1": probe(), "data-1": probe(last_verified_backup=backup)}) == {
        "problems": [],
        "warnings": [],
        "report": "app-1, data-1 can carry the environment; clocks differ by 0 s; "
        "the last verified backup, b1, is 7.2 h old",
    }


def test_the_problems_of_all_hosts_are_in_one_verdict_and_a_host_that_was_not_probed_has_none():
    found = judge(
        {"app-1": probe(problems=["Port 80 is taken"]), "app-2": probe(problems=["No space", "No port"]), "x": {}}
    )

    assert found["problems"] == ["app-1: Port 80 is taken", "app-2: No space", "app-2: No port"]


@pytest.mark.parametrize(
    ("ahead", "problem"),
    [
        (9.0, None),
        (13.1, "app-1: the clock is 10 s or more ahead of that of the controller, and 10 s are allowed"),
        (-12.0, None),
        (-70.0, "app-1: the clock is 68 s or more behind that of the controller, and 10 s are allowed"),
    ],
)
def test_a_clock_is_refused_only_if_it_certainly_differs(ahead, problem):
    problems = judge({"app-1": probe(ahead)})["problems"]

    assert [text.startswith(problem or "-") for text in problems] == ([True] if problem else [])


def test_two_clocks_that_differ_from_each_other_are_refused():
    problems = judge({"app-1": probe(9.0), "app-2": probe(-9.0)}, tolerance=10)["problems"]

    assert problems[0].startswith("app-1 and app-2: their clocks differ by 13 s or more, and 10 s are allowed")


def test_an_image_that_differs_between_hosts_is_named():
    hosts = {name: probe(image_ids={"b:1": f"sha256:{digit * 64}"}) for name, digit in zip("xyz", "112", strict=True)}

    assert judge(hosts)["problems"] == [
        "x and y and z: the image b:1 is not the same: 111111111111 on x and y, 222222222222 on z. Remove it"
        " (docker rmi) from hosts with the older one, or set stack_pull to always"
    ]


@pytest.mark.parametrize(
    ("available", "image", "problems", "warnings"),
    [
        (4 * GIB, "b:2", 0, 0),
        (GIB, "b:2", 0, 1),
        (GIB // 4, "b:2", 1, 0),
        (GIB // 4, "b:1", 0, 1),
        (None, "b:2", 0, 0),
    ],
)
def test_memory_for_a_second_backend_is_a_problem_only_if_one_is_coming_and_it_cannot_fit(
    available, image, problems, warnings
):
    running = {"backend": {"image": "b:1", "image_id": "sha256:1", "memory_bytes": GIB // 2}}
    beside = {"backend": {"image": image, "memory": "2g"}, "frontend": {"image": "f:1", "memory": "256m"}}

    host = probe(memory={"available_bytes": available}, running=running)
    found = judge({"app-1": host}, beside=beside)

    assert (len(found["problems"]), len(found["warnings"])) == (problems, warnings)
    assert all("a second container of backend " in text for text in [*found["problems"], *found["warnings"]])


@pytest.mark.parametrize(
    ("backup", "problem"),
    [
        ({"id": "b1", "level": "restore", "age_hours": 23.0}, None),
        (
            {"id": "b1", "level": "restore", "age_hours": 25.0},
            "data-1: The last verified backup, b1, is 25.0 h old, and",
        ),
        (None, "data-1: There is no verified backup, and environment_backup_max_age allows 24 h. Run backup"),
    ],
)
def test_an_old_backup_is_a_problem_only_if_its_age_is_limited(backup, problem):
    hosts = {"data-1": probe(last_verified_backup=backup)}

    assert judge(hosts)["problems"] == []
    assert [text.startswith(problem or "-") for text in judge(hosts, backup_age=24)["problems"]] == [True] * bool(
        problem
    )
