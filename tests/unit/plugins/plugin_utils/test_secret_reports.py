# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _secret_reports
from ansible_collections.convosphere.platform.plugins.plugin_utils._reports import REPORTS

SINCE = {"since": "2026-11-01T08:00:00Z", "unchanged_since": "2026-11-01T08:00:00Z"}
OLDER = {"since": None, "unchanged_since": "2026-10-01T08:00:00Z"}
STARTED = {"names": ["SECRET_KEY"], "started": "2026-11-30T15:00:00Z", "by": "ada"}
RENDERED = {
    "version": "0.1.2-beta",
    "derived": {},
    "settings": {},
    "extra": {},
    "declared": ["POSTGRES_PASSWORD", "DATABASE_URL", "SECRET_KEY", "DEFAULT_ADMIN_PASSWORD", "MINIO_SECRET_KEY"],
    "given": {"OPENAI_API_KEY": "inventory (vault)", "ANTHROPIC_API_KEY": "inventory"},
}
STORED = {
    "SECRET_KEY": SINCE,
    "POSTGRES_PASSWORD": OLDER,
    "DATABASE_URL": SINCE,
    "OPENAI_API_KEY": SINCE,
    "ANTHROPIC_API_KEY": SINCE,
    "MINIO_SECRET_KEY": SINCE,
    "POSTGRES_TLS_CA": SINCE,
    "POSTGRES_TLS_CA_KEY": SINCE,
    "POSTGRES_TLS_CERT": SINCE,
    "POSTGRES_TLS_KEY": SINCE,
}


def document(rotation: dict[str, Any] | None = None, stored: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {"secrets": STORED if stored is None else stored, "rotation": rotation}
    return _secret_reports.document(RENDERED, found, "prod")


def check(*names: str, managed: bool = False, rotation: dict[str, Any] | None = None) -> list[str]:
    found: list[str] = _secret_reports.check(names, document(rotation), managed=managed)["problems"]
    return found


@pytest.mark.parametrize(
    ("name", "source", "rotate"),
    [
        ("SECRET_KEY", "generated", "secrets.yml -e rotate=SECRET_KEY"),
        ("DATABASE_URL", "derived", "follows POSTGRES_PASSWORD"),
        ("OPENAI_API_KEY", "inventory (vault)", "give another value in stack_secrets, and deploy"),
        ("ANTHROPIC_API_KEY", "inventory", "give another value in stack_secrets, and deploy"),
        ("GOOGLE_API_KEY", "unset", "give a value in stack_secrets, and deploy"),
        ("POSTGRES_TLS_CA", "issued", "secrets.yml -e rotate=POSTGRES_TLS_CA"),
        ("POSTGRES_TLS_CA_KEY", "issued", "follows POSTGRES_TLS_CA"),
        ("POSTGRES_TLS_KEY", "issued", "secrets.yml -e rotate=POSTGRES_TLS_KEY"),
    ],
)
def test_a_secret_has_its_source_and_how_it_is_rotated(name, source, rotate):
    row = next((each for each in document()["secrets"] if each["name"] == name), None)

    assert row is not None
    assert row["source"] == source
    assert row["rotate"].startswith(rotate)
    assert row["opens"]


def test_what_can_be_rotated_has_its_costs():
    found = _secret_reports.check(["SECRET_KEY", "SECRET_KEY"], document(), managed=False)

    assert (found["names"], found["problems"]) == (["SECRET_KEY"], [])
    assert found["costs"][0].startswith("SECRET_KEY: all sessions end")
    assert found["costs"][1].startswith("the containers of the backend are replaced")
    [cost] = _secret_reports.check(["POSTGRES_TLS_KEY"], document(), managed=False)["costs"]
    assert "PostgreSQL restarts with another certificate" in cost


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SECRET_KY", "rotate has 'SECRET_KY', which is no secret of prod: write SECRET_KEY"),
        ("TOKEN", "rotate has 'TOKEN', which is no secret of prod. Allowed: "),
        ("OPENAI_API_KEY", "it comes from stack_secrets of the inventory (vault)"),
        ("DATABASE_URL", "which follows POSTGRES_PASSWORD: rotate that one"),
        ("DEFAULT_ADMIN_PASSWORD", "which is not set in prod. Deploy first"),
        ("POSTGRES_TLS_CA_KEY", "which follows POSTGRES_TLS_CA: rotate that one"),
        ("POSTGRES_TLS_CERT", "which follows POSTGRES_TLS_KEY: rotate that one"),
    ],
)
def test_what_cannot_be_rotated_is_refused(name, message):
    assert [message in each for each in check(name)] == [True]


def test_the_password_of_a_managed_database_is_rotated_elsewhere():
    [problem] = check("POSTGRES_PASSWORD", managed=True)

    assert "that of a managed PostgreSQL: change the password of its role there" in problem


def test_a_managed_database_has_no_certificate_of_the_stack():
    [problem] = check("POSTGRES_TLS_KEY", managed=True)

    assert problem == "rotate has POSTGRES_TLS_KEY, which nothing uses: PostgreSQL is managed by others"


@pytest.mark.parametrize("source", ["inventory", "inventory (vault)", "extra variables"])
def test_the_password_of_the_database_is_not_rotated_beside_a_given_url(source):
    rendered = {**RENDERED, "given": {"DATABASE_URL": source}}
    facts = _secret_reports.document(rendered, {"secrets": STORED, "rotation": None}, "prod")

    [problem] = _secret_reports.check(["POSTGRES_PASSWORD"], facts, managed=False)["problems"]

    assert f"and DATABASE_URL, which follows it, comes from stack_secrets of the {source} and" in problem


def test_one_rotation_is_finished_before_another_one_begins():
    assert check("SECRET_KEY", rotation=STARTED) == []
    [problem] = check("SECRET_KEY", "DEFAULT_ADMIN_PASSWORD", rotation={**STARTED, "names": ["SECRET_KEY"]})[-1:]
    assert "a rotation of SECRET_KEY, started at 2026-11-30T15:00:00Z, is not finished" in problem


def test_secrets_to_fetch_exist_and_are_set():
    every = _secret_reports.chosen([], document())
    some = _secret_reports.chosen(["SECRET_KY", "TOKEN", "DEFAULT_ADMIN_PASSWORD"], document())
    nothing = _secret_reports.chosen([], document(stored={}))

    assert (every["names"], every["problems"]) == (sorted(STORED), [])
    assert [problem.partition(", which")[0] for problem in some["problems"]] == [
        "names has 'SECRET_KY'",
        "names has 'TOKEN'",
        "names has DEFAULT_ADMIN_PASSWORD",
    ]
    assert nothing["problems"] == ["prod has no secret to fetch yet. Deploy first"]


def test_the_lines_have_every_secret_and_the_unfinished_rotation():
    lines = REPORTS["secrets"](document(STARTED), {})

    assert "SECRET_KEY: set, generated, since 2026-11-01T08:00:00Z" in lines
    assert "POSTGRES_PASSWORD: set, generated, since 2026-10-01T08:00:00Z or before" in lines
    assert "DEFAULT_ADMIN_PASSWORD: not written yet, generated" in lines
    assert lines[-2] == "ROTATION   of SECRET_KEY, started at 2026-11-30T15:00:00Z by ada, is not finished"
    assert lines[-1].strip() == "Next: ansible-playbook deploy.yml -e env=prod"


def test_the_lines_of_a_status_have_the_ages_of_generated_secrets():
    assert _secret_reports.age_lines(STORED, ["SECRET_KEY", "ABSENT"]) == [
        "SECRET     SECRET_KEY since 2026-11-01T08:00:00Z"
    ]
    assert _secret_reports.age_lines({}, ["SECRET_KEY"]) == []


def test_the_lines_of_a_rotation_and_of_a_file():
    rotated = REPORTS["secret_rotation"]({"names": ["A", "B"], "costs": ["x"]}, {"verb": "were", "environment": "prod"})
    one = REPORTS["secret_rotation"]({"names": ["A"], "costs": []}, {"verb": "were", "environment": "prod"})
    written = REPORTS["secret_file"]({"path": "/a"}, {"check_mode": False, "encrypted": True})
    predicted = REPORTS["secret_file"]({"path": "/a"}, {"check_mode": True, "encrypted": False})

    assert (rotated, one) == (["A, B were rotated in prod", "  x"], ["A was rotated in prod"])
    assert written == ["The secrets are in /a: age --decrypt shows them to the owner of the key"]
    assert predicted == ["The secrets would be written to /a"]
