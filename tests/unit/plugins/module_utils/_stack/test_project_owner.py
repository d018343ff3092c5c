# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import confirmation
from ansible_collections.convosphere.platform.plugins.module_utils._host import (
    environment_directory,
    system_directories,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack import project_owner, releases, server_owner

from support.backups import put_backup

MARKER = ".convosphere.json"


def mark(directory: Path, **fields: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARKER).write_text(json.dumps(fields))
    return directory


def release(directory: Path, **fields: str) -> Path:
    releases.save(directory / "releases", {"id": "1", **fields}, {"compose.yaml": "services: {}\n"})
    return directory


def engine(**origins: str | None) -> Any:
    """Fake an engine with these containers of one project, each with the directory of its label, or None without it."""
    label = "com.docker.compose.project.working_dir"
    client = Mock()
    client.api.containers.return_value = [
        {"Names": [f"/{name}"], "State": "running", "Labels": {label: path} if path else {}}
        for name, path in origins.items()
    ]
    return client


def refuse(directory: Path, environment: str = "dev", project: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        environment_directory.refuse_foreign_directory(directory, environment, "project_src", project)
    assert "Nothing was changed" in str(caught.value)
    return str(caught.value)


# --------------------------------------------------------------------------------------------------- directories


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/home",
        "/home/ada",
        "/srv",
        "/opt",
        "/etc",
        "/etc/convosphere",
        "/usr/lib/x",
        "/var",
        "/var/lib",
        "/var/backups",
        "/var/lib/docker/volumes",
        "/tmp",
        "/root",
        "/mnt",
        "/opt/",
        "/opt/../srv",
        "/proc/1",
        "/run/x",
        "relative",
    ],
)
def test_a_directory_of_the_system_is_never_an_environments(path):
    assert "The directory" in refuse(Path(path))


def test_a_link_to_a_directory_of_the_system_is_that_directory(tmp_path):
    (tmp_path / "link").symlink_to("/srv")

    assert "is shared by the whole system" in refuse(tmp_path / "link")


@pytest.mark.parametrize(
    "path",
    [
        "/opt/convosphere",
        "/srv/convosphere/dev",
        "/home/ada/dev",
        "/usr/local/convosphere",
        "/var/lib/convosphere",
        "/var/backups/convosphere/dev",
    ],
)
def test_a_directory_below_one_of_the_system_can_be_an_environments(path):
    assert system_directories.unsuitable(Path(path)) is None


@pytest.mark.parametrize("names", [(), (".lock",), (".env",), ("releases/",), ("lost+found/", ".lock")])
def test_a_directory_that_nobody_used_is_free(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()

    environment_directory.refuse_foreign_directory(tmp_path, "dev", "project_src")
    environment_directory.refuse_foreign_directory(tmp_path / "absent", "dev", "project_src")
    assert environment_directory.claims(tmp_path) == []


def test_what_an_interrupted_first_backup_leaves_makes_its_directory_nobody_elses(tmp_path):
    for name in (".lock", ".progress.json", ".convosphere-live-20261128T150405Z.dump.zst"):
        (tmp_path / name).write_text("half")
    environment_directory.refuse_foreign_backups(tmp_path, "dev")

    # It was killed when the first of its files had its final name, and the manifest was not there yet.
    (tmp_path / "live-20261128T150405Z.dump.zst").write_text("whole")
    environment_directory.refuse_foreign_backups(tmp_path, "dev")

    (tmp_path / "notes.txt").write_text("somebody's")
    with pytest.raises(InputError, match="Nothing shows that the directory"):
        environment_directory.refuse_foreign_backups(tmp_path, "dev")


@pytest.mark.parametrize("name", ["compose.yaml", "docker-compose.yml", "notes.txt", "releases/1/x"])
def test_a_folder_that_was_never_deployed_is_refused_with_the_way_out(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()

    message = refuse(tmp_path)

    assert f"Nothing shows that the directory {tmp_path} belongs to the environment dev" in message
    assert f"""echo '{{"environment": "dev"}}' > {tmp_path}/{MARKER}""" in message


@pytest.mark.parametrize("claim", [mark, release])
def test_a_directory_belongs_to_the_environment_that_it_names(tmp_path, claim):
    claim(tmp_path, environment="dev")
    (tmp_path / "notes.txt").touch()

    environment_directory.refuse_foreign_directory(tmp_path, "dev", "project_src", "p")
    assert "belongs to the environment dev, not to prod" in refuse(tmp_path, "prod")


def test_a_copy_of_another_environments_directory_is_refused_whatever_its_marker_says(tmp_path):
    release(mark(tmp_path, environment="dev"), environment="prod")

    assert "belongs to the environment prod, not to dev" in refuse(tmp_path)


def test_a_directory_belongs_to_one_project(tmp_path):
    mark(tmp_path, environment="dev", project="p")

    environment_directory.refuse_foreign_directory(tmp_path, "dev", "project_src", "p")
    assert "belongs to the Compose project p, not to q" in refuse(tmp_path, project="q")


def test_backups_show_whose_their_directory_is(tmp_path):
    put_backup(tmp_path, environment="dev")
    (tmp_path / "broken.manifest.json").write_text("[")

    environment_directory.refuse_foreign_directory(tmp_path, "dev", "backup_dir")
    assert "belongs to the environment prod" in refuse(tmp_path, "prod")
    # Several environments may have theirs in one directory, as long as it is marked as nobody's.
    assert environment_directory.refuse_foreign_backups(tmp_path, "prod") is None
    mark(tmp_path, environment="prod")
    with pytest.raises(InputError, match="belongs to the environment prod, not to dev"):
        environment_directory.refuse_foreign_backups(tmp_path, "dev")


def test_a_directory_of_other_files_is_no_directory_of_backups(tmp_path):
    (tmp_path / "notes.txt").touch()

    for directory in (tmp_path, Path("/var/backups"), Path("/home")):
        with pytest.raises(InputError, match="Check backup_dir and environment_name"):
            environment_directory.refuse_foreign_backups(directory, "dev")


@pytest.mark.parametrize("text", ["", "dev", "[]", '{"environment": ""}', "{"])
def test_a_broken_marker_is_refused_with_the_command_that_mends_it(tmp_path, text):
    (tmp_path / MARKER).write_text(text)

    assert f"The marker {tmp_path}/{MARKER} does not name an environment" in refuse(tmp_path)


@pytest.mark.parametrize("name", ["", "../../x", "a/b", "a\nb", " ", "-e"])
def test_an_environment_has_a_name_that_can_be_one(tmp_path, name):
    assert "environment_name is" in refuse(tmp_path, name)


def test_the_marker_is_written_once_and_keeps_what_else_it_says(tmp_path):
    environment_directory.write_marker(tmp_path, "dev")
    environment_directory.write_marker(tmp_path, "dev", "p")
    written = (tmp_path / MARKER).stat().st_ino
    environment_directory.write_marker(tmp_path, "dev")

    assert environment_directory.read_marker(tmp_path) == {"environment": "dev", "project": "p"}
    assert (tmp_path / MARKER).stat().st_ino == written


# ------------------------------------------------------------------------------------------------------- projects


def test_a_project_is_that_of_the_directory_that_its_containers_were_created_from(tmp_path):
    mark(tmp_path, environment="dev")
    client = engine(web=str(tmp_path), db=f"{tmp_path}/../{tmp_path.name}")

    assert project_owner.refuse_foreign_project(client, "p", "dev", tmp_path) == tmp_path
    assert project_owner.refuse_foreign_project(engine(web=str(tmp_path)), "p", "dev") == tmp_path
    assert project_owner.refuse_foreign_project(engine(), "p", "dev") is None


@pytest.mark.parametrize("origin", ["/srv/elsewhere", None])
def test_containers_from_elsewhere_make_a_project_foreign(tmp_path, origin):
    mark(tmp_path, environment="dev")
    client = engine(web=str(tmp_path), theirs=origin)

    for directory in (tmp_path, None):
        with pytest.raises(InputError, match=f"elsewhere: .*theirs from {origin or 'unknown'}.*To move an"):
            project_owner.refuse_foreign_project(client, "p", "dev", directory)


def test_without_a_directory_given_that_of_the_containers_must_be_the_environments(tmp_path):
    mark(tmp_path, environment="prod")

    with pytest.raises(InputError, match="belongs to the environment prod, not to dev"):
        project_owner.refuse_foreign_project(engine(web=str(tmp_path)), "p", "dev")


@pytest.mark.parametrize("given", [True, False])
def test_the_options_of_a_module_name_the_project(tmp_path, given):
    mark(tmp_path, environment="prod")
    options = {"project_name": "p", "environment_name": "dev", "project_src": str(tmp_path) if given else None}

    with pytest.raises(InputError, match="belongs to the environment prod, not to dev"):
        project_owner.refuse_foreign_project_of(engine(web=str(tmp_path)), options)
    project_owner.refuse_foreign_project_of(engine(web=str(tmp_path)), {**options, "environment_name": "prod"})


def test_containers_of_a_directory_that_is_gone_are_not_proven(tmp_path):
    gone = tmp_path / "gone"

    with pytest.raises(InputError, match=f"Nothing shows that the Compose project p .* mkdir -p {gone}"):
        project_owner.refuse_foreign_project(engine(web=str(gone)), "p", "dev", gone)


def test_a_release_from_before_projects_were_recorded_shows_the_project_by_its_compose_file(tmp_path):
    record = {"id": "1", "environment": "dev"}
    releases.save(tmp_path / "releases", record, {"compose.yaml": "# of dev\nname: p\nservices: {}\n"})

    assert project_owner.proves_project(engine(), tmp_path, "p")
    assert not project_owner.proves_project(engine(), tmp_path, "services: {}")


# ---------------------------------------------------------------------------------------------------------- setup


def test_setup_changes_only_what_is_the_environments_or_what_nobody_used(tmp_path):
    found = {"owner": "root", "mode": "0777"}
    own, other, theirs, root = (tmp_path / name for name in ("a/own", "a/other", "theirs", "a"))
    mark(own, environment="dev")
    mark(other, environment="prod")
    theirs.mkdir()
    (theirs / "file").touch()
    (tmp_path / "empty").mkdir()

    allowed = {path for path in (own, own / "releases", other, theirs, root, root / "tools", tmp_path / "empty")
               if environment_directory.may_take_over(path, "dev", "root", found)}  # fmt: skip
    assert allowed == {own, own / "releases", root, root / "tools", tmp_path / "empty"}
    assert not environment_directory.may_take_over(tmp_path / "empty", "dev", "root", {"owner": "ada"})


# ---------------------------------------------------------------------------------------------------- confirmation


@pytest.mark.parametrize("confirm", [None, "", "prod", "DEV", "yes"])
def test_only_the_name_of_the_environment_confirms(confirm):
    params = {"confirm": confirm, "environment_name": "dev"}

    def losses() -> list[str]:
        return ["volume p_data (1.0 KiB)"]

    with pytest.raises(InputError) as caught:
        confirmation.refuse_unconfirmed(params, "This removes dev:", losses, check_mode=False, warn=Mock())

    assert str(caught.value).startswith("This removes dev:\n- volume p_data (1.0 KiB)")
    assert "Next: -e confirm=dev for a playbook of the collection, confirm: dev for this module." in str(caught.value)
    assert caught.value.details == {"concerned": ["volume p_data (1.0 KiB)"]}


@pytest.mark.parametrize(("confirm", "check_mode"), [("dev", False), ("dev", True), (None, True), ("", True)])
def test_who_confirms_and_who_only_looks_waits_for_no_list(confirm, check_mode):
    params, losses, warnings = {"confirm": confirm, "environment_name": "dev"}, Mock(), []

    confirmation.refuse_unconfirmed(params, "This:", losses, check_mode=check_mode, warn=warnings.append)

    losses.assert_not_called()
    unconfirmed = ["Check mode changes nothing. Without confirm, the real run refuses: give confirm=dev."]
    assert warnings == ([] if confirm else unconfirmed)


def test_a_wrong_confirmation_is_refused_in_check_mode_too():
    with pytest.raises(InputError, match="confirm is 'prod', not 'dev'"):
        confirmation.refuse_unconfirmed(
            {"confirm": "prod", "environment_name": "dev"}, "This:", list, check_mode=True, warn=Mock()
        )


def test_the_list_has_every_container_and_volume_with_its_size(tmp_path, monkeypatch):
    client = engine(web=str(tmp_path))
    client.api.volumes.return_value = {"Volumes": [{"Name": "p_data"}, {"Name": "p_new"}]}
    usage = [{"Name": "p_data", "UsageData": {"Size": 2048}}, {"Name": "p_new", "UsageData": {"Size": -1}}]
    monkeypatch.setattr(confirmation.EngineProbe, "get", lambda _self, _path: {"Volumes": usage})
    (tmp_path / "file").write_bytes(b"x" * 1024)

    assert confirmation.project_objects(client, "unix:///nowhere", "p") == [
        "container web (running)",
        "volume p_data (2.0 KiB)",
        "volume p_new (size unknown)",
    ]
    assert confirmation.directory_line(tmp_path) == f"directory {tmp_path} (1.0 KiB)"


def test_an_engine_that_does_not_measure_hides_nothing():
    client = engine()
    client.api.volumes.return_value = {"Volumes": [{"Name": "p_data"}]}

    assert confirmation.project_objects(client, "unix:///nowhere", "p") == ["volume p_data (size unknown)"]


# --------------------------------------------------------------------------------------------------- the database


@pytest.fixture
def server(monkeypatch):
    """Call refuse_foreign_server for a container with these labels that publishes PostgreSQL at port 5432."""

    def call(labels: dict[str, str], **params: Any) -> None:
        ports = {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5432"}]}
        found = {"Config": {"Labels": labels}, "NetworkSettings": {"Ports": ports}}
        monkeypatch.setattr(server_owner, "_inspect", lambda _host, _name: found)
        given = {"login_container": "db", "docker_host": "unix:///x", "environment_name": "dev", "login_port": 5432}
        server_owner.refuse_foreign_server({**given, "login_host": "localhost", "login_unix_socket": None, **params})

    return call


def test_the_container_of_another_environments_database_is_refused(server, tmp_path):
    mark(tmp_path, environment="prod")
    labels = {"com.docker.compose.project": "p", "com.docker.compose.project.working_dir": str(tmp_path)}

    with pytest.raises(InputError, match="The container db is not shown to be that of the environment dev"):
        server(labels)
    server(labels, environment_name="prod")
    server({})  # no Compose project made it: nothing says whose it is


def test_the_port_of_another_server_than_the_container_is_refused(server):
    with pytest.raises(InputError, match="publishes PostgreSQL at port 5432, and login_port is 6432: these are two"):
        server({}, login_port=6432)
    server({}, login_port=6432, login_host="db.example.org")
    server({}, login_port=6432, login_unix_socket="/run/postgresql")
