# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.convosphere.platform.plugins.lookup.shared_default import LookupModule
from ansible_collections.convosphere.platform.plugins.plugin_utils._shared_defaults import DEFAULTS

from support.collection import ROOT, load_yaml, rendered_docs


def found(name: str, **variables: Any) -> Any:
    known = {"convosphere_environment": "dev", **variables}
    lookup = LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), known))
    (value,) = lookup.run([name], known)
    return value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment_directory", "/opt/convosphere/dev"),
        ("stack_directory", "/opt/convosphere/dev"),
        ("backup_dir", "/var/backups/convosphere/dev"),
        ("project_name", "convosphere-dev"),
        ("login_container", "convosphere-dev-postgres-1"),
        ("login_env_file", "/opt/convosphere/dev/.env"),
        ("login_port", 5432),
        ("api_url", "http://127.0.0.1:8000"),
        ("wait_timeout", 240),
    ],
)
def test_the_defaults_of_an_environment(name, value):
    assert found(name) == value


@pytest.mark.parametrize(
    ("name", "variables", "value"),
    [
        ("login_env_file", {"environment_root": "/srv"}, "/srv/dev/.env"),
        ("login_env_file", {"environment_root": "/srv", "stack_directory": "/data/x"}, "/data/x/.env"),
        ("environment_directory", {"stack_directory": "/data/x"}, "/opt/convosphere/dev"),
        ("login_container", {"stack_project_name": "mine"}, "mine-postgres-1"),
        ("environment_project", {"stack_project_name": "mine"}, "convosphere-dev"),
        ("backup_dir", {"environment_backup_root": "/b"}, "/b/dev"),
        ("login_port", {"stack_postgres_port": 15432}, 15432),
        ("api_url", {"stack_api_port": "18000"}, "http://127.0.0.1:18000"),
        ("stack_directory", {"stack_directory": trust_as_template("/x/{{ convosphere_environment }}")}, "/x/dev"),
    ],
)
def test_variables_replace_the_defaults(name, variables, value):
    assert found(name, **variables) == value


MANAGED = {"stack_managed_database": {"host": "db.example.com", "user": "owner", "ca": "PEM"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("login_host", "db.example.com"),
        ("login_user", "owner"),
        ("login_port", 5432),
        ("login_db", "convosphere"),
        ("login_ssl_mode", "verify-full"),
        ("login_ca", "/opt/convosphere/dev/tls/ca.crt"),
        ("login_container", ""),
        ("login_env_file", "/opt/convosphere/dev/.env"),
    ],
)
def test_a_managed_database_replaces_the_login_and_the_variables_of_the_own_one(name, value):
    own = {"stack_postgres_port": 15432, "stack_postgres_user": "mine", "stack_postgres_database": "mine"}

    assert found(name, **MANAGED, **own) == value


def test_without_a_managed_database_the_login_is_that_of_the_own_one():
    assert found("login_host", stack_managed_database={}) == "127.0.0.1"
    assert (found("login_ssl_mode"), found("login_ca")) == ("prefer", "")


def test_an_environment_that_is_not_set_is_an_error():
    with pytest.raises(AnsibleLookupError, match="convosphere_environment is not set"):
        found("backup_dir", convosphere_environment="")
    assert found("login_port", convosphere_environment="") == 5432


@pytest.mark.parametrize("terms", [[], ["backup_dirs"], ["backup_dir", "login_port"]])
def test_anything_but_one_known_name_is_refused(terms):
    with pytest.raises(AnsibleLookupError, match="Give the name of one default"):
        LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), {})).run(terms, {})


def test_the_documented_names_are_the_known_ones():
    assert rendered_docs("lookup")["shared_default"]["doc"]["options"]["_terms"]["choices"] == sorted(DEFAULTS)


def test_literal_defaults_of_roles_are_the_shared_ones():
    literal = {
        name: value
        for role in ("environment", "stack")
        for name, value in load_yaml(ROOT / f"roles/{role}/defaults/main.yml").items()
        if "{{" not in str(value)
    }
    shared = {default.variable: default.value for default in DEFAULTS.values() if default.variable in literal}

    assert shared == {name: literal[name] for name in shared}
    assert len(shared) == 7
