# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from typing import Any

import pytest
import yaml
from ansible.template import trust_as_template
from ansible_collections.convosphere.platform.plugins.filter.no_proxy import no_proxy
from ansible_collections.convosphere.platform.plugins.filter.stack_problems import stack_problems
from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_options

from support.collection import ROOT, load_yaml, role_variables

ROLE = ROOT / "roles/stack"
PORT = "give a port from 1 to 65535"
SECONDS = "give a number of seconds of at least 1"
SIZE = "give a number with the unit b, k, m or g, such as"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n"


def problems(**options: Any) -> list[str]:
    return _stack_options.problems(options)


# ------------------------------------------------------------------------------------------------ as the role has it


def test_every_option_of_a_deploy_is_checked():
    options = load_yaml(ROLE / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    checked = role_variables("stack")["__stack_checked"]

    assert sorted(checked) == sorted(set(options) - {"convosphere_environment"})


def test_an_option_has_a_check_unless_its_type_says_it_all():
    # The argument spec checks booleans and choices; any other option needs a check of its value.
    options = load_yaml(ROLE / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    meaningful = {name for name, option in options.items() if option["type"] != "bool" and "choices" not in option}
    tables = (_stack_options.SINGLE, _stack_options.OF_SERVICES, _stack_options.OF_VARIABLES, _stack_options.LISTS)
    single = {"stack_compose_override", "stack_managed_database", "stack_mcp_servers"}
    have = {name for table in tables for name in table} | single

    assert sorted(meaningful - have - {"convosphere_environment"}) == []


def test_the_services_and_secrets_are_those_of_the_role():
    variables = role_variables("stack")

    assert list(_stack_options.SERVICES) == sorted(variables["__stack_default_images"])
    declared = [*variables["__stack_base_secrets"], *variables["__stack_minio_secrets"]]
    assert sorted(_stack_options.SECRETS) == sorted(secret["name"] for secret in declared)


def test_the_defaults_of_the_role_can_be_deployed():
    defaults = load_yaml(ROLE / "defaults/main.yml")
    plain = {name: value for name, value in defaults.items() if "{{" not in str(value)}

    assert problems(**plain) == []


# -------------------------------------------------------------------------------------------------------- one value


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("stack_http_port", 0, f"stack_http_port is 0: {PORT}"),
        ("stack_api_port", 65536, f"stack_api_port is 65536: {PORT}"),
        ("stack_postgres_port", -1, f"stack_postgres_port is -1: {PORT}"),
        ("stack_https_port", "99999", f"stack_https_port is '99999': {PORT}"),
        ("stack_http_port", True, f"stack_http_port is True: {PORT}"),
        ("stack_http_port", None, "stack_http_port has no value: give one, or remove the line"),
        ("stack_http_port", "9" * 5000, "characters): give a port"),
        ("stack_pids_limit", 0, "stack_pids_limit is 0: give a whole number of at least 1"),
        ("stack_pids_limit", -1, "stack_pids_limit is -1: give a whole number of at least 1"),
        ("stack_log_max_file", 0, "stack_log_max_file is 0"),
        ("stack_releases_kept", 0, "stack_releases_kept is 0"),
        ("stack_image_required_bytes", -1, "stack_image_required_bytes is -1"),
        ("stack_wait_timeout", 0, f"stack_wait_timeout is 0: {SECONDS}"),
        ("stack_migration_timeout", -5, f"stack_migration_timeout is -5: {SECONDS}"),
        ("stack_lock_timeout", 0, f"stack_lock_timeout is 0: {SECONDS}"),
        ("stack_idle_transaction_timeout", -1, "stack_idle_transaction_timeout is -1"),
        ("stack_health_timeout", -1, "stack_health_timeout is -1"),
        ("stack_log_max_size", "10x", f"stack_log_max_size is '10x': {SIZE} 10m"),
        ("stack_log_max_size", "-10m", f"stack_log_max_size is '-10m': {SIZE} 10m"),
        ("stack_log_max_size", "0", "stack_log_max_size is '0': give at least 1 bytes"),
        ("stack_log_max_size", "", f"stack_log_max_size is '': {SIZE}"),
        ("stack_health_interval", "0s", "stack_health_interval is '0s': give a duration of at least one second"),
        ("stack_health_interval", "5", "stack_health_interval is '5': give a duration"),
        ("stack_health_interval", 5, "stack_health_interval is 5: give a duration"),
        ("stack_health_interval", "-5s", "stack_health_interval is '-5s'"),
        ("stack_project_name", "x" * 300, "(300 characters): give at most 63 lower-case letters"),
        ("stack_project_name", "", "stack_project_name is '': give at most 63"),
        ("stack_project_name", "Prod", "stack_project_name is 'Prod'"),
        ("stack_project_name", "a\n", r"stack_project_name is 'a\n'"),
        ("stack_version", "", "stack_version is '': give the tag of an image"),
        ("stack_version", 1.1, "stack_version is not text (1.10 would be 1.1): put it in quotes"),
        ("stack_version", "1.0 beta", "stack_version is '1.0 beta'"),
        ("stack_domain", "a.example}\n\nevil {", "stack_domain is 'a.example}"),
        ("stack_domain", "https://a.example", "give one host name"),
        ("stack_domain", "a..example", "give one host name"),
        ("stack_domain", "-a.example", "give one host name"),
        ("stack_domain", f"{'a' * 64}.example", "give one host name"),
        ("stack_acme_email", "nobody", "stack_acme_email is 'nobody': give an email address"),
        ("stack_admin_email", "jörg@example.org", "stack_admin_email is 'jörg@example.org'"),
        ("stack_admin_username", "jo", "has 2 characters, and must have 3 to 100 characters"),
        ("stack_admin_username", "a$b", "stack_admin_username is 'a$b'"),
        ("stack_directory", "convosphere/dev", "stack_directory is 'convosphere/dev': give an absolute path"),
        ("stack_directory", "/srv/../etc", "stack_directory is '/srv/../etc'"),
        ("stack_directory", "/srv/a\0b", r"stack_directory is '/srv/a\x00b'"),
        ("stack_backup_dir", "", "stack_backup_dir is ''"),
        ("stack_image_archive", "images.tar", "stack_image_archive is 'images.tar'"),
        ("stack_postgres_user", "", "stack_postgres_user is ''"),
        ("stack_postgres_user", "a$b", "stack_postgres_user is 'a$b'"),
        ("stack_postgres_user", "pg_monitor", "which PostgreSQL keeps for itself"),
        ("stack_postgres_user", "x" * 64, "give at most 63 letters"),
        ("stack_postgres_database", "template1", "not a template of PostgreSQL"),
        ("stack_postgres_database", 15, "stack_postgres_database is not text"),
        ("stack_private_address", "app-1.example", "stack_private_address is 'app-1.example': give an address such as"),
        (
            "stack_private_address",
            "127.0.0.1",
            "stack_private_address is '127.0.0.1': give an address that other hosts",
        ),
        ("stack_private_ports", {"backend": 0}, f"stack_private_ports of backend is 0: {PORT}"),
        ("stack_tls_directory", "certificates", "stack_tls_directory is 'certificates': give an absolute path"),
        ("stack_images", {"backend": ""}, "stack_images of backend is '': give an image as Docker names it"),
        ("stack_images", {"backend": None}, "stack_images of backend is without a value"),
        ("stack_images", {"backend": "Backend:1"}, "stack_images of backend is 'Backend:1'"),
        ("stack_images", {"backend": "Repo/x:1"}, "stack_images of backend is 'Repo/x:1'"),
        ("stack_images", {"backend": "x:1:2"}, "stack_images of backend is 'x:1:2'"),
        ("stack_images", {"backend": "x@sha256:12"}, "stack_images of backend is 'x@sha256:12'"),
        ("stack_images", {"backnd": "x:1"}, "stack_images names the service 'backnd'; there are agentrepo, backend"),
        ("stack_memory", {"backend": "much"}, f"stack_memory of backend is 'much': {SIZE} 512m"),
        ("stack_memory", {"backend": "1m"}, "stack_memory of backend is '1m': give at least 6291456 bytes"),
        ("stack_memory", {"backend": ["1g"]}, "stack_memory of backend is ['1g']"),
        ("stack_cpus", {"backend": 0}, "stack_cpus of backend is 0: give a number of at least 0.01"),
        ("stack_cpus", {"backend": -1}, "stack_cpus of backend is -1"),
        ("stack_cpus", {"backend": "two"}, "stack_cpus of backend is 'two'"),
        ("stack_cpus", {"backend": float("inf")}, "stack_cpus of backend is inf"),
        ("stack_build_contexts", {"backend": "backend"}, "stack_build_contexts of backend is 'backend'"),
        ("stack_settings", {"A: B": "c"}, "stack_settings has 'A: B', which cannot be the name"),
        ("stack_settings", {1: "c"}, "stack_settings has 1, which cannot be the name"),
        ("stack_settings", {"SECRET_KEY": "x"}, "stack_settings has 'SECRET_KEY', which is a secret"),
        ("stack_extra_settings", {"A": "b\0c"}, "stack_extra_settings: the value of 'A' contains a NUL character"),
        ("stack_settings", {"A": "\ud800"}, "stack_settings: the value of 'A' contains half of a surrogate pair"),
        ("stack_settings", {"A": {"b": [datetime.date(2026, 1, 1)]}}, "the value of 'A' 'b' in it an item of it is a"),
        ("stack_settings", {"A": float("nan")}, "the value of 'A' is a number that JSON does not know"),
        ("stack_edge_denied", ["/fine", "/c {"], "stack_edge_denied has '/c {': a path begins with /"),
        ("stack_edge_allowed", ["FETCH /a"], "stack_edge_allowed has 'FETCH /a': 'FETCH' is not a method"),
        ("stack_edge_denied", "/a,/b", "stack_edge_denied is text and no list"),
        ("stack_backend_command", "uvicorn x", "stack_backend_command is text and no list"),
        ("stack_backend_command", ["uvicorn", 8000], "stack_backend_command has 8000: quote it"),
        ("stack_edge_wait", -1, "stack_edge_wait is -1: give a number of seconds of at least 0"),
        ("stack_accept_revisions", [""], "stack_accept_revisions has '': give the id of a revision"),
        ("stack_assume_revisions", [None], "stack_assume_revisions has None"),
        ("stack_compose_override", ["services"], "neither a dictionary nor the text of a Compose file"),
        ("stack_compose_override", "mem_limit", "is text, and not that of a Compose file"),
        ("stack_compose_override", "services: [", "is text, and not that of a Compose file"),
        ("stack_compose_override", "- services", "is text, and not that of a Compose file"),
    ],
)
def test_a_value_that_cannot_be_deployed_is_refused(option, value, said):
    found = problems(**{option: value})

    assert len(found) == 1, found
    assert said in found[0]
    assert len(found[0]) < 250


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (["planted", "list"], "stack_secrets: the value of 'API_KEY' is a list: give text in quotes"),
        ({"planted": "dictionary"}, "is a dictionary: give text in quotes"),
        (123456701, "is a number, which may not be what was written (0123 is 83): put the text in quotes"),
        (True, "is a boolean"),
        (datetime.date(2026, 1, 1), "is a date or another value that is not text"),
        (None, "stack_secrets has 'API_KEY' without a value: leave it out, or give one"),
        ("", "stack_secrets has 'API_KEY' without a value: leave it out, or give one"),
        ("planted\0", "contains a NUL character"),
        ("planted\udfff", "contains half of a surrogate pair"),
    ],
)
def test_a_secret_of_another_type_is_refused_and_not_shown(value, said):
    (problem,) = problems(stack_secrets={"API_KEY": value})

    assert said in problem
    assert [word for word in ("planted", "123456701", "2026") if word in problem] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("stack_http_port", "8080"),
        ("stack_domain", ""),
        ("stack_domain", "a.example"),
        ("stack_domain", "xn--mnchen-3ya.example"),
        ("stack_images", {"backend": "registry.example.com:5000/convosphere/backend:1.4"}),
        ("stack_images", {"backend": "backend"}),
        ("stack_images", {"backend": "localhost/backend:latest", "redis": "registry:5000/a/b_c.d--e"}),
        ("stack_images", {"backend": f"ghcr.io/x/y:1@sha256:{'0' * 64}", "redis": f"sha256:{'a' * 64}"}),
        ("stack_memory", {"backend": "", "redis": "1.5g", "edge": 268435456, "postgres": "512MB", "minio": "6m"}),
        ("stack_cpus", {"backend": 2, "redis": "0.5", "edge": 0.01}),
        ("stack_settings", {"LOG_LEVEL": None, "APP_NAME": "two\nlines", "HTTP_PROXY": "http://p:1"}),
        ("stack_extra_settings", {"A": None, "B": [1, {"c": True}], "D": 1.5, "E": "two\nlines"}),
        ("stack_secrets", {"TLS_KEY": PEM, "PASSWORD": " $a \"b\" 'c' "}),
        ("stack_health_interval", "1m30s"),
        ("stack_log_max_size", "1.5g"),
        ("stack_idle_transaction_timeout", 0),
        ("stack_postgres_database", "template12"),
        ("stack_compose_override", {}),
        ("stack_compose_override", ""),
        ("stack_compose_override", "services:\n  edge:\n    ports: !override ['80:80']\n    mem_limit: !reset null\n"),
        ("stack_compose_override", "volumes: {more: }"),
    ],
)
def test_a_value_that_can_be_deployed_is_taken(option, value):
    assert problems(**{option: value}) == []


# ---------------------------------------------------------------------------------------------------- several values


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"stack_http_port": 8000, "stack_api_port": "8000"},
            "stack_http_port and stack_api_port are both 8000: each needs a port of its own",
        ),
        (
            {"stack_http_port": 1, "stack_api_port": 2, "stack_postgres_port": 1},
            "stack_http_port and stack_postgres_port are both 1",
        ),
        (
            {"stack_domain": "a.example", "stack_http_port": 443, "stack_https_port": 443},
            "stack_http_port and stack_https_port are both 443",
        ),
        (
            {"stack_domain": "a.example", "stack_tls": "acme", "stack_acme_email": ""},
            "stack_tls is acme, and stack_acme_email is empty",
        ),
        ({"stack_tls": "files", "stack_tls_directory": ""}, "stack_tls is files, and stack_tls_directory is empty"),
        (
            {"stack_tls": "acme", "stack_tls_directory": "/srv/tls"},
            "stack_tls_directory is not used with stack_tls acme",
        ),
        (
            {"stack_http_port": 80, "stack_private_ports": {"backend": 80}},
            "stack_http_port and stack_private_ports.backend are both 80",
        ),
        ({"stack_image_source": "load", "stack_image_archive": ""}, "stack_image_archive is empty"),
        (
            {"stack_accept_revisions": ["a", "b"], "stack_assume_revisions": ["b"]},
            "stack_accept_revisions and stack_assume_revisions both name 'b'",
        ),
        (
            {"stack_settings": {"TESTING": "x"}, "stack_secrets": {"TESTING": "y"}},
            "stack_settings has 'TESTING', which is a secret",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said):
    (problem,) = problems(**options)

    assert said in problem


def test_the_port_for_https_is_nobodys_without_a_domain():
    assert problems(stack_domain="", stack_http_port=443, stack_https_port=443) == []


def test_all_problems_are_reported_at_once():
    found = problems(
        stack_http_port=0, stack_pids_limit=-1, stack_secrets="planted", stack_images={"x": ""}, stack_domain="a b"
    )

    assert [problem.split()[0] for problem in found] == [
        "stack_secrets",
        "stack_domain",
        "stack_http_port",
        "stack_pids_limit",
        "stack_images",
    ]


# -------------------------------------------------------------------------------------------------------- the filter


def test_a_text_is_taken_as_ansible_hands_it_over():
    # ansible-core 2.19 and newer have a type for texts that records their origin.
    text = trust_as_template("services: {edge: {ports: !override ['80:80']}}")

    assert text.__class__ is not str
    assert stack_problems({"stack_compose_override": text, "stack_http_port": trust_as_template("8080")}) == []
    assert no_proxy(["edge"], {}, trust_as_template("services: {tika: {}}")) == "localhost,127.0.0.1,edge,tika"


def test_the_filter_takes_a_dictionary_only():
    with pytest.raises(Exception, match="takes a dictionary of options, and not list"):
        stack_problems(["stack_http_port"])


def test_the_example_of_the_filter_is_true():
    documentation = (ROOT / "plugins/filter/stack_problems.py").read_text().split('EXAMPLES = r"""')[1].split('"""')[0]
    promised = yaml.safe_load(documentation.splitlines()[1].removeprefix("# => "))

    assert stack_problems({"stack_http_port": 8000, "stack_api_port": 8000}) == promised
