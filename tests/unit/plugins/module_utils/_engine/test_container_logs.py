# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine import container_logs

TIME = "2026-11-29T10:00:00.123456789Z"


def frame(stream: int, text: str) -> bytes:
    content = f"{TIME} {text}".encode()
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_frames_are_read_however_they_are_cut(size):
    data = b"".join(
        [frame(2, "on error\n"), frame(1, "on output é\n"), frame(1, "half "), frame(2, "x\n"), frame(1, "whole\n")]
    )
    chunks = [data[at : at + size] for at in range(0, len(data), size)]

    found = list(container_logs.lines(container_logs._frames(chunks)))

    assert [(line.stream, line.text) for line in found] == [
        ("stderr", "on error"),
        ("stdout", "on output é"),
        ("stderr", "x"),
        ("stdout", "half whole"),
    ]
    assert {line.time for line in found} == {TIME}


def test_a_line_is_cut_at_its_limit_and_the_last_one_may_have_no_end():
    frames = [(1, f"{TIME} {'x' * 16000}".encode()) for _each in range(5)]
    found = list(container_logs.lines([*frames, (1, f"{TIME} end\n".encode()), (2, f"{TIME} open".encode())]))

    assert [(line.stream, len(line.text)) for line in found] == [
        ("stdout", container_logs.LONGEST_LINE + 1),
        ("stderr", 4),
    ]


def test_a_terminal_has_lines_without_frames():
    chunks = [f"{TIME} one\r\n{TIME} tw".encode(), b"o\r\n"]

    assert [line.text for line in container_logs.lines(container_logs._raw_frames(chunks))] == ["one", "two"]


@pytest.mark.parametrize(
    ("driver", "options", "expected"),
    [
        ("json-file", {"max-size": "10m", "max-file": "3"}, ("10m", 3, True)),
        ("json-file", {"max-size": "10m"}, ("10m", 1, True)),
        ("json-file", {}, (None, None, False)),
        ("json-file", {"max-size": "-1"}, (None, None, False)),
        ("local", {}, ("20m", 5, True)),
        ("none", {}, (None, None, True)),
        ("journald", {}, (None, None, None)),
    ],
)
def test_the_limits_of_a_log(driver, options, expected):
    container: Any = SimpleNamespace(attrs={"HostConfig": {"LogConfig": {"Type": driver, "Config": options}}})

    found = container_logs.limits(container)

    assert (found["driver"], found["max_size"], found["max_file"], found["limited"]) == (driver, *expected)
