# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app.log_heads import Head
from ansible_collections.convosphere.platform.plugins.module_utils._app.log_records import Record
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import container_logs
from ansible_collections.convosphere.platform.plugins.module_utils._engine.container_logs import LONGEST_LINE, Line
from ansible_collections.convosphere.platform.plugins.module_utils._stack import log_report

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"tail": 10, "max_bytes": 10**6, "level": None, "since": None, "pattern": None}
SECRET = "planted-secret"


def log(count: int, length: int) -> list[Line]:
    """Return a log of records that have so many lines each."""
    return [
        Line("stderr", f"2026-11-29T10:00:00.{number:09}Z", "  more" if number % length else "INFO:     begins")
        for number in range(count * length)
    ]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Return the numbers of lines that the engine was asked for; the log is that of the container."""
    found: list[int | None] = []

    def read(container: Any, *, since: float | None = None, tail: int | None = None) -> Iterator[Line]:
        assert since is None
        found.append(tail)
        return iter(container.lines if tail is None else container.lines[-tail:])

    monkeypatch.setattr(container_logs, "read", read)
    return found


@pytest.mark.parametrize(
    ("lines", "options", "expected", "older", "reads"),
    [
        (log(5, 1), {}, 5, False, [440]),
        (log(1000, 1), {}, 439, True, [440]),
        (log(1000, 100), {}, 1000, False, [440, None]),  # the newest lines are too few records
        (log(1000, 1), {"level": "info"}, 1000, False, [None]),
        (log(1000, 1), {"tail": 50_000}, 1000, False, [None]),
    ],
)
def test_no_more_lines_are_read_than_are_needed(asked, lines, options, expected, older, reads):
    request = log_report.Request.of({**OPTIONS, **options}, NOW)
    container: Any = SimpleNamespace(lines=lines)

    found, has_older = request.records(container)

    assert (len(list(found)), has_older, asked) == (expected, older, reads)


def test_all_problems_of_the_options_are_named():
    with pytest.raises(InputError, match=r"^4 problems: tail is 0.*max_bytes is 0.*since is 'x'.*pattern is '\('"):
        log_report.Request.of({**OPTIONS, "tail": 0, "max_bytes": 0, "since": "x", "pattern": "("}, NOW)


def test_a_secret_is_masked_also_where_a_line_was_cut():
    text = "x" * (LONGEST_LINE - 6) + SECRET
    record = Record("", "stdout", Head("info", None, text[: LONGEST_LINE + 1], {"url": f"/?k={SECRET}"}))
    encoded = base64.b64encode(f"ada:{SECRET}".encode()).decode()
    whole = Record("", "stdout", Head("info", None, f"Basic {encoded}", {SECRET: [SECRET]}))
    masker = log_report.text_masker([SECRET])

    cut, other = log_report.mask_records([(each.describe(), each.is_cut) for each in (record, whole)], masker)

    assert "plan" not in cut["message"]
    assert cut["message"].endswith(" ... (cut)")
    assert cut["fields"] == {"url": "/?k=********"}
    assert encoded[8:-4] not in other["message"]
    assert other["fields"] == {"********": ["********"]}


def test_a_secret_that_is_the_name_of_a_field_is_masked():
    record = {"message": "took it", "fields": {"given": [{SECRET: 1}], "other": 2}}

    [shown] = log_report.mask_records([(record, False)], log_report.text_masker([SECRET]))

    assert shown == {"message": "took it", "fields": {"given": [{"********": 1}], "other": 2}}
