# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_options
from ansible_collections.convosphere.platform.plugins.plugin_utils._certificates import database_certificate

from support.collection import ROOT

ISSUED = database_certificate({}, "test", "10.0.0.7")
CA = ISSUED["POSTGRES_TLS_CA"]
SECRETS = {"POSTGRES_PASSWORD": "planted"}


def problems(managed: Any, **more: Any) -> list[str]:
    return _stack_options.problems({"stack_secrets": SECRETS, "stack_managed_database": managed, **more})


@pytest.mark.parametrize("host", ["db.example.com", "10.0.0.7", "fd00::7", "db"])
def test_a_host_and_an_authority_are_enough(host):
    assert problems({"host": host, "ca": CA}) == []


def test_the_example_of_the_documentation_can_be_deployed():
    page = (ROOT / "docs/topology.md").read_text().split("## Managed PostgreSQL")[1]
    example = yaml.safe_load(page.split("```yaml")[1].split("```")[0])
    managed = example["stack_managed_database"]

    assert sorted(managed) == ["ca", "host", "name", "port", "user"]
    assert problems({**managed, "ca": CA}, stack_secrets=example["stack_secrets"]) == []


def test_all_fields_may_be_given_and_several_authorities():
    given = {"host": "db.example.com", "port": "6432", "name": "tenant_7", "user": "owner", "ca": f"# ours\n{CA}\n{CA}"}

    assert problems(given) == []
    assert problems({}, stack_secrets={}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host": None}, "stack_managed_database has no host: give the name or address of the server"),
        ({"host": ""}, "stack_managed_database has no host: "),
        ({"ca": None}, "stack_managed_database has no ca: give the certificate of the authority"),
        ({"host": "db example"}, "stack_managed_database.host is 'db example': give one host name"),
        ({"host": "db.example.com:5432"}, "stack_managed_database.host is 'db.example.com:5432': give one host name"),
        ({"host": "127.0.0.1"}, "give a host that containers can reach, and not the loopback address"),
        ({"host": "LOCALHOST"}, "give a host that containers can reach"),
        ({"port": "abc"}, "stack_managed_database.port is 'abc': give a port from 1 to 65535"),
        ({"port": None}, "stack_managed_database.port is None: give a port"),
        ({"port": 0}, "stack_managed_database.port is 0: give a port"),
        ({"name": "template1"}, "stack_managed_database.name is 'template1': give at most 63"),
        ({"name": "a b"}, "stack_managed_database.name is 'a b'"),
        (
            {"user": "pg_monitor"},
            "stack_managed_database.user is 'pg_monitor': give a name that does not begin",
        ),
        ({"ca": "/etc/ssl/ca.pem"}, "stack_managed_database.ca is no certificate: give the text that begins with"),
        ({"ca": 7}, "stack_managed_database.ca is no text"),
        (
            {"ca": CA.replace("MI", "!!", 1)},
            "stack_managed_database.ca has a certificate that cannot be read, number 1",
        ),
        ({"sslmode": "disable"}, "stack_managed_database has 'sslmode'; there are host, port, name, user, ca"),
    ],
)
def test_a_bad_field_is_named(change, said):
    (found,) = problems({"host": "db.example.com", "ca": CA, **change})

    assert said in found


def test_no_secret_is_shown():
    given = {"host": "db.example.com", "ca": CA + ISSUED["POSTGRES_TLS_KEY"], "password": "planted"}
    found = problems(given)

    assert found == [
        "stack_managed_database has a password: give it in stack_secrets, as POSTGRES_PASSWORD",
        "stack_managed_database.ca has a private key: give the certificate alone",
    ]


def test_the_password_is_given_and_the_url_is_not():
    (missing,) = problems({"host": "db.example.com", "ca": CA}, stack_secrets={})
    (given,) = problems({"host": "db.example.com", "ca": CA}, stack_secrets={**SECRETS, "DATABASE_URL": "planted"})

    assert missing.startswith("stack_managed_database is given, and stack_secrets has no POSTGRES_PASSWORD")
    assert given.startswith("stack_secrets has DATABASE_URL beside stack_managed_database")
    assert "planted" not in given


def test_text_is_no_database():
    assert problems("db.example.com")[0].startswith("stack_managed_database is no dictionary")


def test_the_port_of_the_own_database_does_not_count_with_it():
    given = {"host": "db.example.com", "ca": CA}

    assert problems(given, stack_http_port=8080, stack_postgres_port=8080, stack_api_port=8000) == []
    assert len(problems({}, stack_http_port=8080, stack_postgres_port=8080, stack_api_port=8000)) == 1
