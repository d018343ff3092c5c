# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of one environment: rotated with visitors, restored and rolled back."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from support.environment import SERVICES, Environment
from support.load import load, token
from support.rotation import assert_consistent, can_connect, forget_logins, ids, log_in, login, used, values

RATE = 15  # requests a second, beside the other tests on a small machine


@pytest.fixture(autouse=True)
def logins(keys: Environment) -> None:
    forget_logins(keys)


def assert_next_role(keys: Environment, before: dict[str, str]) -> None:
    """Assert that the backend uses the other role of the database, and that the previous one can log in no more."""
    after = values(keys)
    assert {login(before), login(after)} == {"convosphere_2", "convosphere"}
    assert after["POSTGRES_PASSWORD"] != before["POSTGRES_PASSWORD"]
    assert not can_connect(keys, login(before), before["POSTGRES_PASSWORD"])
    assert not can_connect(keys, login(before), after["POSTGRES_PASSWORD"])
    owners = keys.sql(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert owners == "convosphere"


def test_a_rotation_fails_no_request(keys):
    before, containers = values(keys), ids(keys)
    given = {"rotate": "SECRET_KEY,DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD"}

    with load(keys, token(keys), rate=RATE) as visitors:
        run = keys.run("secrets.yml", extra_vars=given, diff=True, verbosity=3).succeeded()

    after = values(keys)
    text = run.stdout + run.stderr
    assert visitors.failed == []
    assert {each["status"] for each in visitors.refused} <= {401, 403}  # the sessions have ended
    assert visitors.rows == visitors.written > 0
    # A new volume would begin with the initial password, which follows that of the owner of the database.
    changed = {name for name in before if before[name] != after.get(name)} - {"POSTGRES_INITIAL_PASSWORD"}
    assert changed == {*given["rotate"].split(","), "DATABASE_URL"}
    assert_next_role(keys, before)
    assert {name for name in SERVICES if containers[name] != ids(keys)[name]} == {"backend"}
    assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in text] == []
    assert "all sessions end" in str(run.task("Report the rotated secrets").message)
    assert (log_in(keys, before["DEFAULT_ADMIN_PASSWORD"]), log_in(keys, after["DEFAULT_ADMIN_PASSWORD"])) == (401, 200)
    assert_consistent(keys)


def test_the_password_of_the_database_rotates_back_and_ends_no_session(keys):
    before, containers = values(keys), ids(keys)

    with load(keys, token(keys), rate=RATE) as visitors:
        run = keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}, verbosity=3).succeeded()

    after, text = values(keys), run.stdout + run.stderr
    assert (visitors.failed, visitors.refused) == ([], [])
    assert visitors.rows == visitors.written > 0
    assert {name for name in SERVICES if containers[name] != ids(keys)[name]} == {"backend"}
    assert_next_role(keys, before)
    assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in text] == []
    assert_consistent(keys)


def test_a_backup_from_before_a_rotation_is_restored_after_it(keys):
    keys.run("backup.yml", extra_vars={"label": "before-rotation"}).succeeded()
    keys.sql("UPDATE users SET first_name = 'After the backup' WHERE username = 'admin'")
    keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD,DEFAULT_ADMIN_PASSWORD"}).succeeded()

    keys.run("backup_verify.yml", extra_vars={"backup": "before-rotation"}).succeeded()
    keys.run("restore.yml", extra_vars={"backup": "before-rotation", "confirm": "keys"}).succeeded()

    assert keys.sql("SELECT first_name FROM users WHERE username = 'admin'") != "After the backup"
    assert_consistent(keys)
    keys.run("database.yml").succeeded()
    keys.run("migrate.yml").succeeded()


def test_a_rollback_keeps_what_was_rotated(keys):
    keys.run("deploy.yml", extra_vars={"stack_pids_limit": 900}).succeeded()
    # The restore has taken back an older password of the administrator, which a rotation ends.
    rotate = "DEFAULT_ADMIN_PASSWORD,POSTGRES_PASSWORD,SECRET_KEY"
    keys.run("secrets.yml", extra_vars={"rotate": rotate}).succeeded()
    rotated = values(keys)
    assert log_in(keys, rotated["DEFAULT_ADMIN_PASSWORD"]) == 200

    keys.run("rollback.yml").succeeded()

    assert values(keys) == rotated
    assert used(keys, "SECRET_KEY") == rotated["SECRET_KEY"]
    assert keys.health() == "healthy"
    keys.run("deploy.yml").succeeded()
    assert_consistent(keys)


@pytest.mark.campaign
def test_on_a_new_volume_the_owner_of_the_database_logs_in(keys):
    if login(values(keys)) == "convosphere":
        keys.run("secrets.yml", extra_vars={"rotate": "POSTGRES_PASSWORD"}).succeeded()
    before = values(keys)
    keys.compose("down", "--volumes", "--timeout=1")

    keys.run("deploy.yml").succeeded()

    after = values(keys)
    assert (login(before), login(after)) == ("convosphere_2", "convosphere")
    assert after["POSTGRES_PASSWORD"] == before["POSTGRES_PASSWORD"]
    assert_consistent(keys)


def minio(keys: Environment, stored: dict[str, str]) -> Any:
    """Return a client of MinIO, which only containers and the host itself reach, with these keys."""
    [network] = keys.inspect("minio")["NetworkSettings"]["Networks"].values()
    return boto3.client(
        "s3",
        endpoint_url=f"http://{network['IPAddress']}:9000",
        region_name="us-east-1",
        aws_access_key_id=stored["MINIO_ACCESS_KEY"],
        aws_secret_access_key=stored["MINIO_SECRET_KEY"],
    )


def test_the_keys_of_minio_rotate_with_a_restart_that_fails_no_other_request(keys):
    before, containers = values(keys), ids(keys)
    minio(keys, before).create_bucket(Bucket="uploads")
    minio(keys, before).put_object(Bucket="uploads", Key="one", Body=b"1")
    given = {"rotate": "MINIO_ACCESS_KEY,MINIO_SECRET_KEY"}

    with load(keys, token(keys), rate=RATE) as visitors:
        run = keys.run("secrets.yml", extra_vars=given, diff=True, verbosity=3).succeeded()

    after, text = values(keys), run.stdout + run.stderr
    assert (visitors.failed, visitors.refused) == ([], [])
    assert {name for name in before if before[name] != after[name]} == {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"}
    assert {name for name in SERVICES if containers[name] != ids(keys)[name]} == {"backend"}
    assert "uploads fail until the new containers" in str(run.task("Report what the rotation costs").message)
    assert [each for each in (*before.values(), *after.values()) if len(each) >= 20 and each in text] == []
    with pytest.raises(ClientError, match=r"403|Forbidden|AccessDenied|InvalidAccessKey"):
        minio(keys, before).list_buckets()
    assert minio(keys, after).get_object(Bucket="uploads", Key="one")["Body"].read() == b"1"
    assert used(keys, "MINIO_SECRET_KEY") == after["MINIO_SECRET_KEY"]
    assert_consistent(keys)
