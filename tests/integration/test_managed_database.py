# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment whose database is a managed PostgreSQL: with TLS, and with a role that may not create databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.compose_project import docker
from support.environment import SERVICES, Environment, environment
from support.managed_postgres import NAME, USER, ManagedPostgres, managed_postgres
from support.module_process import run_module
from support.playbook import PlaybookRun

#: With everything in it that a shell, Compose or a URL could take for its own.
PASSWORD = "planted@/:?#[]%2F$pass'word\""
OWN = tuple(name for name in SERVICES if name != "postgres")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedPostgres]:
    with managed_postgres(PASSWORD, tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module")
def managed(server: ManagedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    variables = {"stack_managed_database": server.option, "stack_secrets": {"POSTGRES_PASSWORD": PASSWORD}}
    with environment("managed", tmp_path_factory.mktemp("managed"), variables) as found:
        yield found


@pytest.fixture(scope="module")
def refused(managed: Environment) -> PlaybookRun:
    """Return a deploy of the environment while it has a container of PostgreSQL of its own, which is left then."""
    labels = {"project": managed.project, "service": "postgres", "project.working_dir": str(managed.directory)}
    given = [f"--label=com.docker.compose.{name}={value}" for name, value in {**labels, "oneoff": "False"}.items()]
    docker("create", "--name=convosphere-managed-postgres-1", *given, "postgres:15")
    run = managed.run("deploy.yml")
    docker("rm", "--force", "--volumes", "convosphere-managed-postgres-1")
    return run


@pytest.fixture(scope="module")
def deployed(managed: Environment, refused: PlaybookRun) -> Environment:
    """Return the environment, deployed after the other deploy was refused."""
    assert refused.rc == 2
    managed.run("deploy.yml").succeeded()
    return managed


@pytest.fixture(scope="module")
def backup(deployed: Environment) -> dict[str, Any]:
    """Return the manifest of a backup that the playbook made."""
    deployed.run("backup.yml").succeeded()
    return next(iter(deployed.manifests().values()))


def login(managed: Environment, server: ManagedPostgres) -> dict[str, Any]:
    """Return the options by which a role connects."""
    return {
        "login_host": server.address,
        "login_port": server.port,
        "login_user": USER,
        "login_db": NAME,
        "login_env_file": str(managed.directory / ".env"),
        "ssl_mode": "verify-full",
        "ca_cert": str(managed.directory / "tls/ca.crt"),
        "environment_name": managed.name,
        "backup_dir": str(managed.backups),
    }


def test_an_environment_with_a_database_of_its_own_is_refused_before_anything_is_changed(refused, server):
    message = refused.failures[0].message

    assert "has a container of its own of it: convosphere-managed-postgres-1" in message
    assert "docker rm --force convosphere-managed-postgres-1), which keeps its volume" in message
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


def test_the_stack_serves_without_a_database_of_its_own(deployed, server):
    volumes = docker("volume", "ls", "--quiet", f"--filter=label=com.docker.compose.project={deployed.project}")

    assert deployed.states() == dict.fromkeys(OWN, "running")
    assert f"{deployed.project}_redis_data" in volumes.split()
    assert f"{deployed.project}_postgres_data" not in volumes.split()
    assert deployed.health() == "healthy"
    assert deployed.log_in() == 200
    assert server.sql("SELECT count(*) > 0 FROM users") == "t"


def test_the_backend_verifies_the_server(deployed, server):
    url = deployed.secrets()["DATABASE_URL"]
    mounts = {item["Destination"]: item for item in deployed.inspect("backend")["Mounts"]}
    sessions = "SELECT DISTINCT ssl, usename FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename <> user"

    query = "sslmode=verify-full&sslrootcert=/etc/convosphere/ca.crt"
    assert url.endswith(f"@{server.address}:{server.port}/{NAME}?{query}")
    assert mounts["/etc/convosphere/ca.crt"]["RW"] is False
    assert server.sql(sessions) == f"t|{USER}"


def test_a_plan_finds_nothing_to_change(deployed):
    run = deployed.run("plan.yml", extra_vars={"stack_format": "json"}).succeeded()
    document = json.loads(run.task("Report the plan").message)

    assert (document["changes"], run.changed) == ([], 0)


def test_the_schema_is_compared_and_recorded_at_the_managed_database(deployed, server, tmp_path):
    stack = {"project_name": deployed.project, "project_src": str(deployed.directory)}
    found = run_module("convosphere_db_migration", {**login(deployed, server), **stack}, tmp_path)

    assert (found["changed"], found["situation"]) == (False, "current")
    assert found["login_port"] == server.port
    assert server.sql("SELECT version_num FROM alembic_version ORDER BY 1").split() == found["revisions"]


def test_check_mode_does_not_need_the_authority_that_a_deploy_brings(deployed, server, tmp_path):
    stack = {"project_name": deployed.project, "image": "ghcr.io/convosphere/convosphere/backend:0.1.2-beta"}
    options = {**login(deployed, server), **stack, "ca_cert": str(tmp_path / "missing.crt")}
    found = run_module("convosphere_db_migration", options, tmp_path, check=True)
    failed = run_module("convosphere_db_migration", options, tmp_path)

    assert (found["changed"], found["situation"]) == (False, "unknown")
    assert "Check that this host may reach the server at that port" in failed["msg"]


def test_a_backup_is_made_by_the_programs_of_the_host(backup, server):
    database = backup["database"]

    assert (database["name"], backup["environment"]) == (NAME, "managed")
    assert database["tables"]["public.users"] == int(server.sql("SELECT count(*) FROM users"))


def test_a_verification_by_restore_names_the_missing_right(backup, deployed, server):
    before = server.databases()
    message = deployed.run("backup_verify.yml", extra_vars={"backup": backup["id"]}).failures[0].message

    assert f"The role {USER} may not create databases (CREATEDB)" in message
    assert f'ALTER ROLE "{USER}" CREATEDB, or read the files only, by level: checksum' in message
    assert server.databases() == before


def test_a_verification_by_checksum_works(backup, deployed, server, tmp_path):
    options = {"backups": [backup["id"]], "level": "checksum"}
    found = run_module("convosphere_db_backup_verify", {**login(deployed, server), **options}, tmp_path)

    assert found["backups"][0]["verified"]["level"] == "checksum"


def test_a_restore_names_the_missing_right_before_it_stops_anything(backup, deployed, server, tmp_path):
    began = deployed.inspect("backend")["State"]["StartedAt"]
    options = {"backup": backup["id"], "project_name": deployed.project, "confirm": deployed.name}
    found = run_module("convosphere_db_restore", {**login(deployed, server), **options}, tmp_path)

    assert found["failed"]
    assert f"a restore loads the backup into and then renames to {NAME}" in found["msg"]
    assert f'Nothing was changed. Next: have an administrator of the server run ALTER ROLE "{USER}"' in found["msg"]
    assert deployed.inspect("backend")["State"]["StartedAt"] == began


def test_on_several_hosts_a_restore_is_refused_before_a_backend_is_stopped(backup, deployed, tmp_path):
    variables = yaml.safe_load((deployed.inventory.parent / "group_vars/managed.yml").read_text())
    hosts: dict[str, Any] = {"d": {"stack_private_address": "10.0.0.21"}, "a": {"stack_private_address": "10.0.0.11"}}
    placed = {"database": {"d": {}}, "app": {"a": {}}, "edge": {"a": {}}}
    groups = {
        "managed": {"hosts": hosts, "vars": variables},
        **{name: {"hosts": found} for name, found in placed.items()},
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(groups))
    given = {"backup": backup["id"], "confirm": "managed"}
    run = deployed.run("restore.yml", extra_vars=given, inventory=tmp_path / "hosts.yml")

    assert [item.host for item in run.failures] == ["d"]
    assert f"The role {USER} may not create databases (CREATEDB)" in run.failures[0].message
    assert "Stop the backend" not in {item.name for item in run.tasks}


def test_with_the_right_a_backup_is_restored(backup, deployed, server, tmp_path):
    server.sql(f"ALTER ROLE {USER} CREATEDB", "postgres")
    server.sql("CREATE TABLE since (id int)")
    server.sql(f"ALTER TABLE since OWNER TO {USER}")
    options = {"backup": backup["id"], "project_name": deployed.project, "confirm": deployed.name}
    options["project_src"] = str(deployed.directory)
    try:
        found = run_module("convosphere_db_restore", {**login(deployed, server), **options}, tmp_path)
    finally:
        server.sql(f"ALTER ROLE {USER} NOCREATEDB", "postgres")

    assert found.get("restored"), found
    assert server.sql("SELECT to_regclass('since') IS NULL") == "t"
    assert deployed.health() == "healthy"
