# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is open and what is closed once prod is up: ports, paths, files, secrets."""

from __future__ import annotations

import json
import re

import pytest

from support.law import assert_no_secret
from support.rehearsal import DIRECTORY, SETTINGS

# Path below /: type, mode, owner, group.
FILES = {
    "/opt/convosphere": "d 755 root root",
    DIRECTORY: "d 2750 root convosphere",
    f"{DIRECTORY}/.env": "f 600 root convosphere",
    f"{DIRECTORY}/compose.yaml": "f 640 root convosphere",
    f"{DIRECTORY}/edge/Caddyfile": "f 644 root convosphere",
    f"{DIRECTORY}/releases": "d 2750 root convosphere",
    "/var/backups/convosphere": "d 755 root root",
    "/var/backups/convosphere/prod": "d 700 root root",
}


pytestmark = pytest.mark.usefixtures("deployed_again")


@pytest.fixture
def made_up(deployed) -> set[str]:
    """Return the secrets that were generated on the host: letters and digits."""
    found = dict(re.findall(r"^(\w+)=\"?([A-Za-z0-9]{20,})\"?$", deployed.prod.secrets_file(), re.MULTILINE))
    assert {"SECRET_KEY", "DEFAULT_ADMIN_PASSWORD"} <= set(found)
    return set(found.values())


def test_https_works_at_the_public_name_with_the_edges_own_authority(prod):
    page = prod.https("GET", "/")
    health = prod.https("GET", "/api/v1/health/detailed")

    assert (page.status, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert json.loads(health.data)["status"] == "healthy"
    assert json.loads(health.data)["environment"] == "production"


def test_http_leads_to_https(prod):
    answer = prod.http("/some/page?with=query")

    assert answer.status in (301, 308)
    assert answer.headers["Location"] == f"https://{SETTINGS['stack_domain']}/some/page?with=query"


@pytest.mark.parametrize("spelling", ["{}", "{}/", "{}?a=b", "/.{}", "/api/..{}"])
def test_denied_routes_are_forbidden(prod, spelling):
    for method, path in (("POST", "/api/v1/users/sso"), ("GET", "/api/v1/statistics/overview")):
        answer = prod.https(method, spelling.format(path))

        assert (answer.status, answer.data) == (403, b"Forbidden")


def test_only_ssh_and_the_edge_are_reachable_from_outside(prod):
    for_all = {22, SETTINGS["stack_http_port"], SETTINGS["stack_https_port"]}
    for_the_host = {SETTINGS["stack_api_port"], SETTINGS["stack_postgres_port"]}
    listening = prod.host.as_root("ss", "--listening", "--tcp", "--numeric", "--no-header")
    # State, two queues, address:port
    found = {int(line.split()[3].rpartition(":")[2]) for line in listening.splitlines()}

    assert for_all | for_the_host <= found
    assert {port for port in found if prod.host.accepts(port)} == for_all


def test_files_have_strict_modes_and_owners(prod):
    stat = prod.host.as_root("find", *FILES, "-maxdepth", "0", "-printf", r"%p %y %m %u %g\n")

    assert dict(line.split(" ", 1) for line in stat.splitlines()) == FILES
    # releases/current is a link, of which the mode says nothing.
    loose = ("find", DIRECTORY, "-perm", "/o+rwx", "!", "-type", "l", "!", "-path", f"{DIRECTORY}/edge*")
    assert prod.host.as_root(*loose) == ""


def test_no_secret_is_in_any_output(prod, checked, prepared, deployed, deployed_again, made_up):
    for step in (checked, prepared, deployed, deployed_again):
        assert_no_secret(step.run, {prod.token, *made_up})


def test_no_secret_is_on_a_command_line(prod, deployed, made_up):
    everything = "\n".join(deployed.processes)

    assert "compose" in everything, "the watcher saw nothing"
    assert [secret[:3] for secret in (prod.token, *made_up) if secret in everything] == []


def test_no_secret_is_readable_by_others(prod, made_up):
    assert "/usr/lib/os-release" in prod.files_with({"Debian GNU/Linux"}, "nobody"), "the search finds nothing"
    assert prod.files_with({prod.token, *made_up}, "nobody") == set()


def test_secrets_are_kept_in_one_file(prod, made_up):
    found = prod.files_with({prod.token, *made_up}, "root")

    # The engine keeps the environment of its containers, for root alone.
    assert {path for path in found if not path.startswith(("/var/lib/docker/", "/run/"))} == {f"{DIRECTORY}/.env"}
