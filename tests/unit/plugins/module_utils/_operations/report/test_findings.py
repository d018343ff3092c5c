# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from support import reports


def found(**more: Any) -> list[tuple[str, str]]:
    return [(each["severity"], each["text"]) for each in reports.document(**more)["findings"]]


def host(*steps: dict[str, Any], services: Any = ()) -> dict[str, Any]:
    return {"hosts": [{"name": "db-1", "steps": list(steps), "services": list(services), "problem": ""}]}


def disk(**more: Any) -> dict[str, Any]:
    row = {"path": "/var", "size_bytes": 1000, "free_bytes": 500, **more}
    return host(reports.step("disk", data={"filesystems": [row]}))


def certificate(days: float, share: float | None = None, **more: Any) -> dict[str, Any]:
    row = {"name": "edge", "path": "/x", "days_left": days, "expires": reports.at(days), "share_left": share}
    return host(reports.step("certificates", data={"certificates": [row], **more}))


def override(*, active: bool) -> Any:
    one = {"name": "LOG_LEVEL", "by": "ada", "reason": "why", "until": reports.at(0.001), "active": active}
    return reports.facts(overrides=[one])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (host(services=[reports.service("x")]), []),
        (host(services=[reports.service("x", health=None)]), []),
        (host(services=[reports.service("x", health="unhealthy")]), [("failed", "x on db-1 is unhealthy")]),
        (host(services=[reports.service("x", state="exited", health=None)]), [("failed", "x on db-1 is exited")]),
        (host(reports.step("vacuum", "skipped")), []),
        (host(reports.step("vacuum", "failed", "no\nmore")), [("failed", "vacuum on db-1: no")]),
        (disk(), []),
        (disk(days_until_full=14), []),
        (disk(days_until_full=13.2), [("attention", "/var on db-1 is full in 13 days")]),
        (disk(free_bytes=99), [("attention", "/var on db-1 has 99 bytes left of 1.0 kB")]),
        (certificate(14.1), []),
        (certificate(3.5), [("attention", "the certificate edge on db-1 expires in 3 days")]),
        (certificate(3.5, share=0.25), []),
        (certificate(3.5, share=0.24), [("attention", "the certificate edge on db-1 expires in 3 days")]),
        (certificate(20, warn_days=30), []),
        (certificate(-2), [("failed", "the certificate edge on db-1 has expired")]),
        ({"read": override(active=True)}, []),
        (
            {"read": override(active=False)},
            [("attention", "the override LOG_LEVEL has expired at 2026-11-30T01:31:26Z, and is deployed")],
        ),
        (host(reports.step("drift", data={"differences": 0, "lines": []})), []),
        (
            host(reports.step("drift", data={"differences": 1, "lines": ["x"]})),
            [("attention", "1 difference from what is declared")],
        ),
        (
            host(reports.step("secrets", data={"secrets": [{"name": "B", "due": True}, {"name": "A", "due": True}]})),
            [("attention", "A, B: to be rotated, by its age")],
        ),
        ({"read": reports.facts(backups=[])}, [("attention", "there is no backup")]),
        (
            {"read": reports.facts(backups=[], unread=[{"what": "the backups", "reason": "no right\nto"}])},
            [("attention", "the backups could not be read: no right")],
        ),
        (
            {"read": reports.facts(backups=[reports.backup(0, None)])},
            [("attention", "no backup is verified by restore")],
        ),
        (
            {"read": reports.facts(backups=[reports.backup(-9), reports.backup(0, "checksum")])},
            [("attention", "the last verification by restore is 9 days old (convosphere-20261121T013000Z)")],
        ),
        (
            {"read": reports.facts(backups=[reports.backup(damaged_at=reports.at())])},
            [("attention", "convosphere-20261130T013000Z is corrupt, as found at 2026-11-30T01:30:00Z")],
        ),
    ],
)
def test_a_finding_is_made_and_is_not(more, expected):
    assert found(**more) == expected


@pytest.mark.parametrize(("target", "missed"), [(0, False), (118, False), (117, True)])
def test_a_target_is_missed(target, missed):
    read = reports.facts(backups=[reports.backup(proofs=[reports.proof(0.005)])])

    texts = [text for _severity, text in found(read=read, rto_target=target)]
    assert texts == (["a recovery takes 1 min 58 s, and the target is 1 min 57 s"] if missed else [])
    age = [text for _severity, text in found(rpo_target=60)]
    assert age == ["a recovery loses the data of 8 min, and the target is 1 min"]
    assert found(rpo_target=481) == []


def test_the_worst_comes_first_and_the_verdict_is_one_line():
    document = reports.document(
        **host(reports.step("x", "failed", "one\ttwo"), reports.step("drift", data={"differences": 2, "lines": []})),
        read=reports.facts(backups=[]),
    )

    assert [each["severity"] for each in document["findings"]] == ["failed", "attention", "attention"]
    assert document["verdict"]["line"] == r"prod failed: x on db-1: one\ttwo, and 2 more findings"
