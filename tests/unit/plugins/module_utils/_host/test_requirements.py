# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import grp
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._host import requirements

ME = pwd.getpwuid(os.getuid()).pw_name
MY_GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def listener() -> Iterator[int]:
    """Listen on a port of 127.0.0.1 in this process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def published(port: int, project: str | None, address: str = "127.0.0.1") -> dict[str, Any]:
    return {"address": address, "port": port, "container": "web", "project": project}


# ------------------------------------------------------------------------------------- programs, modules, users


def test_a_command_of_an_administrators_directory_counts_without_it_in_the_path(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert requirements.missing_commands(["sh", "ldconfig", "no-such-program"]) == ["no-such-program"]


def test_python_modules_are_looked_up_and_not_imported():
    assert requirements.missing_python_modules(["json", "antigravity", "no_such_module"]) == ["no_such_module"]


def test_users():
    assert requirements.user_exists(ME)
    assert not requirements.user_exists("nobody-of-that-name")


# --------------------------------------------------------------------------------------------------- directories


def test_a_directory_as_wanted_is_not_reported(tmp_path):
    tmp_path.chmod(0o750)

    assert (
        requirements.wrong_directories([{"path": str(tmp_path), "owner": ME, "group": MY_GROUP, "mode": "0750"}]) == []
    )


@pytest.mark.parametrize("mode", ["750", "0750", "0o750"])
def test_modes_are_numbers_however_they_are_spelled(tmp_path, mode):
    tmp_path.chmod(0o750)

    assert requirements.wrong_directories([{"path": str(tmp_path), "mode": mode}]) == []


def test_what_was_found_is_reported_beside_what_is_wanted(tmp_path):
    tmp_path.chmod(0o777)

    assert requirements.wrong_directories([{"path": str(tmp_path), "owner": None, "mode": "0700"}]) == [
        {
            "path": str(tmp_path),
            "current": {"owner": ME, "group": MY_GROUP, "mode": "0777"},
            "desired": {"mode": "0700"},
        }
    ]


def test_an_absent_directory_and_a_file_in_its_place(tmp_path):
    (tmp_path / "file").touch()
    wanted = [{"path": str(tmp_path / name)} for name in ("absent", "file", "file/below")]

    assert [entry["current"] for entry in requirements.wrong_directories(wanted)] == [None, "file", None]


def test_a_mode_that_is_no_octal_text_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"'u=rwx', which is not octal text"):
        requirements.wrong_directories([{"path": str(tmp_path), "mode": "u=rwx"}])


# ---------------------------------------------------------------------------------------------------------- space


def test_a_path_that_does_not_exist_yet_counts_as_its_nearest_parent(tmp_path):
    found = requirements.space(str(tmp_path / "not/yet/there"), 1)

    assert found["enough"]
    assert found["free_bytes"] == pytest.approx(os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize, rel=0.1)
    assert Path(found["file_system"]).is_mount()


def test_too_little_space(tmp_path):
    assert not requirements.space(str(tmp_path), 1 << 60)["enough"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (1 << 40, "1024.0 GiB"),
    ],
)
def test_bytes_for_people(count, text):
    assert requirements.readable(count) == text


# ---------------------------------------------------------------------------------------------------------- ports


@pytest.mark.parametrize("host_ip", ["127.0.0.1", "0.0.0.0", "::"])
def test_a_taken_port_is_named_with_its_process(listener, host_ip):
    taken = requirements.taken_ports([{"port": listener, "host_ip": host_ip}], [], None)

    assert [(entry["port"], entry["host_ip"], entry["address"]) for entry in taken] == [
        (listener, host_ip, "127.0.0.1")
    ]
    assert taken[0]["pid"] == os.getpid()
    assert taken[0]["process"] == Path("/proc/self/comm").read_text().strip()


def test_a_port_of_another_address_is_free(listener):
    assert requirements.taken_ports([{"port": listener, "host_ip": "127.0.0.2"}], [], None) == []


def test_a_free_port_is_free():
    assert requirements.taken_ports([{"port": free_port(), "host_ip": "0.0.0.0"}], [], None) == []


def test_the_projects_own_container_holds_its_port_rightfully(listener):
    ports = [{"port": listener, "host_ip": "127.0.0.1"}]

    assert requirements.taken_ports(ports, [published(listener, "mine")], "mine") == []


def test_another_projects_container_is_named_instead_of_the_process_that_serves_it(listener):
    taken = requirements.taken_ports(
        [{"port": listener, "host_ip": "0.0.0.0"}], [published(listener, "other")], project_name="mine"
    )

    assert [(entry["container"], entry["project"], entry["process"]) for entry in taken] == [("web", "other", None)]


def test_a_container_counts_without_a_process_that_listens_for_it():
    port = free_port()

    assert requirements.taken_ports([{"port": port, "host_ip": "0.0.0.0"}], [published(port, None, "0.0.0.0")], None)


@pytest.mark.parametrize(
    ("text", "family", "address"),
    [
        ("0100007F", socket.AF_INET, "127.0.0.1"),
        ("00000000000000000000000001000000", socket.AF_INET6, "::1"),
        ("0000000000000000FFFF00000100007F", socket.AF_INET6, "127.0.0.1"),
    ],
)
def test_addresses_in_the_kernels_notation(text, family, address):
    assert requirements._address(text, family) == address
