# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine import writable_mounts
from docker.errors import APIError

from support.containers import container


def mount(place: str, **more: Any) -> dict[str, Any]:
    return {"Type": "volume", "Name": "p_data", "Source": "/volumes/p_data", "Destination": place, "RW": True, **more}


def asked(user: str, *mounts: dict[str, Any], status: str = "running", answer: tuple[int, str] = (0, "")) -> Any:
    """Fake a container in which the probe ends with this exit code and output."""
    found = container("web", status, Mounts=list(mounts))
    found.attrs["Config"]["User"] = user
    found.client.api.exec_create.return_value = {"Id": "1"}
    found.client.api.exec_inspect.return_value = {"ExitCode": answer[0]}
    found.client.api.exec_start.return_value = (answer[1].encode(), None)
    return found


def test_what_the_user_cannot_write_is_found():
    output = "999:998\n/data\t/data/deep/er\n/host\t/host\n"
    host = mount("/host", Type="bind", Source="/srv/host")
    web = asked("app", mount("/data"), host, answer=(0, output))

    data, directory = writable_mounts.find([web])

    assert (data.name, data.user, data.place, data.volume) == ("volume p_data", "999:998", "/data", "p_data")
    assert "web runs as user 999:998 and cannot write /data/deep/er, which is in the volume p_data" in data.sentence()
    assert (directory.name, directory.volume) == ("directory /srv/host", None)
    assert "chown -R 999:998 /srv/host" in directory.command()


@pytest.mark.parametrize(
    ("user", "mounts", "status"),
    [
        ("", [mount("/data")], "running"),
        ("root", [mount("/data")], "running"),
        ("0:0", [mount("/data")], "running"),
        ("app", [mount("/data", RW=False)], "running"),
        ("app", [mount("/data", Type="tmpfs")], "running"),
        ("app", [], "running"),
        ("app", [mount("/data")], "exited"),
    ],
)
def test_who_can_write_all_or_shall_not_is_not_asked(user, mounts, status):
    web = asked(user, *mounts, status=status)

    assert writable_mounts.find([web]) == []
    assert web.client.api.exec_create.call_count == 0


@pytest.mark.parametrize("answer", [(126, "no such file"), (127, ""), (0, ""), (1, "1:1\n/data\t/data\n")])
def test_an_image_without_a_shell_is_not_judged(answer):
    assert writable_mounts.find([asked("app", mount("/data"), answer=answer)]) == []


def test_an_engine_that_finds_no_shell_is_no_failure():
    web = asked("app", mount("/data"))
    web.client.api.exec_start.side_effect = APIError("OCI runtime exec failed: sh: executable file not found")

    assert writable_mounts.find([web]) == []


def test_the_probe_names_the_first_directory_of_each_place(tmp_path: Path):
    # Run as another user on this machine, since root can write everywhere.
    for name, mode in {"fine": 0o777, "flat": 0o755, "deep": 0o777, "deep/a b": 0o777, "deep/a b/shut": 0o700}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "file").touch()
    places = [str(tmp_path / name) for name in ("fine", "flat", "deep", "file", "missing")]

    output = subprocess.run(
        ["sh", "-c", writable_mounts.PROBE, "sh", *places],
        check=True,
        capture_output=True,
        text=True,
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
    ).stdout

    user, *lines = output.splitlines()
    assert user == "65534:65534"
    assert [line.split("\t")[0] for line in lines] == [str(tmp_path / "flat"), str(tmp_path / "deep")]
    assert str(tmp_path / "deep/a b/shut") in lines[1]
