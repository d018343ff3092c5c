# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CommandError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import client_tools, session_settings
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.client_tools import PostgresTools

PARAMS = {
    "login_host": "127.0.0.1",
    "login_port": 5432,
    "login_user": "convosphere",
    "login_password": "planted 'pass\\word'",
    "login_env_file": None,
    "login_db": "a=b",
    "login_unix_socket": None,
    "ssl_mode": "prefer",
    "ca_cert": None,
    "connect_timeout": 10,
    "login_container": None,
    "docker_host": "unix:///var/run/docker.sock",
}


def tools(**changes):
    return PostgresTools({**PARAMS, **changes})


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Install client programs of 15.8 in a directory as Debian has it, and one of 13 in the PATH."""
    for folder, version in (("15", "15.8 (Debian 15.8-1.pgdg120+1)"), ("path", "13.2")):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / "pg_dump"
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    monkeypatch.setattr(client_tools, "_DIRECTORIES", (str(tmp_path / "{major}"),))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def test_on_the_host_all_but_the_program_is_in_the_environment():
    found = tools(ca_cert="/etc/ca.pem", login_unix_socket="/run/postgresql")

    assert found.command("pg_dump", "--format=custom") == ["pg_dump", "--format=custom"]
    assert found.environment == {
        "PGHOST": "/run/postgresql",
        "PGPORT": "5432",
        "PGUSER": "convosphere",
        "PGPASSWORD": "planted 'pass\\word'",
        "PGDATABASE": "a=b",
        "PGSSLMODE": "prefer",
        "PGSSLROOTCERT": "/etc/ca.pem",
        "PGCONNECT_TIMEOUT": "10",
        "PGAPPNAME": "convosphere.platform",
        "LC_ALL": "C",
    }


def test_in_a_container_the_environment_goes_in_by_name():
    found = tools(login_container="database")

    assert found.command("psql", "--quiet") == [
        "docker",
        "exec",
        "--interactive",
        "--env=PGUSER",
        "--env=PGPASSWORD",
        "--env=PGDATABASE",
        "--env=PGAPPNAME",
        "--env=LC_ALL",
        "database",
        "psql",
        "--quiet",
    ]
    assert "PGHOST" not in found.environment
    assert found.environment["DOCKER_HOST"] == "unix:///var/run/docker.sock"
    assert "--env=PGPASSWORD" not in tools(login_container="database", login_password=None).command("psql")


@pytest.mark.parametrize(("superuser", "passed"), [("on", session_settings.options()), ("off", None), (None, None)])
def test_sessions_of_programs_get_the_settings_that_their_role_may_change(superuser, passed):
    found = tools(login_container="database")
    found.adopt(SimpleNamespace(get_parameter_status={"is_superuser": superuser}.get))

    assert found.environment.get("PGOPTIONS") == passed
    assert ("--env=PGOPTIONS" in found.command("psql")) is bool(passed), "a role that may not is not let in with it"


def test_a_database_is_named_so_that_nothing_in_its_name_means_anything():
    assert tools().command("pg_restore", database="it's a\\b=c")[1] == r"--dbname=dbname='it\'s a\\b=c'"


def test_the_programs_are_those_of_the_servers_version(programs):
    found = tools()
    assert found.version("pg_dump") == "13.2"

    found.require("15.3", "pg_dump")

    assert found.version("pg_dump") == "15.8"
    assert found.command("pg_dump") == [str(programs / "15" / "pg_dump")]


@pytest.mark.usefixtures("programs")
def test_programs_of_another_major_version_are_refused():
    with pytest.raises(
        InputError, match=r"on the host has version 13.2, and the server has version 16.1\. .*client-16"
    ):
        tools().require("16.1", "pg_dump")


@pytest.mark.usefixtures("programs")
def test_programs_that_are_missing_are_named():
    with pytest.raises(CommandError, match=r"pg_restore is not installed\. .*postgresql-client-16"):
        tools().require("16.1", "pg_restore")


def test_what_does_not_say_its_version_is_refused(programs):
    (programs / "path" / "pg_dump").write_text("#!/bin/sh\necho hello\n")

    with pytest.raises(CommandError, match=r"Cannot read the version of the .* on the host: hello"):
        tools().version("pg_dump")


def test_a_folder_is_seen_here_and_there_and_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned = tmp_path / ".convosphere-tools-old"
    young = tmp_path / ".convosphere-tools-young"
    for path in (abandoned, young):
        path.mkdir()
    os.utime(abandoned, (0, 0))
    with tools().folder() as outer:
        os.utime(outer[0], (0, 0))
        with tools().folder() as folder:
            assert str(folder[0]) == folder[1]
            assert list(folder[0].iterdir()) == []
            assert outer[0].exists()

    assert list(tmp_path.iterdir()) == [young]
