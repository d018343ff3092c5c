# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import log_heads, log_records
from ansible_collections.convosphere.platform.plugins.module_utils._engine.container_logs import Line

LATE = "2026-11-29 10:00:00.123 | ERROR    | app.main:serve:12 - It failed"
SHORT = "2026-11-29 10:00:00 | ERROR    | app.main:serve:12 - It failed"
TRACEBACK = [
    "Traceback (most recent call last):",
    "",
    '  File "/app/main.py", line 12, in serve',
    "    raise ValueError",
    "ValueError: no such user",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 14, in serve',
    "RuntimeError: it failed",
]


def lines(*texts: str, stream: str = "stderr", second: int = 0, apart: float = 0.0001) -> list[Line]:
    return [
        Line(stream, f"2026-11-29T10:00:{second + index * apart:09.6f}000Z", text) for index, text in enumerate(texts)
    ]


def messages(found: list[Line], level: str | None = None) -> list[str]:
    return [record.message for record in log_records.once(log_records.records(found, level))]


@pytest.mark.parametrize(
    ("text", "level", "source", "message"),
    [
        (LATE, "error", "app.main:serve:12", "It failed"),
        ("2026-11-29 10:00:00 | SUCCESS  | app.db:<module>:1 - Up", "info", "app.db:<module>:1", "Up"),
        ("2026-11-29 10:00:00 | WARNING | without a place", "warning", None, "without a place"),
        ('INFO:     127.0.0.1:1 - "GET / HTTP/1.1" 200 OK', "info", None, '127.0.0.1:1 - "GET / HTTP/1.1" 200 OK'),
        ("INFO  [alembic.runtime.migration] Will assume", "info", "alembic.runtime.migration", "Will assume"),
        ("WARNING:root:deprecated", "warning", "root", "deprecated"),
        ("2026-11-29 10:00:00,123 - app - ERROR - no", "error", "app", "no"),
        ("2026-11-29 10:00:00,123 INFO GET /v1/meta", "info", None, "GET /v1/meta"),
        ('2026-11-29 10:00:00.123 UTC [64] ERROR:  no table "x"', "error", "[64]", 'no table "x"'),
        ("2026-11-29 10:00:00.123 UTC [1] LOG:  ready", "info", "[1]", "ready"),
        ("2026-11-29 10:00:00.123 UTC [9] user@db FATAL:  no: password", "critical", "[9]", "no: password"),
        ("1:M 29 Nov 2026 10:00:00.123 # Memory overcommit", "warning", "1:M", "Memory overcommit"),
        ("2026/11/29 10:00:00 [emerg] bind() failed", "critical", None, "bind() failed"),
        ('{"level":"error","ts":1.5,"logger":"http","msg":"dial"}', "error", "http", "dial"),
        ('{"text":"x\\n","record":{"level":{"name":"INFO"},"message":"x","name":"a","function":"b","line":3}}',
         "info", "a:b:3", "x"),
        ("Traceback (most recent call last):", "error", None, "Traceback (most recent call last):"),
    ],
)  # fmt: skip
def test_each_program_of_the_platform_has_its_format(text, level, source, message):
    found = log_heads.parse(text)

    assert found is not None
    assert (found.level, found.source, found.message) == (level, source, message)


@pytest.mark.parametrize(
    "text", ["", "Waiting for the database", "{not json", "[1, 2]", '{"a": 1}', "2026 was a year", "{" * 9000]
)
def test_another_format_has_no_head(text):
    assert log_heads.parse(text) is None


def test_the_other_values_of_a_line_of_json_are_fields():
    found = log_heads.parse('{"level":"info","ts":1,"msg":"done","status":200,"request":{"uri":"/"}}')

    assert found is not None
    assert found.fields == {"status": 200, "request": {"uri": "/"}}


def test_a_traceback_is_one_record_with_all_its_lines():
    after = "2026-11-29 10:00:00.200 | INFO     | app.main:serve:20 - Goes on"

    assert messages(lines(LATE, *TRACEBACK, after)) == ["\n".join(["It failed", *TRACEBACK]), "Goes on"]


def test_a_traceback_without_a_record_is_an_error():
    found = list(log_records.records(lines(*TRACEBACK)))

    assert [record.message for record in found] == ["\n".join(TRACEBACK)]
    assert found[0].head.level == "error"


def test_a_line_written_twice_is_one_record():
    assert messages([*lines(LATE), *lines(SHORT, stream="stdout")]) == ["It failed"]


def test_a_record_that_occurs_twice_is_two():
    both = [*lines(LATE, LATE), *lines(SHORT, SHORT, stream="stdout")]

    assert messages(both) == ["It failed", "It failed"]
    assert messages(lines(LATE, LATE)) == ["It failed", "It failed"]


def test_of_two_writings_the_one_with_the_longer_traceback_is_kept():
    short = [*lines(LATE, *TRACEBACK[:5]), *lines(SHORT, *TRACEBACK, stream="stdout")]

    assert messages(short) == ["\n".join(["It failed", *TRACEBACK])]


def test_streams_do_not_tear_each_others_tracebacks_apart():
    error, output = lines(LATE, *TRACEBACK), lines(SHORT, *TRACEBACK, stream="stdout")
    mixed = [line for pair in zip(error, output, strict=True) for line in pair]

    assert messages(mixed) == ["\n".join(["It failed", *TRACEBACK])]


def test_what_postgresql_adds_belongs_to_the_error():
    texts = (
        "ERROR:  duplicate key",
        "DETAIL:  Key (id)=(1) exists.",
        "STATEMENT:  INSERT INTO users",
        "LOG:  checkpoint",
    )
    found = lines(*(f"2026-11-29 10:00:00.123 UTC [64] {text}" for text in texts))

    assert messages(found) == [
        "duplicate key\nDETAIL:  Key (id)=(1) exists.\nSTATEMENT:  INSERT INTO users",
        "checkpoint",
    ]


def test_a_later_line_of_another_program_is_a_record_of_its_own():
    assert messages(lines(LATE, "ready", apart=1)) == ["It failed", "ready"]
    assert messages(lines(LATE, "[SQL: SELECT 1]")) == ["It failed\n[SQL: SELECT 1]"]


def test_a_level_keeps_what_is_as_severe_with_its_lines_and_nothing_unknown():
    found = [*lines("2026-11-29 10:00:00.1 | INFO | a:b:1 - no", "  more", LATE, *TRACEBACK), *lines("plain", second=5)]

    assert messages(found, "error") == ["\n".join(["It failed", *TRACEBACK])]


def test_the_middle_of_an_endless_record_is_left_out():
    (record,) = log_records.records(lines(LATE, *("  at x" for _each in range(5000)), "  the end"))

    assert record.is_cut
    assert len(record.message.split("\n")) < 500
    assert record.message.endswith("  the end")
    assert "4562 lines left out" in record.message


def test_colours_are_left_out():
    assert messages(lines(f"\x1b[32m{LATE}\x1b[0m")) == ["It failed"]
