# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a backend from serving, and which of it is evidence about a backup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.verdict import (
    BootError,
    Ending,
    UnknownError,
    is_refusal,
    judge,
)

ENDED = Ending(
    exit_code=3,
    is_out_of_memory=False,
    connections=2,
    database_lost=None,
    answer=None,
    log="Traceback",
    seconds=9.0,
)
RUNS = replace(ENDED, exit_code=None)
CASES = {
    "it ended after it had connected": (ENDED, BootError, "ended with exit code 3 on the restored database"),
    "it reports that it is unhealthy": (
        replace(RUNS, answer="Component database is unhealthy"),
        BootError,
        "is not healthy on the restored database: Component database is unhealthy",
    ),
    "it never connected": (replace(ENDED, connections=0), UnknownError, "ended with exit code 3 after 9 s without"),
    "it still starts": (replace(RUNS, connections=0), UnknownError, "is still starting after 9 s without"),
    "it connected and never answered": (RUNS, UnknownError, "did not answer within 9 s, and runs"),
    "the kernel killed it": (replace(ENDED, exit_code=137), UnknownError, "as for lack of memory"),
    "the engine killed it": (replace(ENDED, is_out_of_memory=True), UnknownError, "as for lack of memory"),
    "the server was lost": (replace(ENDED, database_lost="refused"), UnknownError, "was lost meanwhile: refused"),
    "the server has no connection left": (
        replace(ENDED, log="OperationalError: FATAL:  sorry, too many clients already"),
        UnknownError,
        "used up on the host or the server: too many clients already",
    ),
    "the disk of the server is full": (
        replace(RUNS, answer="500: could not extend file base/1/2: No space left on device"),
        UnknownError,
        "used up on the host or the server: could not extend file",
    ),
    "the vector store ended": (
        replace(RUNS, answer="unhealthy", beside="boot-weaviate has ended with exit code 137"),
        UnknownError,
        "boot-weaviate has ended with exit code 137 meanwhile",
    ),
    "it wants what only an owner may": (
        replace(ENDED, log="InsufficientPrivilege: must be owner of table users"),
        UnknownError,
        "refused a right",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_evidence_about_the_backup_is_a_verdict(case):
    ending, kind, message = CASES[case]

    error = judge(ending)

    assert error.__class__ is kind
    assert message in error.message
    assert error.details["verdict"] == {BootError: "does not boot", UnknownError: "could not tell"}[kind]
    assert error.message.endswith(f"log:\n{ending.log}")


def test_the_reason_that_a_manifest_keeps_has_the_line_of_the_log_that_names_an_error():
    log = "INFO: started\npsycopg2.errors.UndefinedColumn: column users.x does not exist\nINFO: ended"

    assert BootError("It ended", log).reason == (
        "It ended; its log: psycopg2.errors.UndefinedColumn: column users.x does not exist"
    )
    assert BootError("It ended", "INFO: started").reason == "It ended"
    assert len(BootError("It ended", "Error " * 500).reason) < 400


def test_a_reason_has_no_secret_of_an_answer_of_the_backend():
    error = BootError("It answers 500: postgresql://boot:planted-secret@/convosphere")

    assert "planted-secret" not in error.reason + error.message
    assert error.reason == "It answers 500: postgresql://boot:********@/convosphere"


@pytest.mark.parametrize(
    ("message", "status", "refused"),
    [
        ("FAILED: the backup has no such class", "FAILED", True),
        ("422: the backup is of another node", 422, True),
        ("its status is still TRANSFERRING after 300 s", "TRANSFERRING", False),
        ("CANCELED: no reason given", "CANCELED", False),
        ("FAILED: write /data/x: no space left on device", "FAILED", False),
        ("no answer", None, False),
    ],
)
def test_only_a_refusal_of_the_vector_store_is_evidence(message, status, refused):
    details = {} if status is None else {"status": status}

    assert is_refusal(ApiError(message, **details)) is refused
