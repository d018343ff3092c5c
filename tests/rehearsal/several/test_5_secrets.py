# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of four hosts of their own: rotated with visitors, with a failed deploy, and with killed runs."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
import yaml
from botocore.exceptions import ClientError

from support.load import load, token
from support.rehearsal import DIRECTORY, ENV
from support.several import APPS, CRASHING, Several, several

pytestmark = pytest.mark.campaign
RATE = 10  # requests a second, beside the engines of four hosts on one small machine
#: The services of the database host with a secret of their own, which restart for it, and the names of their secrets.
OF_SERVICES = {
    "redis": ("REDIS_PASSWORD",),
    "weaviate": ("WEAVIATE_API_KEY",),
    "minio": ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"),
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """Yield four hosts with a stack that generates all of its secrets."""
    with several(tmp_path_factory.mktemp("keyed")) as found:
        given = found.folder / f"inventory/group_vars/{ENV}/vault.yml"
        given.write_text(yaml.safe_dump({"stack_secrets": {"OPENAI_API_KEY": found.given["OPENAI_API_KEY"]}}))
        found.run("deploy.yml").succeeded()
        yield found


def record(prod: Several) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(prod.hosts["db-1"].as_root("cat", f"{DIRECTORY}/secrets.json"))
    return found


def login(prod: Several, host: str) -> str:
    """Return the role with which a host connects to the database."""
    found = re.match(r"postgresql://([^:]+):", prod.secrets(host)["DATABASE_URL"])
    assert found
    return found[1]


def test_the_password_of_the_database_rotates_over_four_hosts_and_fails_no_request(keyed):
    before = keyed.running()
    with load(keyed, token(keyed), rate=RATE) as found:
        keyed.run("secrets.yml", {"rotate": "POSTGRES_PASSWORD"}).succeeded()

    after = keyed.running()
    assert (found.failed, found.refused) == ([], [])
    assert found.rows == found.written > 0
    replaced = {(h, s) for h, services in before.items() for s, each in services.items() if after[h][s] != each}
    assert replaced == {(host, "backend") for host in APPS}
    assert {login(keyed, host) for host in ("db-1", *APPS)} == {"convosphere_2"}
    assert "rotation" not in record(keyed)


def test_a_backend_that_crashes_leaves_the_previous_secrets_and_the_next_deploy_carries_on(keyed):
    before = (keyed.running(), {host: keyed.secrets(host) for host in ("db-1", *APPS)})
    broken = {"stack_images": {"backend": CRASHING}}
    with load(keyed, token(keyed), rate=RATE) as found:
        run = keyed.run("secrets.yml", {"rotate": "POSTGRES_PASSWORD,SECRET_KEY", **broken})

    assert run.rc != 0
    assert (found.failed, found.refused) == ([], [])
    assert (keyed.running(), {host: keyed.secrets(host) for host in ("db-1", *APPS)}) == before
    new = record(keyed)["rotation"]["values"]

    keyed.run("deploy.yml").succeeded()

    assert [{name: keyed.secrets(host)[name] for name in new} for host in ("db-1", *APPS)] == [new, new, new]
    assert {login(keyed, host) for host in ("db-1", *APPS)} == {"convosphere"}
    assert "rotation" not in record(keyed)
    keyed.run("health.yml").succeeded()
    again = keyed.run("deploy.yml").succeeded()
    assert again.changed == 0


def accepts_redis(address: str, secrets: dict[str, str]) -> bool:
    with socket.create_connection((address, 16379), 5) as connection:
        connection.sendall(f"AUTH {secrets['REDIS_PASSWORD']}\r\n".encode())
        return connection.recv(100).startswith(b"+OK")


def accepts_weaviate(address: str, secrets: dict[str, str]) -> bool:
    headers = {"Authorization": f"Bearer {secrets['WEAVIATE_API_KEY']}"}
    status = requests.get(f"http://{address}:18081/v1/meta", headers=headers, timeout=5).status_code
    assert status in (200, 401)
    return status == 200


def accepts_minio(address: str, secrets: dict[str, str]) -> bool:
    key = {"aws_access_key_id": secrets["MINIO_ACCESS_KEY"], "aws_secret_access_key": secrets["MINIO_SECRET_KEY"]}
    try:
        boto3.client("s3", endpoint_url=f"http://{address}:19000", region_name="us-east-1", **key).list_buckets()
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403  # noqa: PT017 - any other error is one
        return False
    return True


ACCEPTS = {"redis": accepts_redis, "weaviate": accepts_weaviate, "minio": accepts_minio}


def assert_rotated(prod: Several, before: dict[str, str], service: str) -> None:
    """Assert that the service accepts the new secret only, which all hosts have, and that nothing is left to do."""
    address, after = prod.hosts["db-1"].address, prod.secrets()
    assert "rotation" not in record(prod)
    assert [after[name] != before[name] for name in OF_SERVICES[service]] == [True] * len(OF_SERVICES[service])
    assert not {name for name, value in after.items() if value and "_PREVIOUS_" in name}
    assert (ACCEPTS[service](address, before), ACCEPTS[service](address, after)) == (False, True)
    for host in APPS:
        assert {name: prod.secrets(host)[name] for name in OF_SERVICES[service]} == {
            name: after[name] for name in OF_SERVICES[service]
        }
    prod.run("health.yml").succeeded()
    assert prod.run("deploy.yml").succeeded().changed == 0


@pytest.mark.parametrize("service", OF_SERVICES)
def test_the_secret_of_a_service_rotates_and_fails_no_request(keyed, service):
    before, running, names = keyed.secrets(), keyed.running(), OF_SERVICES[service]
    with load(keyed, token(keyed), rate=RATE) as found:
        run = keyed.run("secrets.yml", {"rotate": ",".join(names)}, verbosity=3, diff=True).succeeded()

    after = keyed.running()
    text = run.stdout + run.stderr
    assert (found.failed, found.refused) == ([], [])
    assert found.rows == found.written > 0
    replaced = {(h, s) for h, services in running.items() for s, each in services.items() if after[h][s] != each}
    assert replaced == {("db-1", service), *((host, "backend") for host in APPS)}
    values = {secrets[name] for secrets in (before, keyed.secrets()) for name in names}
    assert [value for value in values if value in text] == []
    assert_rotated(keyed, before, service)


LAST = {"minio": "End the previous values"}  # which has one key only


@pytest.mark.parametrize("step", ["beside", "last"])
@pytest.mark.parametrize("service", OF_SERVICES)
def test_a_rotation_of_a_service_that_is_killed_is_carried_on(keyed, service, step):
    last = LAST.get(service, "Deploy with the new values only")
    phase = last if step == "last" else "Bring up the new containers beside"
    before, names = keyed.secrets(), OF_SERVICES[service]

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and phase in str(line["name"]) for line in lines)

    assert keyed.run("secrets.yml", {"rotate": ",".join(names)}, kill_when=reached).rc == -9
    keyed.end_modules()
    new = record(keyed)["rotation"]["values"]
    keyed.run("deploy.yml").succeeded()

    assert {name: keyed.secrets()[name] for name in names} == new
    assert_rotated(keyed, before, service)


def served_certificate(prod: Several) -> str:
    """Return the certificate with which PostgreSQL answers, as the file of the secrets has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((prod.hosts["db-1"].address, 15432), 5) as connection:
        connection.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))  # SSLRequest of its protocol
        assert connection.recv(1) == b"S"
        with context.wrap_socket(connection) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True) or b"").replace("\n", "\\n")


@pytest.mark.parametrize("killed", [False, True])
def test_the_certificate_of_the_database_is_issued_anew_and_trusted(keyed, killed):
    before, running = keyed.secrets(), keyed.running()

    def reached(lines: list[dict[str, Any]]) -> bool:
        return any(line.get("kind") == "start" and "Bring the stack up" in str(line["name"]) for line in lines)

    with load(keyed, token(keyed), rate=RATE) as found:
        run = keyed.run("secrets.yml", {"rotate": "POSTGRES_TLS_KEY"}, kill_when=reached if killed else None)
        keyed.end_modules()
        if killed:
            assert (run.rc, record(keyed)["rotation"]["values"]) == (-9, {})
            run = keyed.run("deploy.yml")
        run.succeeded()

    after, now = keyed.secrets(), keyed.running()
    changed = {name for name in after if after[name] != before[name]}
    replaced = {(h, s) for h, services in running.items() for s, each in services.items() if now[h][s] != each}
    assert changed == {"POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"}
    assert replaced == {("db-1", "postgres")}
    assert served_certificate(keyed) == after["POSTGRES_TLS_CERT"]
    assert found.rows == found.written > 0  # no write was lost, although requests failed while PostgreSQL restarted
    assert {each["name"] for each in found.refused} == set()
    assert "rotation" not in record(keyed)
    keyed.run("health.yml").succeeded()
    assert keyed.run("deploy.yml").succeeded().changed == 0


#: The tasks in which a rotation of the authority is killed, and in which of its two deploys.
KILLED = {
    "never": ("", 0),
    "first": ("Bring up the new containers beside", 1),
    "between": ("Deploy with the new values only", 1),
    "second": ("Bring up the new containers beside", 2),
}


@pytest.mark.parametrize("killed", KILLED)
def test_the_authority_of_the_certificate_is_replaced_while_both_are_trusted(keyed, killed):
    before, running, (phase, count) = keyed.secrets(), keyed.running(), KILLED[killed]

    def reached(lines: list[dict[str, Any]]) -> bool:
        return sum(line.get("kind") == "start" and phase in str(line["name"]) for line in lines) >= count

    with load(keyed, token(keyed), rate=RATE) as found:
        run = keyed.run("secrets.yml", {"rotate": "POSTGRES_TLS_CA"}, kill_when=reached if count else None)
        if count:
            assert run.rc == -9
            keyed.end_modules()
            run = keyed.run("deploy.yml")
        run.succeeded()

    after, now = keyed.secrets(), keyed.running()
    changed = {name for name in after if after[name] != before.get(name) and "_NEXT_" not in name}
    replaced = {(h, s) for h, services in running.items() for s, each in services.items() if now[h][s] != each}
    assert changed == {f"POSTGRES_TLS_{name}" for name in ("CA", "CA_KEY", "CERT", "KEY")}
    assert replaced == {("db-1", "postgres"), *((host, "backend") for host in APPS)}
    assert served_certificate(keyed) == after["POSTGRES_TLS_CERT"]
    for host in APPS:
        trusted = keyed.hosts[host].as_root("cat", f"{DIRECTORY}/tls/ca.crt")
        assert trusted.strip() == after["POSTGRES_TLS_CA"].replace("\\n", "\n").strip()
    assert not {name for name, value in after.items() if value and "_NEXT_" in name}
    assert found.rows == found.written > 0
    assert {each["name"] for each in found.refused} == set()
    assert len(found.failed) <= 5 * RATE  # PostgreSQL restarts
    assert "rotation" not in record(keyed)
    keyed.run("health.yml").succeeded()
    assert keyed.run("deploy.yml").succeeded().changed == 0


def test_a_rollback_keeps_the_authority_that_was_rotated(keyed):
    before = keyed.secrets()

    keyed.run("rollback.yml").succeeded()

    assert keyed.secrets() == before
    keyed.run("health.yml").succeeded()
