# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.filter.stack_shared_secrets import stack_shared_secrets
from ansible_collections.convosphere.platform.plugins.filter.stack_topology import stack_topology
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.plugin_utils._certificates import NAMES
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_options import SERVICES
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_topology import PLACEMENT_OF, PORTS

from support.collection import role_variables

STACK = ["postgres", "redis", "weaviate", "backend", "frontend", "edge", "minio", "agentrepo"]
GROUPS = {
    "prod": ["e", "a1", "a2", "d"],
    "dev": ["x"],
    "edge": ["e", "x"],
    "app": ["a1", "a2", "x"],
    "database": ["d", "x"],
}
ADDRESSES = {"e": "10.0.0.1", "a1": "10.0.0.11", "a2": "10.0.0.12", "d": "10.0.0.21"}
PRIVATE = {"postgres": 15432, "redis": 16379, "weaviate": 18081, "minio": 19000, "backend": 18000, "frontend": 18010}
LOCAL = [80, 8000, 5432, None]
ENV_FILE = dotenv.merge("", {"SECRET_KEY": "s" * 64, "POSTGRES_TLS_CA": "PEM\n"}, "secrets")


def model(host: str, environment: str = "prod", **more: Any) -> dict[str, Any]:
    options = {"groups": GROUPS, "addresses": ADDRESSES, "ports": PRIVATE, "local": LOCAL, **more}
    return stack_topology(STACK, environment=environment, host=host, **options)


def test_every_service_has_a_placement():
    assert set(PLACEMENT_OF) == set(SERVICES)
    assert role_variables("stack")["__stack_default_private_ports"].keys() == PORTS.keys()


@pytest.mark.parametrize("host", ["x", "localhost"])
def test_the_only_host_has_everything_and_nothing_else(host):
    found = model(host, "dev", addresses={})

    assert (found["several"], found["services"], found["images"]) == (False, STACK, STACK)
    assert found["ports"] == [
        {"port": 80},
        {"port": 8000, "host_ip": "127.0.0.1"},
        {"port": 5432, "host_ip": "127.0.0.1"},
    ]
    assert found["endpoints"]["postgres"] == "postgres:5432"
    assert (found["published"], found["extra_hosts"], found["database_clients"]) == ({}, {}, [])
    assert found["beside"] == [{"service": "backend", "port": 8000}, {"service": "frontend", "port": 8080}]
    assert found["database_query"] == ""


def test_each_host_has_the_services_of_its_placements():
    assert model("d")["services"] == ["postgres", "redis", "weaviate", "minio"]
    assert model("d")["images"] == ["postgres", "redis", "weaviate", "minio", "backend"]
    assert model("a2")["services"] == ["backend", "frontend", "agentrepo"]
    assert model("e")["services"] == ["edge"]
    assert [model(host)["database_host"] for host in ("d", "a1", "e")] == ["d", "d", "d"]


def test_a_backend_reaches_the_services_with_state_at_the_database_host():
    found = model("a1")

    assert found["extra_hosts"] == dict.fromkeys(["postgres", "redis", "weaviate", "minio"], "10.0.0.21")
    assert found["endpoints"]["postgres"] == "postgres:15432"
    assert found["database_query"] == "?sslmode=verify-full&sslrootcert=/etc/convosphere/ca.crt"
    assert found["published"] == {
        "backend": "10.0.0.11:${BACKEND_PORT:-18000}:8000",
        "frontend": "10.0.0.11:${FRONTEND_PORT:-18010}:8080",
    }
    assert found["ports"] == []


def test_each_container_of_an_app_host_has_a_port_of_its_own_on_the_private_address():
    assert model("a1")["beside"] == [
        {"service": "backend", "port": 8000, "variable": "BACKEND_PORT", "first_port": 18000, "last_port": 18009},
        {"service": "frontend", "port": 8080, "variable": "FRONTEND_PORT", "first_port": 18010, "last_port": 18019},
    ]


def test_the_edge_publishes_the_site_and_the_interface_of_the_backends_for_its_host():
    found = model("e")

    assert found["ports"] == [{"port": 80}, {"port": 8000, "host_ip": "127.0.0.1"}]
    assert model("e", local=[80, 8000, 5432, 443])["ports"][-1] == {"port": 443}
    assert (found["published"], found["extra_hosts"]) == ({}, {})


def test_the_database_host_publishes_for_the_app_hosts_and_lets_only_them_in():
    found = model("d")

    assert found["published"]["postgres"] == "10.0.0.21:15432:5432"
    assert set(found["published"]) == {"postgres", "redis", "weaviate", "minio"}
    assert found["database_clients"] == ["10.0.0.11/32", "10.0.0.12/32"]
    assert model("d", addresses={**ADDRESSES, "a1": "fd00::11"})["database_clients"][0] == "fd00::11/128"


def test_a_host_that_leaves_its_placement_may_connect_while_it_still_serves():
    groups = {"prod": ["d", "a1", "a2", "w"], "edge": ["d"], "app": ["a1"], "database": ["d"]}
    found = model("d", groups=groups, addresses={**ADDRESSES, "w": ""})

    assert found["database_clients"] == ["10.0.0.11/32", "10.0.0.12/32"]


def test_a_host_of_several_placements_reaches_its_own_services_by_name():
    groups = {"prod": ["a", "b"], "edge": ["a"], "app": ["a", "b"], "database": ["a"]}
    both = model("a", groups=groups, addresses={"a": "10.0.0.1", "b": "10.0.0.2"})

    assert both["services"] == STACK
    assert (both["extra_hosts"], both["endpoints"]["redis"], both["database_query"]) == ({}, "redis:6379", "")
    assert both["database_clients"] == ["10.0.0.2/32"]
    assert set(both["published"]) == {"postgres", "redis", "weaviate", "minio", "backend", "frontend"}


def test_what_no_other_host_uses_is_not_published():
    groups = {"prod": ["a", "e"], "edge": ["e"], "app": ["a"], "database": ["a"]}
    found = model("a", groups=groups, addresses={"a": "10.0.0.1", "e": "10.0.0.2"})

    assert set(found["published"]) == {"backend", "frontend"}


def test_an_app_host_is_given_the_secrets_of_the_database_host():
    found = stack_shared_secrets(ENV_FILE, ["SECRET_KEY"], model("a1"), "prod")

    assert found == {"secrets": {"SECRET_KEY": "s" * 64}, "authority": "PEM\n"}


def test_an_app_host_connects_with_the_login_role_of_the_database_host():
    url = "postgresql://convosphere_2:word@postgres/x"
    text = dotenv.merge(ENV_FILE, {"POSTGRES_PASSWORD": "word", "DATABASE_URL": url}, "secrets")

    found = stack_shared_secrets(text, ["SECRET_KEY"], model("a1"), "prod", owner="convosphere")

    assert found["login"] == "convosphere_2"


def test_an_edge_host_is_given_no_secret():
    assert stack_shared_secrets(ENV_FILE, ["SECRET_KEY"], model("e"), "prod") == {"secrets": {}, "authority": ""}


def test_a_missing_secret_is_an_error_unless_the_database_host_is_only_predicted():
    assert stack_shared_secrets("", ["SECRET_KEY"], model("a1"), "prod", complete=False) == {
        "secrets": {},
        "authority": "",
    }
    with pytest.raises(
        AnsibleFilterError, match=r"The database host d has no SECRET_KEY, POSTGRES_TLS_CA in its \.env"
    ):
        stack_shared_secrets("", ["SECRET_KEY"], model("a1"), "prod")


def test_the_database_host_is_given_its_certificate_and_keeps_it_until_it_is_rotated():
    first = stack_shared_secrets("", ["SECRET_KEY"], model("d"), "prod")
    stored = dotenv.merge("", first["secrets"], "x")
    again = stack_shared_secrets(stored, [], model("d"), "prod")
    other = stack_shared_secrets(stored, [], model("d"), "prod", reissue=True)

    assert set(first["secrets"]) == set(NAMES)
    assert again == first
    assert other["authority"] == first["authority"]
    assert other["secrets"]["POSTGRES_TLS_KEY"] != first["secrets"]["POSTGRES_TLS_KEY"]
    assert first["authority"] == first["secrets"]["POSTGRES_TLS_CA"]


def test_all_hosts_trust_two_authorities_before_the_next_one_takes_its_place():
    def deploy(text: str, step: str) -> tuple[str, dict[str, Any], str]:
        given = stack_shared_secrets(text, [], model("d"), "prod", step=step)
        after = dotenv.merge(text, given["secrets"], "x")
        app = stack_shared_secrets(after, [], model("a1"), "prod", step=step)["authority"]
        assert app == given["authority"]
        again = stack_shared_secrets(after, [], model("d"), "prod", step=step.replace("switch", "keep"))["secrets"]
        assert again == {name: value for name, value in given["secrets"].items() if value}
        return after, given["secrets"], app

    text, first, old = deploy("", "keep")
    predicted = stack_shared_secrets(text, [], model("a1"), "prod", step="trust")["authority"]
    text, second, both = deploy(text, "trust")
    text, third, new = deploy(text, "switch")

    assert {name: second[name] for name in NAMES} == first
    assert (both, new) == (old + new, second["POSTGRES_NEXT_TLS_CA"])
    assert third["POSTGRES_TLS_CA_KEY"] == second["POSTGRES_NEXT_TLS_CA_KEY"]
    assert third["POSTGRES_TLS_CERT"] != first["POSTGRES_TLS_CERT"]
    assert (third["POSTGRES_NEXT_TLS_CA"], third["POSTGRES_NEXT_TLS_CA_KEY"]) == ("", "")
    assert predicted.startswith(old)
    assert predicted.count("BEGIN CERTIFICATE") == 2


MANAGED = {"host": "db.example.com", "port": 6432, "ca": "PEM"}
OTHERS = [name for name in STACK if name != "postgres"]


def test_a_managed_database_is_reached_from_every_host_at_its_own_address():
    options = {"groups": GROUPS, "addresses": ADDRESSES, "ports": PRIVATE, "local": LOCAL, "managed": MANAGED}
    database, app, edge = (
        stack_topology(OTHERS, environment="prod", host=host, **options) for host in ("d", "a1", "e")
    )

    assert {found["endpoints"]["postgres"] for found in (database, app)} == {"db.example.com:6432"}
    assert [found["needs_authority"] for found in (database, app, edge)] == [True, True, False]
    assert [found["has_database"] for found in (database, app, edge)] == [True, False, False]
    assert set(app["extra_hosts"]) == {"redis", "weaviate", "minio"}
    assert set(database["published"]) == {"redis", "weaviate", "minio"}


def test_a_managed_database_gets_no_certificate_of_the_environment():
    options = {"groups": GROUPS, "addresses": ADDRESSES, "ports": PRIVATE, "managed": MANAGED}
    database, app = (stack_topology(OTHERS, environment="prod", host=host, **options) for host in ("d", "a1"))
    text = dotenv.merge("", {"SECRET_KEY": "s" * 64}, "secrets")

    assert stack_shared_secrets("", ["SECRET_KEY"], database, "prod") == {"secrets": {}, "authority": ""}
    assert stack_shared_secrets(text, ["SECRET_KEY"], app, "prod") == {
        "secrets": {"SECRET_KEY": "s" * 64},
        "authority": "",
    }
