# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first deploy over four hosts: what runs where, who may reach what, and where the secrets are."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest
import urllib3

from support.host_group import GroupHost
from support.law import assert_no_secret
from support.rehearsal import SETTINGS, controller_traces
from support.several import APPS, HOSTS, PLACED

#: Secrets of the database host that no other host needs: those of its own certificate.
OF_THE_DATABASE = {"POSTGRES_TLS_CA", "POSTGRES_TLS_CA_KEY", "POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"}
#: These name the services, which have other addresses on another host.
DERIVED = {"DATABASE_URL", "REDIS_URL"}
DATABASE_PORT = 15432


def test_each_host_runs_the_healthy_services_of_its_placement(prod):
    assert prod.health() == {host: dict.fromkeys(services, "healthy") for host, services in PLACED.items()}


def test_the_hosts_have_recorded_one_release(prod):
    assert len(set(prod.releases().values())) == 1


def test_the_edge_answers_through_the_backends_of_both_hosts(prod):
    answers = [prod.https("GET", "/api/v1/health/detailed") for _number in range(20)]
    page = prod.https("GET", "/")

    assert {answer.status for answer in answers} == {200}
    # One browser stays with one backend: each new one gets either of two cookies.
    cookies = {answer.headers["Set-Cookie"].partition(";")[0] for answer in answers}
    assert len(cookies) == len(APPS)
    assert {cookie.partition("=")[0] for cookie in cookies} == {"convosphere_backend"}
    assert page.status == 200


def test_secrets_are_the_same_on_all_hosts_that_need_them(prod):
    database, edge = prod.secrets("db-1"), prod.secrets("edge-1")

    assert edge == {}
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY", "WEAVIATE_API_KEY"} <= set(database)
    for host in APPS:
        found = prod.secrets(host)
        shared = set(database) - OF_THE_DATABASE - DERIVED
        assert {name: found.get(name) == database[name] for name in shared} == dict.fromkeys(shared, True)
        assert not OF_THE_DATABASE & set(found)


@pytest.fixture
def every_secret(prod) -> set[str]:
    """Return the values of all hosts' secrets, and those that the inventory gives."""
    found = {value.strip("\"'") for host in HOSTS for value in prod.secrets(host).values()}
    return {value for value in found if len(value) >= 8 and "\\" not in value} | set(prod.given.values())


def test_no_secret_is_in_the_output_or_on_a_command_line(first, every_secret):
    assert len(every_secret) > 8
    assert_no_secret(first.run, every_secret)
    everything = "\n".join(first.processes)
    assert "compose" in everything, "the watcher saw nothing"
    assert [secret[:3] for secret in every_secret if secret in everything] == []


def reachable(host: GroupHost) -> set[int]:
    """Return the ports of a host that accept a connection from outside, of all that have a listener."""
    listening = host.as_root("ss", "--listening", "--tcp", "--numeric", "--no-header")
    ports = {int(line.split()[3].rpartition(":")[2]) for line in listening.splitlines()}
    return {port for port in ports if host.accepts(port)}


def test_each_host_opens_only_what_another_one_uses(prod):
    found = {name: reachable(host) - {22} for name, host in prod.hosts.items()}

    assert found["db-1"] == {DATABASE_PORT, 16379, 18081, 19000}
    assert found["edge-1"] == {SETTINGS["stack_http_port"], SETTINGS["stack_https_port"]}
    for host in APPS:
        backend, frontend = sorted(found[host])
        assert (backend in range(18000, 18010), frontend in range(18010, 18020)) == (True, True)


# The controller is a machine outside: it has no placement, and here it has all secrets.
def test_postgresql_refuses_a_machine_outside_and_an_app_host_without_tls(prod):
    options = f"host={prod.host.address} port={DATABASE_PORT} user=convosphere dbname=convosphere sslmode=require"
    environment = {**os.environ, "PGPASSWORD": prod.given["POSTGRES_PASSWORD"]}
    outside = subprocess.run(["psql", options], env=environment, input="", check=False, capture_output=True, text=True)
    inside = prod.sql(
        "SELECT DISTINCT client_addr, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
        " WHERE client_addr IS NOT NULL AND usename = 'convosphere'"
    )

    assert outside.returncode != 0
    assert "no pg_hba.conf entry for host" in outside.stderr
    addresses = {line.partition("|")[0]: line.partition("|")[2] for line in inside.splitlines()}
    assert {prod.hosts[name].address for name in APPS} <= set(addresses)
    assert {addresses[prod.hosts[name].address] for name in APPS} == {"t"}


def test_redis_weaviate_and_minio_refuse_who_has_no_key(prod):
    address = prod.host.address
    with socket.create_connection((address, 16379), timeout=10) as redis:
        redis.sendall(b"PING\r\n")
        answer = redis.recv(100)
    schema, objects = (
        urllib3.request("GET", f"http://{address}:{port}{path}", retries=False, timeout=10).status
        for port, path in ((18081, "/v1/schema"), (19000, "/convosphere/planted"))
    )

    assert answer.startswith(b"-NOAUTH")
    assert schema == 401
    assert objects in (400, 403)  # of the stand-in, and of MinIO


def test_nothing_is_left_on_the_controller(prod):
    assert controller_traces() == prod.controller_before
