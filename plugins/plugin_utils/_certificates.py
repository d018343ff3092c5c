# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue the certificate of an environment's database by an authority of its own. No input or output.

The authority and the certificate are stored as secrets of the database host. A deploy issues a new certificate if the
stored one ends soon, is of another address or of another authority. The library is one that ansible-core requires.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import Any

# ansible-core requires it at run time. The plugins that import this file are documented without it too.
with suppress(ImportError):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

NAMES = ("POSTGRES_TLS_CA", "POSTGRES_TLS_CA_KEY", "POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY")
#: The next authority and its key, while both are trusted.
NEXT = ("POSTGRES_NEXT_TLS_CA", "POSTGRES_NEXT_TLS_CA_KEY")
#: What a deploy does with the authority: keep it, have all hosts trust the next one too, or have that one replace it.
KEEP, TRUST, SWITCH = AUTHORITY_STEPS = ("keep", "trust", "switch")
SERVICE = "postgres"
_CERTIFICATES = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
AUTHORITY_DAYS, CERTIFICATE_DAYS = 7300, 397
#: How long before its end each is replaced.
AUTHORITY_LEFT, CERTIFICATE_LEFT = timedelta(days=CERTIFICATE_DAYS), timedelta(days=60)


def database_certificate(
    stored: Mapping[str, str],
    environment: str,
    address: str,
    now: datetime | None = None,
    *,
    reissue: bool = False,
    step: str = KEEP,
) -> dict[str, str]:
    """Return the authority and the certificate of a database by the names of their secrets.

    Those of ``stored`` are returned unchanged as long as they serve, with ``reissue`` the authority only. ``step`` is
    one of AUTHORITY_STEPS.
    """
    now = now or datetime.now(timezone.utc)
    if step == SWITCH:
        stored = {**stored, **{name: stored.get(following, "") for name, following in zip(NAMES, NEXT)}}
    kept = NAMES[:2] if reissue else NAMES
    found = {name: stored[name] for name in kept if stored.get(name)}
    if not _serves(found, "POSTGRES_TLS_CA", "POSTGRES_TLS_CA_KEY", now + AUTHORITY_LEFT):
        found = _authority(environment, now)
    if not _is_issued(found, address) or not _serves(
        found, "POSTGRES_TLS_CERT", "POSTGRES_TLS_KEY", now + CERTIFICATE_LEFT
    ):
        found = {**found, **_certificate(found, address, now)}
    return {**{name: found[name] for name in NAMES}, **_next(stored, environment, now, step)}


def _next(stored: Mapping[str, str], environment: str, now: datetime, step: str) -> dict[str, str]:
    if step == TRUST and not _serves(stored, *NEXT, now + AUTHORITY_LEFT):
        return dict(zip(NEXT, _authority(environment, now).values()))
    if step == TRUST:
        return {name: stored[name] for name in NEXT}
    return dict.fromkeys(NEXT, "") if any(stored.get(name) for name in NEXT) else {}


def trusted(values: Mapping[str, str], environment: str = "", step: str = KEEP) -> str:
    """Return the authorities that a host trusts, as the file that its backend reads.

    With TRUST one is generated if the next one is not stored yet, by which a plan shows that the file changes.
    """
    known = [values[name] for name in (NAMES[0], NEXT[0]) if values.get(name)]
    if step == TRUST and not values.get(NEXT[0]):
        known.append(_authority(environment, datetime.now(timezone.utc))[NAMES[0]])
    return "".join(known)


def authority_problem(text: Any) -> str | None:
    """Return why a text is not the certificate of an authority in PEM, or several of them; None if it is.

    The text itself is never part of the answer: it may hold a key.
    """
    if not isinstance(text, str):
        return "is no text: give the certificate of the authority as PEM text"
    if "PRIVATE KEY" in text:
        return "has a private key: give the certificate alone"
    found = _CERTIFICATES.findall(text)
    if not found:
        return (
            "is no certificate: give the text that begins with -----BEGIN CERTIFICATE-----, and not the path of a file"
        )
    for number, each in enumerate(found, start=1):
        try:
            _certificate_of(each)
        except (ValueError, TypeError):
            return f"has a certificate that cannot be read, number {number} of {len(found)}: copy the whole file"
    return None


def _serves(found: Mapping[str, str], name: str, key_name: str, until: datetime) -> bool:
    """Whether a certificate and its key belong together and the certificate is valid until then."""
    try:
        certificate, key = _certificate_of(found[name]), _key_of(found[key_name])
    except (KeyError, ValueError, TypeError):
        return False
    return _end(certificate) > until and _public(certificate.public_key()) == _public(key.public_key())


def _is_issued(found: Mapping[str, str], address: str) -> bool:
    """Whether the certificate is of this authority and for this address."""
    try:
        certificate, authority = _certificate_of(found["POSTGRES_TLS_CERT"]), _certificate_of(found["POSTGRES_TLS_CA"])
        key: Any = authority.public_key()
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - the library has an error of its own for each defect of a certificate
        return False
    return list(names) == list(_names(address))


def _authority(environment: str, now: datetime) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"ConvoSphere {environment} database authority")
    usage = x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(name, name, key.public_key(), now, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return {
        "POSTGRES_TLS_CA": _pem(builder.sign(key, hashes.SHA256())),
        "POSTGRES_TLS_CA_KEY": _key_pem(key),
    }


def _certificate(authority: Mapping[str, str], address: str, now: datetime) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _certificate_of(authority["POSTGRES_TLS_CA"])
    builder = _builder(_name(SERVICE), issuer.subject, key.public_key(), now, CERTIFICATE_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_names(address), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    builder = builder.add_extension(identifier, critical=False)
    signed = builder.sign(_key_of(authority["POSTGRES_TLS_CA_KEY"]), hashes.SHA256())
    return {"POSTGRES_TLS_CERT": _pem(signed), "POSTGRES_TLS_KEY": _key_pem(key)}


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # the clocks of hosts differ
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _names(address: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(SERVICE), x509.IPAddress(ip_address(address))])


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _end(certificate: x509.Certificate) -> datetime:
    """Return the end of a certificate: the attribute without a timezone is the one that old versions have."""
    end = getattr(certificate, "not_valid_after_utc", None)
    return end or certificate.not_valid_after.replace(tzinfo=timezone.utc)


def _certificate_of(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode())


def _key_of(text: str) -> Any:
    return serialization.load_pem_private_key(text.encode(), password=None)


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: Any) -> str:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()
