# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._certificates import NAMES, database_certificate

ADDRESS = "10.0.0.21"
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def issued() -> dict[str, str]:
    return database_certificate({}, "prod", ADDRESS, NOW)


def changed(issued: dict[str, str], **how: object) -> list[str]:
    found = database_certificate(
        how.get("stored", issued),
        "prod",
        how.get("address", ADDRESS),
        how.get("now", NOW),  # type: ignore[arg-type]
        reissue=bool(how.get("reissue")),
    )
    return [name for name in NAMES if found[name] != issued[name]]


def test_openssl_verifies_the_certificate_for_the_name_and_the_address(issued, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(issued[name])
    at = str(int(NOW.timestamp()))
    verify = ["openssl", "verify", "-x509_strict", "-attime", at, "-CAfile", "POSTGRES_TLS_CA"]

    for wanted in (["-verify_hostname", "postgres"], ["-verify_ip", ADDRESS]):
        subprocess.run([*verify, *wanted, "POSTGRES_TLS_CERT"], cwd=tmp_path, check=True, capture_output=True)
    other = subprocess.run([*verify, "-verify_ip", "10.0.0.22", "POSTGRES_TLS_CERT"], cwd=tmp_path, check=False)
    assert other.returncode != 0


def test_a_certificate_that_serves_is_kept(issued):
    assert changed(issued) == []
    assert changed(issued, now=NOW + timedelta(days=330)) == []


@pytest.mark.parametrize(
    "how",
    [
        {"now": NOW + timedelta(days=340)},
        {"now": NOW + timedelta(days=800)},
        {"address": "10.0.0.22"},
        {"reissue": True},
    ],
)
def test_one_that_ends_soon_or_is_of_another_address_or_is_rotated_is_replaced_by_the_same_authority(issued, how):
    assert changed(issued, **how) == ["POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"]


@pytest.mark.parametrize("name", ["POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"])
@pytest.mark.parametrize("value", ["", "no certificate"])
def test_a_lost_or_broken_one_is_replaced(issued, name, value):
    assert changed(issued, stored={**issued, name: value}) == ["POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"]


def test_a_certificate_of_another_authority_is_replaced(issued):
    other = database_certificate({}, "prod", ADDRESS, NOW)
    mixed = {**issued, "POSTGRES_TLS_CA": other["POSTGRES_TLS_CA"], "POSTGRES_TLS_CA_KEY": other["POSTGRES_TLS_CA_KEY"]}

    assert {"POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY"} < set(changed(issued, stored=mixed))


@pytest.mark.parametrize("now", [NOW + timedelta(days=7000), NOW + timedelta(days=8000)])
def test_an_authority_that_ends_before_its_next_certificate_is_replaced_with_it(issued, now):
    assert changed(issued, now=now) == list(NAMES)
