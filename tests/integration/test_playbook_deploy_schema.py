# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deploy.yml does about the database's schema, in an environment of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.run_key import RunKeys

from support.compose_project import docker
from support.dumps import other_key, public_key
from support.environment import QUICK_START, Environment, environment, free_ports
from support.migrations import backend_with
from support.playbook import PlaybookRun

AGENTS, MODELS = "2025_08_14_add_agents", "2025_08_16_add_ai_models_and_settings_tables"
HEADS = f"{AGENTS}\n{MODELS}"
BRING_UP = "Bring the stack up if its schema is known to fit"
LOOK = "Compare the schema with the desired backend"
REFUSE = "Refuse a stack that cannot be brought up, before its database is migrated"
MIGRATE = "Migrate the database"
RECORD = "Record the revisions of the tables that the backend created"
SECRETS = {"POSTGRES_PASSWORD": "planted@/:?#[]%2F$pass'word\""}

#: What Docker Compose refuses before anything is changed.
BROKEN = {"stack_compose_override": {"services": {"redis": {"nonsense": 1}}}}
#: What nobody brings to the host.
NOWHERE = "does-not-exist.example/tika:1"
SIDECAR = {"stack_compose_override": {"services": {"tika": {"image": NOWHERE}}}}


@pytest.fixture(scope="module")
def mig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Give the environment a project name and a directory of its own choice, as any may have."""
    folder = tmp_path_factory.mktemp("mig")
    place = {"stack_project_name": "mig-shop", "stack_directory": str(folder / "host/elsewhere/shop")}
    with environment("mig", folder, {"stack_secrets": SECRETS, **place, **QUICK_START}) as found:
        yield found


@pytest.fixture(scope="module")
def first(mig: Environment) -> PlaybookRun:
    return mig.run("deploy.yml", diff=True).succeeded()


@pytest.fixture
def live(mig: Environment, first: PlaybookRun) -> Environment:
    """Deploy the environment; `first` is that deploy."""
    assert first.rc == 0
    return mig


def revisions(live: Environment) -> str:
    return live.sql("SELECT version_num FROM alembic_version ORDER BY 1")


def published(live: Environment) -> int:
    """Return the port on the host at which PostgreSQL is published."""
    return int(live.inspect("postgres")["NetworkSettings"]["Ports"]["5432/tcp"][0]["HostPort"])


def ran(run: PlaybookRun, name: str) -> bool:
    return any(task.name.endswith(name) and task.status != "skipped" for task in run.tasks)


def test_a_revision_that_is_misspelt_stops_the_first_deploy_too(mig):
    run = mig.run("deploy.yml", extra_vars={"stack_accept_revisions": ["f00"]})

    assert "This version of the backend has no revision f00" in run.task(LOOK).message


def test_the_first_deploy_records_what_the_backend_made(live, first):
    assert first.task(LOOK).result["situation"] == "absent"
    assert first.task(RECORD).result["situation"] == "unstamped"
    assert revisions(live) == HEADS
    record = json.loads((live.directory / "releases/current/release.json").read_text())
    assert record["schema_revisions"] == HEADS.split()
    assert record["schema"]["image_id"] == live.inspect("backend")["Image"]


def test_the_second_deploy_changes_nothing_and_starts_no_container(live):
    since = docker("info", "--format={{.SystemTime}}").strip()

    run = live.run("deploy.yml").succeeded()

    assert run.changed == 0
    assert run.task(BRING_UP).result["schema_known"] is True
    assert not ran(run, LOOK)
    until = docker("info", "--format={{.SystemTime}}").strip()
    # Those of alembic have no project, and other tests create them meanwhile; the task that would is not run here.
    filters = ("--filter=event=create", "--filter=label=com.docker.compose.project=mig-shop")
    assert docker("events", f"--since={since}", f"--until={until}", *filters) == ""


@pytest.mark.campaign
def test_a_revision_that_is_misspelt_is_named_also_where_nothing_is_to_be_migrated(live):
    before = live.traces()

    for option in ("stack_accept_revisions", "stack_assume_revisions"):
        run = live.run("deploy.yml", extra_vars={option: [AGENTS, "f00"]})

        assert run.rc == 2
        assert "This version of the backend has no revision f00. It has: " in run.task(LOOK).message
        assert live.traces() == before
        assert live.run("deploy.yml", extra_vars={option: [AGENTS]}).succeeded().changed == 0


@pytest.mark.campaign
def test_a_database_that_alembic_knows_nothing_of_is_recorded_before_the_next_deploy(live):
    live.sql("DROP TABLE alembic_version")

    check = live.run("deploy.yml", check=True, diff=True).succeeded()
    run = live.run("deploy.yml").succeeded()

    assert check.task(LOOK).result["situation"] == "unstamped"
    assert check.task(LOOK).changed
    assert run.task(MIGRATE).changed
    assert revisions(live) == HEADS


def test_a_database_that_is_newer_than_the_backend_stops_the_deploy_before_anything_is_changed(live):
    live.sql("INSERT INTO alembic_version VALUES ('f00')")
    before = live.traces()
    try:
        run = live.run("deploy.yml", extra_vars={"stack_debug": True})

        assert run.rc == 2
        assert "the database is newer than the code" in run.task(LOOK).message
        assert live.traces() == before
    finally:
        live.sql("DELETE FROM alembic_version WHERE version_num = 'f00'")


def test_a_database_that_was_stopped_is_started_for_its_migration(live):
    live.compose("stop", "backend", "postgres")

    run = live.run("deploy.yml").succeeded()

    assert run.task(LOOK).result["situation"] == "stopped"
    assert run.task("Start the stopped database").changed
    assert live.health() == "healthy"


@pytest.mark.campaign
def test_the_port_of_the_database_is_changed_by_a_deploy(live):
    another = {"stack_postgres_port": free_ports(1)[0]}

    assert live.run("deploy.yml", extra_vars=another, check=True).succeeded().changed == 1
    run = live.run("deploy.yml", extra_vars=another).succeeded()

    assert run.task(BRING_UP).result["schema_known"] is True
    assert published(live) == another["stack_postgres_port"]
    assert live.run("deploy.yml", extra_vars=another).succeeded().changed == 0
    assert live.run("database.yml", extra_vars=another).succeeded().changed == 0


@pytest.mark.campaign
def test_a_database_that_was_stopped_gets_another_port_where_somebody_else_has_its_own(live):
    taken, another = published(live), {"stack_postgres_port": free_ports(1)[0]}
    live.compose("stop", "--timeout=1", "backend", "postgres")
    with socket.create_server(("127.0.0.1", taken)):
        message = live.run("deploy.yml", extra_vars=another).failures[-1].message

        assert f"{taken}" in message
        assert "-e stack_migrate=false: then it gets the stack_postgres_port of the inventory" in message
        live.run("deploy.yml", extra_vars={**another, "stack_migrate": "false"}).succeeded()

    assert published(live) == another["stack_postgres_port"]
    assert live.health() == "healthy"


def test_nothing_is_looked_at_where_that_is_not_wanted(live):
    run = live.run("deploy.yml", extra_vars={"stack_migrate": "false"}).succeeded()

    assert "schema_known" not in run.task(BRING_UP).result
    assert not ran(run, LOOK)


def test_a_new_version_is_migrated_to_with_a_backup_that_is_made_and_proven(live, tmp_path):
    # The port of the database changes too: until the stack is up it is the previous one.
    # The backup is encrypted, and its private key is not on the host.
    recipient = public_key(other_key(tmp_path))
    with backend_with(mig_good=(AGENTS, "ALTER TABLE users ADD COLUMN mig_new text")) as tag:
        wanted = {"stack_images": {"backend": tag}, "stack_postgres_port": free_ports(1)[0]}
        wanted["database_recipients"] = [recipient]
        before = published(live)
        run = live.run("deploy.yml", extra_vars=wanted).succeeded()

        assert run.task(LOOK).result["backup_missing"].startswith("There is no backup of database convosphere")
        made = run.task("Create a backup").result["created"]
        assert run.task(MIGRATE).result["backup"] == made
        assert run.task(MIGRATE).result["steps"][0]["action"] == "run"
        manifest = json.loads((live.root / f"backups/mig/{made}.manifest.json").read_text())
        assert (manifest["verified"]["level"], manifest["recipients"]) == ("restore", [recipient])
        assert RunKeys(live.root / "backups/mig").find(made) is None
        assert revisions(live) == f"{MODELS}\nmig_good"
        assert live.sql("SELECT count(mig_new) FROM users") == "0"
        assert (run.task(MIGRATE).result["login_port"], published(live)) == (before, wanted["stack_postgres_port"])
        again = live.run("deploy.yml", extra_vars=wanted).succeeded()
        assert again.changed == 0
        older = live.run("deploy.yml")
        assert "The database is at revision mig_good, which this version of the backend does not have" in (
            older.failures[0].message
        )
        back_to_the_heads(live)
    live.run("deploy.yml").succeeded()


def test_a_deploy_that_fails_after_its_migration_says_where_the_schema_is(live):
    with backend_with(mig_good=(AGENTS, "ALTER TABLE users ADD COLUMN mig_new text")) as tag:
        ill = {"stack_images": {"backend": tag}, "stack_extra_settings": {"SANDBOX_NEVER_HEALTHY": "1"}}

        run = live.run("deploy.yml", extra_vars={**ill, "stack_wait_timeout": 25, "stack_skip_backup_gate": True})

        message = run.failures[0].message
        assert message.startswith(
            f"This deploy migrated the database from {AGENTS}, {MODELS} to {MODELS}, mig_good, and "
        )
        assert "It was rolled back: release" in message
        assert revisions(live) == f"{MODELS}\nmig_good"
        assert live.health() == "healthy"
        again = live.run("deploy.yml", extra_vars={"stack_images": {"backend": tag}, **BROKEN}).failures[0].message
        assert again.startswith(
            f"An earlier deploy migrated the database from {AGENTS}, {MODELS}, which the running release"
        )
        assert "nonsense" in again
        back_to_the_heads(live)


def test_a_stack_that_cannot_be_brought_up_is_refused_before_the_database_is_migrated_for_it(live):
    with backend_with(mig_good=(AGENTS, "ALTER TABLE users ADD COLUMN mig_new text")) as tag:
        settings = {"stack_images": {"backend": tag}, "stack_skip_backup_gate": True, **BROKEN}

        run = live.run("deploy.yml", extra_vars=settings)

        assert run.failures[0].name.endswith(REFUSE)
        assert "nonsense" in run.failures[0].message
        assert revisions(live) == HEADS


@pytest.mark.campaign
def test_an_image_that_nobody_brings_is_refused_before_the_database_is_migrated(live):
    with backend_with(mig_good=(AGENTS, "ALTER TABLE users ADD COLUMN mig_new text")) as tag:
        settings = {"stack_images": {"backend": tag}, "stack_skip_backup_gate": True, **SIDECAR}

        check = live.run("deploy.yml", extra_vars=settings, check=True)
        run = live.run("deploy.yml", extra_vars=settings)

        for failure in (*check.failures, *run.failures):
            assert f"The host has no image {NOWHERE}. Nothing was changed." in failure.message
        assert run.failures[0].name.endswith(REFUSE)
        assert revisions(live) == HEADS


def test_a_migration_that_fails_leaves_what_serves_alone(live):
    with backend_with(mig_boom=(AGENTS, "ALTER TABLE nowhere ADD COLUMN x int")) as tag:
        before = live.inspect("backend")["Id"]

        run = live.run("deploy.yml", extra_vars={"stack_images": {"backend": tag}, "stack_skip_backup_gate": True})

        assert run.failures[0].name.endswith(MIGRATE)
        assert "alembic failed in revision mig_boom: UndefinedTable" in run.failures[0].message
        assert live.inspect("backend")["Id"] == before
        assert revisions(live) == HEADS


def back_to_the_heads(live: Environment) -> None:
    """Undo by hand what the further revision did."""
    live.sql("ALTER TABLE users DROP COLUMN mig_new")
    live.sql("UPDATE alembic_version SET version_num = '2025_08_14_add_agents' WHERE version_num = 'mig_good'")
