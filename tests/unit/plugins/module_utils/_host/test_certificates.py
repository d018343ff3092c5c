# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._host import certificates
from ansible_collections.convosphere.platform.plugins.plugin_utils._certificates import database_certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ISSUED = database_certificate({}, "prod", "10.0.0.21", NOW)
NOTHING: dict[str, list[dict[str, str]]] = {"files": [], "variables": [], "servers": []}


def pem(*, ends: datetime, name: str = "chat.example.com", begins: datetime = NOW) -> str:
    """Return a certificate that signs itself; without a name its subject is empty."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(begins).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    "ends",
    [NOW + timedelta(days=90), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), NOW.replace(year=2090)],
)
@pytest.mark.parametrize("name", ["chat.example.com", "Ä", ""])
def test_validity_and_name_are_those_that_the_library_reads(ends, name):
    (found,) = certificates.from_pem(pem(ends=ends, name=name))

    assert (found.subject, found.begins, found.ends) == (name, NOW, ends)


def test_the_certificates_that_a_deploy_issues():
    leaf, authority = (certificates.from_pem(ISSUED[f"POSTGRES_TLS_{name}"])[0] for name in ("CERT", "CA"))

    assert leaf.describe(NOW)["days_left"] == 397
    assert (leaf.subject, authority.subject) == ("postgres", "ConvoSphere prod database authority")


@pytest.mark.parametrize(("hours", "days"), [(49, 2), (47, 1), (1, 0), (-1, -1), (-25, -2)])
def test_days_are_whole_ones_and_negative_after_the_end(hours, days):
    (found,) = certificates.from_pem(pem(ends=NOW + timedelta(hours=hours), begins=NOW - timedelta(days=90)))

    assert found.describe(NOW)["days_left"] == days


@pytest.mark.parametrize(("hours", "share"), [(6, 0.5), (12, 1.0), (-3, -0.25)])
def test_of_a_certificate_for_hours_the_share_that_is_left_is_known(hours, share):
    ends = NOW + timedelta(hours=hours)
    (found,) = certificates.from_pem(pem(ends=ends, begins=ends - timedelta(hours=12)))

    assert found.describe(NOW)["share_left"] == share


def test_a_chain_is_read_whole():
    assert len(certificates.from_pem(ISSUED["POSTGRES_TLS_CERT"] + ISSUED["POSTGRES_TLS_CA"])) == 2


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5, 40, 100, 200])
def test_what_is_no_certificate_is_an_error(cut):
    body = "".join(ISSUED["POSTGRES_TLS_CERT"].splitlines()[1:-1])
    text = base64.b64encode(base64.b64decode(body)[:cut]).decode()

    with pytest.raises(ValueError, match="a certificate that cannot be read"):
        certificates.from_pem(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")


def test_what_cannot_be_read_is_a_problem_and_the_others_are_read(tmp_path):
    (tmp_path / "key").write_text(ISSUED["POSTGRES_TLS_KEY"])
    (tmp_path / "folder").mkdir()
    variables = {name: ISSUED[name] for name in ("POSTGRES_TLS_CERT", "POSTGRES_TLS_CA")}
    (tmp_path / ".env").write_text(dotenv.merge("", variables, "written by a test"))
    sources = {
        **NOTHING,
        "files": [{"name": name, "path": str(tmp_path / name)} for name in ("missing", "key", "folder")],
        "variables": [
            {"name": name, "env_file": str(tmp_path / ".env"), "variable": f"POSTGRES_TLS_{name}"}
            for name in ("CERT", "NONE")
        ],
        "servers": [{"name": "edge", "host": "127.0.0.1", "port": 1, "server_name": None}],
    }

    found = certificates.report(sources, 1, NOW)

    assert [(each["name"], each["days_left"]) for each in found["certificates"]] == [("CERT", 397)]
    assert {each["name"]: each["problem"].partition(":")[0] for each in found["problems"]} == {
        "missing": "there is no such file",
        "key": "it has no certificate in PEM",
        "folder": f"Cannot read {tmp_path / 'folder'}",
        "NONE": "it has no POSTGRES_TLS_NONE",
        "edge": "the server does not answer",
    }
