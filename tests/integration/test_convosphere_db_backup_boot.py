# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot backups: what serves is verified, what does not serve stays restored, and all else is no verdict."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.boot_platform import Bootable, BootPlatform, boot_platform
from support.law import Case, Refused
from support.module_process import ModuleProcess, run_module
from support.sandbox import Sandbox, until

VERIFY = "convosphere_db_backup_verify"
INFO = "convosphere_db_backup_info"
DOES_NOT_BOOT, COULD_NOT_TELL = "does not boot", "could not tell"


@pytest.fixture(scope="module")
def environment(tables: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootPlatform]:
    with boot_platform(tables, tmp_path_factory.mktemp("boot")) as found:
        yield found


@pytest.fixture
def platform(environment: BootPlatform, tmp_path: Path) -> Iterator[Bootable]:
    """Return a database of its own, after which nothing is left."""
    yield environment.platform(tmp_path)
    assert environment.leftovers() == []


def filled(platform: Bootable) -> str:
    """Give the platform a user, a conversation, a document and vectors. Return the id of the user."""
    owner = platform.database.add_user("alice@example.com", role="SUPER_ADMIN")
    platform.add_conversation(owner)
    platform.add_document(owner, "Hello")
    if not platform.environment.parts.objects():
        platform.environment.parts.add_objects("Documents", 3)
    return owner


@pytest.mark.law
def test_law(run_law, platform):
    filled(platform)
    made = platform.back_up("uploads", "vectors")
    options = platform.boot_options
    verified = {"level": "boot", "at": ANY, "duration": ANY, "host": ANY}
    found = {
        "documents": "1 of 1 documents agree with their files",
        "vectors": "1 classes restored",
        "login": "answered",
        "users": "answered",
        "conversations": "answered",
    }
    run_law(
        VERIFY,
        cases=[
            Case(
                "by boot",
                options,
                diff={
                    "before": {made["id"]: {"verified": None}},
                    "after": {made["id"]: {"verified": {"level": "boot"}}},
                },
                returns={
                    "backups": [
                        {
                            "id": made["id"],
                            "label": None,
                            "action": "verified",
                            "verified": verified,
                            "proof": ANY,
                            "boot": found,
                            "tables": 31,
                            "rows": 4,
                        }
                    ]
                },
            ),
        ],
        refused=[
            Refused("no project", {**options, "project_name": None, "force": True}, "project_name is not set"),
            Refused("no time", {**options, "boot_timeout": 0, "force": True}, "boot_timeout is 0: give a number"),
            Refused(
                "elsewhere",
                {**options, "docker_host": "tcp://127.0.0.1:1", "force": True},
                "allowed is the socket of this host",
            ),
            Refused(
                "too little", {**options, "boot_memory": 9_999_999, "force": True}, "A boot takes about 9999999 MiB"
            ),
            Refused(
                "no image", {**options, "image": "sha256:" + "0" * 64, "force": True}, "is not on the host: bring it"
            ),
        ],
    )
    [proof] = platform.manifest()["proofs"]
    assert (proof["level"], proof["result"], proof["reason"]) == ("boot", "passed", None)
    assert 0 < proof["rto_seconds"] <= proof["seconds"]
    assert proof["rpo_seconds"] > 0
    [listed] = run_module(INFO, {"backup_dir": str(platform.directory)}, platform.folder)["backups"]
    assert listed["proofs"] == [proof]


# ------------------------------------------------------------------------------------------------ does not boot


def conflicting_type(platform: Bootable) -> None:
    # The backend creates a table that is missing, and ends if it cannot.
    platform.database.query("DROP TABLE tools CASCADE")
    platform.database.query("CREATE TYPE tools AS ENUM ('x')")


def missing_column(platform: Bootable) -> None:
    platform.database.query("ALTER TABLE users DROP COLUMN last_login")


def missing_password_column(platform: Bootable) -> None:
    platform.database.query("ALTER TABLE users DROP COLUMN hashed_password")


def unknown_role(platform: Bootable) -> None:
    platform.database.query("ALTER TYPE userrole ADD VALUE 'BOSS'")
    platform.database.add_user("boss@example.com", role="BOSS")


def unknown_provider(platform: Bootable) -> None:
    platform.database.query("ALTER TYPE authprovider ADD VALUE 'PIGEON'")
    platform.database.add_user("pigeon@example.com", auth_provider="PIGEON")


def missing_groups(platform: Bootable) -> None:
    platform.database.query("ALTER TABLE user_groups DROP COLUMN settings")


def missing_conversation_column(platform: Bootable) -> None:
    platform.database.query("ALTER TABLE conversations DROP COLUMN description")


def lost_file(platform: Bootable) -> None:
    [(path,)] = platform.database.query("SELECT file_path FROM documents")
    platform.environment.parts.execute("backend", "rm", f"/app/uploads/{path.partition('://')[2]}")


def other_content(platform: Bootable) -> None:
    [(path,)] = platform.database.query("SELECT file_path FROM documents")
    platform.environment.parts.write(path.partition("://")[2], "Jello")


def other_size(platform: Bootable) -> None:
    platform.database.query("UPDATE documents SET file_size = 4711")


FAULTS: dict[str, tuple[Callable[[Bootable], None], str]] = {
    "the backend ends at its start": (conflicting_type, "The backend ended with exit code 3 on the restored database"),
    "a column of the login": (missing_column, "The backend cannot log in as the probe user: it answers 500"),
    "a column of the password": (missing_password_column, "cannot have a user to log in with: The table users of"),
    "a role that is no role": (unknown_role, "The backend cannot list the users: it answers 500"),
    "a provider that is no provider": (unknown_provider, "The backend cannot list the users: it answers 500"),
    "a column of the groups": (missing_groups, "it answers 500"),
    "a column of conversations": (missing_conversation_column, "The backend cannot list the conversations of a user"),
    "a lost file": (lost_file, "is not among the uploads"),
    "another content of a file": (other_content, "has the sha256"),
    "another size of a file": (other_size, "has 5 bytes, and its row says 4711"),
}
#: Those that CI boots; the campaign boots all.
QUICK = ("the backend ends at its start", "a role that is no role", "another content of a file")
EVERY_FAULT = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.campaign]) for name in FAULTS]


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_a_backup_that_restores_and_does_not_boot_stays_restored_and_says_why(platform, name):
    spoil, message = FAULTS[name]
    filled(platform)
    spoil(platform)
    made = platform.back_up("uploads", "vectors")

    result = platform.verify()

    assert_not_booted(platform, result, message)
    assert result["failure"]["backup"] == made["id"]


def assert_not_booted(platform: Bootable, result: dict[str, Any], message: str) -> None:
    assert result.get("failed"), result
    assert message in result["msg"]
    assert result["failure"]["verdict"] == DOES_NOT_BOOT
    manifest = platform.manifest()
    assert (manifest["verified"]["level"], manifest["damaged_at"]) == ("restore", None)
    [proof] = manifest["proofs"]
    assert (proof["level"], proof["result"], proof["rto_seconds"]) == ("boot", "failed", None)
    assert message in proof["reason"]


def rewrite_vectors(platform: Bootable, change: Callable[[tarfile.TarFile, tarfile.TarFile], None]) -> None:
    """Have the archive of the vectors be another one since before its checksum was taken."""
    path = next(platform.directory.glob("*.vectors.tar.zst"))
    content = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=packed, mode="w") as new:
        change(old, new)
    path.write_bytes(subprocess.run(["zstd", "-q"], input=packed.getvalue(), capture_output=True, check=True).stdout)
    manifest_path = next(platform.directory.glob("*.manifest.json"))
    manifest = json.loads(manifest_path.read_text())
    [file] = [each for each in manifest["files"] if each["name"] == path.name]
    file.update(size=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    manifest_path.write_text(json.dumps(manifest))


def without_its_description(old: tarfile.TarFile, new: tarfile.TarFile) -> None:
    for member in old:
        if not member.name.endswith("backup_config.json"):
            new.addfile(member, old.extractfile(member) if member.isfile() else None)


def test_vectors_that_the_store_refuses(platform):
    filled(platform)
    platform.back_up("vectors")
    rewrite_vectors(platform, without_its_description)

    assert_not_booted(platform, platform.verify(), "The vectors do not restore: Cannot start to restore")


@pytest.mark.campaign
def test_vectors_of_other_classes_than_the_manifest_says(platform):
    filled(platform)
    platform.back_up("vectors")
    path = next(platform.directory.glob("*.manifest.json"))
    manifest = json.loads(path.read_text())
    manifest["vectors"]["classes"].append("Lost")
    path.write_text(json.dumps(manifest))

    assert_not_booted(platform, platform.verify(), "and the manifest says Documents, Lost")


# ------------------------------------------------------------------------------------------------ could not tell


def test_a_backend_that_never_asks_for_the_database_is_no_verdict(platform):
    platform.back_up()

    result = platform.verify(boot_timeout=2, boot_settings={"SANDBOX_NEVER_HEALTHY": "1", "SANDBOX_START_SECONDS": "0"})

    assert "Cannot tell whether the backup boots: the backend is still starting after 2 s" in result["msg"]
    assert "without a connection to the restored database" in result["msg"]
    assert result["failure"]["verdict"] == COULD_NOT_TELL
    manifest = platform.manifest()
    assert (manifest["verified"]["level"], manifest["proofs"]) == ("restore", [])


@pytest.mark.campaign
def test_a_backend_whose_settings_are_refused_is_no_verdict(platform):
    platform.back_up()

    result = platform.verify(boot_settings={"LANGUAGES": "de,en", "SANDBOX_START_SECONDS": "0"})

    assert "the backend ended with exit code 1" in result["msg"]
    assert (result["failure"]["verdict"], platform.manifest()["proofs"]) == (COULD_NOT_TELL, [])


@pytest.mark.campaign
def test_a_backend_that_is_killed_is_no_verdict(platform):
    platform.back_up()

    result = platform.verify(boot_memory=20)

    assert result["failure"]["verdict"] == COULD_NOT_TELL
    assert platform.manifest()["proofs"] == []


def test_a_backup_of_a_schema_that_no_kept_release_has_is_no_verdict(platform):
    platform.database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    platform.database.query("INSERT INTO alembic_version VALUES ('of another branch')")
    made = platform.back_up()
    source = platform.environment.parts.directory
    release = source / "releases" / "20260101T000000000Z"
    release.mkdir(parents=True)
    record = {"images": {"backend": "x@0123456789ab"}, "schema": {"heads": ["ours"], "image_id": "sha256:1"}}
    (release / "release.json").write_text(json.dumps(record))
    try:
        result = platform.verify(project_src=str(source))
    finally:
        (release / "release.json").unlink()
        release.rmdir()
        release.parent.rmdir()

    assert f"has the schema of the backup {made['id']}, so that the image of its backend is not known" in result["msg"]
    assert result["failure"]["verdict"] == COULD_NOT_TELL
    assert platform.manifest()["verified"] is None


# ------------------------------------------------------------------------------------------------ healthy oddities


def without_anything(_platform: Bootable) -> dict[str, Any]:
    return {}


def with_rows_that_rest_cannot_return(platform: Bootable) -> dict[str, Any]:
    platform.database.add_user("locked@example.com", locked_until="2030-01-01T00:00:00Z")
    owner = platform.database.add_user("it's@example.com", username="x")
    platform.add_conversation(owner, title="")
    return {}


def with_objects_of_another_role(platform: Bootable) -> dict[str, Any]:
    platform.database.add_user("alice@example.com")
    platform.database.query("DROP ROLE IF EXISTS boot_other_owner")
    platform.database.query("CREATE ROLE boot_other_owner NOLOGIN")
    platform.database.query("ALTER TABLE users OWNER TO boot_other_owner")
    platform.database.query("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC")
    return {}


def without_the_role_super_admin(platform: Bootable) -> dict[str, Any]:
    # As after the platform's own migration of this type.
    platform.database.query("CREATE TYPE user_role AS ENUM ('ADMIN', 'MANAGER', 'USER', 'GUEST')")
    platform.database.query("ALTER TABLE users ALTER role TYPE user_role USING role::text::user_role")
    platform.database.add_user("alice@example.com", role="ADMIN")
    return {}


def with_documents_elsewhere(platform: Bootable) -> dict[str, Any]:
    owner = platform.database.add_user("alice@example.com")
    platform.add_document(owner, "far", file_path="https://example.com/far")
    platform.add_document(owner, "raw", status="uploaded", file_size=1)
    platform.add_document(owner, "odd", knowledge_metadata='["a list"]')
    return {"include": ["uploads"]}


ODDITIES: dict[str, Callable[[Bootable], dict[str, Any]]] = {
    "empty": without_anything,
    "rows that REST cannot return": with_rows_that_rest_cannot_return,
    "another owner": with_objects_of_another_role,
    "no super_admin": without_the_role_super_admin,
    "documents elsewhere": with_documents_elsewhere,
}
EVERY_ODDITY = [
    pytest.param(name, marks=[] if name == "another owner" else [pytest.mark.campaign]) for name in ODDITIES
]


@pytest.mark.parametrize("name", EVERY_ODDITY)
def test_what_is_only_odd_boots(platform, name):
    include = ODDITIES[name](platform).get("include", [])
    platform.back_up(*include)

    result = platform.verify()

    assert not result.get("failed"), result["msg"]
    assert platform.manifest()["verified"]["level"] == "boot"
    if name == "another owner":
        platform.database.query("REASSIGN OWNED BY boot_other_owner TO convosphere")
        platform.database.query("DROP ROLE boot_other_owner")


@pytest.mark.campaign
def test_an_encrypted_backup_boots_with_its_one_run_key_alone(platform, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    public = subprocess.run(["age-keygen", "-y", key], capture_output=True, check=True, text=True).stdout.strip()
    filled(platform)
    platform.back_up("uploads", "vectors", recipients=[public])

    result = platform.verify()

    assert not result.get("failed"), result["msg"]
    [found] = result["backups"]
    assert (found["boot"]["documents"], found["boot"]["vectors"]) == (
        "1 of 1 documents agree with their files",
        "1 classes restored",
    )


@pytest.mark.campaign
def test_programs_of_the_host_and_any_name_of_a_database_boot(environment, platform):
    name = 'Odd "na\'me" =x /y'
    quoted = '"' + name.replace('"', '""') + '"'
    environment.running.query(f"CREATE DATABASE {quoted} TEMPLATE convosphere", database="postgres")
    try:
        platform.back_up(login_db=name)
        result = platform.verify(login_db=name, login_container=None)
    finally:
        environment.running.query(f"DROP DATABASE {quoted}", database="postgres")

    assert not result.get("failed"), result["msg"]
    assert platform.manifest()["verified"]["level"] == "boot"


# ------------------------------------------------------------------------------------------------ around it


def test_a_killed_boot_is_removed_by_the_next_run_of_any_level(environment, platform):
    platform.back_up()
    run = ModuleProcess(
        VERIFY, {**platform.boot_options, "boot_settings": {"SANDBOX_START_SECONDS": "600"}}, platform.folder
    )
    until(lambda: any(name.endswith("-backend") for name in environment.leftovers()), "the backend of the boot")
    assert_shut_in(environment)
    run.kill()
    assert environment.leftovers() != []

    again = run_module(VERIFY, {**platform.options, "level": "restore", "force": True}, platform.folder)

    assert not again.get("failed"), again["msg"]
    assert environment.leftovers() == []


def assert_shut_in(environment: BootPlatform) -> None:
    """Check that a running boot has no way out, no port, no label of a project, and no secret of the platform."""
    client = environment.parts.client
    name = next(each for each in environment.leftovers() if each.endswith("-backend"))
    container = client.containers.get(name)
    [network] = container.attrs["NetworkSettings"]["Networks"]
    assert client.networks.get(network).attrs["Internal"]
    assert not container.attrs["NetworkSettings"]["Ports"].get("8000/tcp")
    assert [label for label in container.labels if label.startswith("com.docker.compose")] == []
    assert container.labels["platform.convosphere.boot.project"] == environment.parts.project
    settings = dict(entry.partition("=")[::2] for entry in container.attrs["Config"]["Env"])
    assert settings["OPENAI_API_KEY"] == ""
    assert "planted" not in json.dumps(settings)
    assert "convosphere_boot_" in settings["DATABASE_URL"]
    reach = "import socket; socket.create_connection(('8.8.8.8', 53), 3)"
    assert container.exec_run(["python3", "-c", reach]).exit_code != 0
    connect = (
        "import os, psycopg2; url, _, rest = os.environ['DATABASE_URL'].partition('@/');"
        "psycopg2.connect(url + '@/{}?' + rest.partition('?')[2]).cursor().execute('SELECT * FROM users')"
    )
    live = environment.running.query("SELECT datname FROM pg_database WHERE datname ~ '_verify_'")[0][0].split(
        "_verify_"
    )[0]
    refused = container.exec_run(["python3", "-c", connect.format(live)])
    assert refused.exit_code != 0
    assert b"permission denied for table users" in refused.output


def test_a_backup_that_booted_is_not_booted_again_and_counts_as_restored(platform):
    platform.back_up()
    first = platform.verify()
    assert not first.get("failed"), first["msg"]

    assert not platform.verify()["changed"]
    assert not platform.verify(level="restore")["changed"]
    assert platform.verify(level="restore", reverify_after=0, force=True)["changed"]
    manifest = platform.manifest()
    assert manifest["verified"] == first["backups"][0]["verified"]
    assert [proof["level"] for proof in manifest["proofs"]] == ["boot", "restore"]
