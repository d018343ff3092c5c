# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a managed database makes of the stack of each host, and of the logins of the roles."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from support.role_variables import rendered

MANAGED = {"host": "db.example.com", "port": 6432, "name": "tenant_7", "user": "o'wner@7", "ca": "\nPEM\n\n"}
SECRETS = {"POSTGRES_PASSWORD": "planted"}
ONE = {"dev": ["x"], "edge": ["x"], "app": ["x"], "database": ["x"]}
SEVERAL = {"dev": ["d", "a", "e"], "edge": ["e"], "app": ["a"], "database": ["d"]}
ADDRESSES = {"d": "10.0.0.21", "a": "10.0.0.11", "e": "10.0.0.1"}
STACK = ("__stack_login", "__stack_secrets", "__stack_files", "__stack_run_options", "__stack_has_database")
QUERY = "sslmode=verify-full&sslrootcert=/etc/convosphere/ca.crt"


def host(name: str, groups: dict[str, list[str]], **more: Any) -> dict[str, Any]:
    return {
        "convosphere_environment": "dev",
        "inventory_hostname": name,
        "groups": groups,
        "hostvars": {each: {"stack_private_address": ADDRESSES.get(each, "")} for each in groups["dev"]},
        "ansible_check_mode": False,
        "lookup_dir": "",
        "stack_secrets": SECRETS,
        "__stack_rendered_files": [],
        "__stack_edge_placed": [],
        **more,
    }


@pytest.fixture(scope="module")
def stacks() -> dict[str, dict[str, Any]]:
    managed = {"stack_managed_database": MANAGED}
    hosts = {
        "one": host("x", ONE, **managed),
        "own": host("x", ONE),
        "smallest": host("x", ONE, stack_managed_database={"host": "fd00::7", "ca": "PEM"}),
        **{name: host(name, SEVERAL, **managed) for name in SEVERAL["dev"]},
    }
    return rendered("stack", {name: (STACK, ["compose.yaml.j2"], each) for name, each in hosts.items()})


def project(stack: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(stack["compose.yaml.j2"])
    return found


def url(stack: dict[str, Any]) -> str:
    return next(str(item["derive"]) for item in stack["__stack_secrets"] if item["name"] == "DATABASE_URL")


def test_the_one_host_has_neither_a_service_nor_a_volume_of_the_database(stacks):
    found, own = project(stacks["one"]), project(stacks["own"])

    assert list(found["services"]) == ["redis", "weaviate", "backend", "frontend", "edge"]
    assert set(own["volumes"]) - set(found["volumes"]) == {"postgres_data"}
    assert list(found["services"]["backend"]["depends_on"]) == ["redis", "weaviate"]
    assert list(own["services"]["backend"]["depends_on"]) == ["postgres", "redis", "weaviate"]


def test_without_it_nothing_differs(stacks):
    own = stacks["own"]

    assert own["__stack_login"] == {
        "login_host": "127.0.0.1",
        "login_port": 5432,
        "login_user": "convosphere",
        "login_db": "convosphere",
        "login_env_file": "/opt/convosphere/dev/.env",
        "login_service": "postgres",
    }
    assert url(own) == "postgresql://{POSTGRES_LOGIN:-convosphere}:{POSTGRES_PASSWORD}@postgres:5432/convosphere"
    assert (own["__stack_files"], own["__stack_run_options"]["external_services"]) == ([], [])


def test_the_backend_verifies_the_server_by_a_file_that_it_cannot_write(stacks):
    assert "./tls/ca.crt:/etc/convosphere/ca.crt:ro" in project(stacks["one"])["services"]["backend"]["volumes"]
    assert url(stacks["one"]) == (
        f"postgresql://o%27wner%407:{{POSTGRES_PASSWORD}}@db.example.com:6432/tenant_7?{QUERY}"
    )
    assert url(stacks["smallest"]) == (
        f"postgresql://convosphere:{{POSTGRES_PASSWORD}}@[fd00::7]:5432/convosphere?{QUERY}"
    )


def test_the_modules_connect_by_the_same_variables(stacks):
    assert stacks["one"]["__stack_login"] == {
        "login_host": "db.example.com",
        "login_port": 6432,
        "login_user": "o'wner@7",
        "login_db": "tenant_7",
        "login_env_file": "/opt/convosphere/dev/.env",
        "login_password": "planted",
        "ssl_mode": "verify-full",
        "ca_cert": "/opt/convosphere/dev/tls/ca.crt",
    }
    assert stacks["one"]["__stack_run_options"]["external_services"] == ["postgres"]


def test_on_several_hosts_the_database_host_keeps_the_other_services_and_the_secrets(stacks):
    database, app, edge = (stacks[name] for name in ("d", "a", "e"))

    assert list(project(database)["services"]) == ["redis", "weaviate"]
    assert set(project(database)["volumes"]) == {"redis_data", "weaviate_data"}
    assert [stacks[name]["__stack_has_database"] for name in ("d", "a", "e")] == [True, False, False]
    assert url(database) == url(app)
    assert "POSTGRES_PASSWORD" in {item["name"] for item in database["__stack_secrets"]}
    assert edge["__stack_secrets"] == []
    backend = project(app)["services"]["backend"]
    assert (set(backend["extra_hosts"]), "depends_on" in backend) == ({"redis", "weaviate"}, False)


def test_the_authority_is_where_a_backend_or_a_module_connects(stacks):
    placed = {name: stacks[name]["__stack_files"] for name in ("one", "d", "a", "e")}
    file = {"path": "tls/ca.crt", "content": "PEM\n", "mode": "0644"}

    assert placed == {"one": [file], "d": [file], "a": [file], "e": []}


@pytest.mark.parametrize("role", ["database", "users"])
def test_the_other_roles_connect_there_too(role):
    name = f"__{role}_login"
    own, managed = host("x", ONE), host("x", ONE, stack_managed_database=MANAGED, role_path="/nowhere")
    found = rendered(role, {"own": ([name], [], own), "managed": ([name], [], managed)})
    login = found["managed"][name]

    assert (login["login_host"], login["login_port"], login["login_user"]) == ("db.example.com", 6432, "o'wner@7")
    assert (login["ssl_mode"], login["ca_cert"]) == ("verify-full", "/opt/convosphere/dev/tls/ca.crt")
    assert (found["own"][name]["login_host"], found["own"][name]["ssl_mode"]) == ("127.0.0.1", "prefer")
    assert "ca_cert" not in found["own"][name]


def test_its_backups_are_made_by_the_programs_of_the_host():
    names = ["database_container", "database_login_password"]
    own, managed = host("x", ONE), host("x", ONE, stack_managed_database=MANAGED)
    found = rendered("database", {"own": (names, [], own), "managed": (names, [], managed)})

    assert found["own"] == {"database_container": "convosphere-dev-postgres-1", "database_login_password": ""}
    assert found["managed"] == {"database_container": "", "database_login_password": "planted"}
