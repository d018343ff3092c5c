# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the secrets among a module's options, and mask them in all output of the module.

An option that is not in the spec may be a misspelt secret (``secret_access_key`` for ``secret_key``), so that its value
is masked too.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core before 2.22, which masks the values of AnsibleModule.no_log_values

    def register_secrets(values: Iterable[str]) -> None:
        """Do nothing: there is no registry."""


HIDDEN = "********"
#: The length of the shortest generated secret, and of the shortest value that is masked without being declared a
#: secret: shorter ones are numbers and common words.
SHORTEST = 8
#: The length from which on a line of a secret of several lines is masked by itself too.
SHORTEST_LINE = 16
#: The forms of values that are secrets in any option. References to variables are not secrets.
_FORMS = (
    re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+", re.IGNORECASE),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^\s/@:${]*:([^\s/@${}]+)@"),
)
#: The forms of secrets in a text of another program, such as a log. The group of each is masked, or without one all.
_FOREIGN_FORMS = (
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"),  # a JSON Web Token
    re.compile(r"\bsk-[\w-]{16,}"),  # a key of an AI provider
    re.compile(r"://[^\s/:@\"'`]*:([^\s/\"'`]+)@"),  # up to the last @ of the address
    re.compile(r"\bbearer\s+([\w.~+/-]{16,}=*)", re.IGNORECASE),
    re.compile(r"\bauthorization[\"']?\s*[:=]\s*[\"']?(?:[A-Za-z]+\s+)?([^\s\"',;]{6,})", re.IGNORECASE),
    re.compile(
        r"(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credential)s?"
        r"(?:=[\"']?|[\"']\s*[:=]\s*[\"'])([^\s\"'&,;)}\]]+)",
        re.IGNORECASE,
    ),
)
#: Names of fields whose values are secrets, in structured records of another program.
_SECRET_FIELD = re.compile(
    r"passw|passphrase|\bpwd\b|secret|(?:^|[_.-])token$|api[_-]?key|(?:access|private)[_-]?key|credential"
    r"|^(?:proxy-)?authorization$|cookie$",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_IN_ENVIRONMENT_FILE = re.compile(r'([\\"$])')


class Secret(str):
    """A text that is compared and applied and never shown: its representation is asterisks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


def shown(value: Any) -> Any:
    """Return the same structure with each :class:`Secret`, at any depth, replaced by asterisks."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    return value


class Masker:
    """Replace every known secret, in all its spellings, by asterisks."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def add(self, values: Iterable[str]) -> set[str]:
        """Mask ``values`` from now on. Return their spellings, for Ansible to mask as well."""
        found = spellings(values) - self.known
        self.known |= found
        register_secrets(sorted(found))
        return found

    def mask(self, value: Any) -> Any:
        """Return the same structure with the secrets in its texts and numbers masked."""
        if not self.known:
            return value
        # Few of thousands of secrets occur: one search in all texts is cheaper than all secrets for each text.
        texts = "\0".join(_leaves(value))
        occurring = sorted((secret for secret in self.known if secret in texts), key=len, reverse=True)
        return _masked(value, occurring) if occurring else value


def _masked(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {key: _masked(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, secrets) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return HIDDEN if str(value) in secrets else value
    return value


def spellings(values: Iterable[str]) -> set[str]:
    """Return ``values`` and their other spellings: quoted, escaped, in a URL, stripped, by line."""
    found: set[str] = set()
    for value in map(str, values):  # a Secret would print itself as asterisks
        for text in (value, value.strip()):
            quoted = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
            escaped = _IN_ENVIRONMENT_FILE.sub(r"\\\1", text)
            encoded = (quote(text, errors="replace"), quote(text, safe="", errors="replace"))
            # repr() of a text with both kinds of quotes.
            nested = text.replace("\\", "\\\\").replace("'", "\\'")
            found |= {text, *quoted, nested, escaped, text.replace("$", "$$"), *encoded}
        lines = value.splitlines()
        found |= {line.strip() for line in lines if len(lines) > 1 and len(line.strip()) >= SHORTEST_LINE}
    return found - {""}


def encodings(values: Iterable[str]) -> set[str]:
    """Return the spellings of ``values`` in other programs: in base64, amid other text, and in URLs."""
    found: set[str] = set()
    for value in map(str, values):
        urls = {
            quote(value, errors="replace"),
            quote(value, safe="", errors="replace"),
            quote_plus(value, errors="replace"),
        }
        found |= urls | {_PERCENT.sub(lambda match: match[0].lower(), url) for url in urls}
        if len(value) >= SHORTEST:
            found |= {text for offset in range(3) for text in _base64(value.encode(errors="replace"), offset)}
    return found - {""}


def _base64(value: bytes, offset: int) -> Iterator[str]:
    """Yield what every base64 has in it of a text with ``value`` after ``offset`` other bytes, modulo 3."""
    end = (offset + len(value)) * 8 // 6  # the digits after it also depend on what follows
    start = -(-offset * 8 // 6)
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        yield encode(b"\0" * offset + value).decode()[start:end]


def mask_foreign(text: str) -> str:
    """Mask what has the form of a secret in a text of another program: tokens, keys, passwords in URLs, assignments."""
    for form in (*_FORMS[:2], *_FOREIGN_FORMS):
        text = form.sub(_without_group, text)
    return text


def names_secret(name: str) -> bool:
    """Return whether a field of that name has a secret."""
    return bool(_SECRET_FIELD.search(name))


def _without_group(match: re.Match[str]) -> str:
    if not match.lastindex:
        return HIDDEN
    start, end = match.span(match.lastindex)
    return f"{match.string[match.start() : start]}{HIDDEN}{match.string[end : match.end()]}"


def secret_options(spec: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among the ``given`` options: those declared as secrets, and those not declared at all."""
    declared = _with_aliases(spec)
    for name, value in given.items():
        option = declared.get(name)
        if option is None:
            if not str(name).startswith("_ansible_"):
                yield from (text for text in _leaves(value) if len(text) >= SHORTEST)
        elif option.get("no_log"):
            yield from _leaves(value)
        elif option.get("options"):
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(item, Mapping):
                    yield from secret_options(option["options"], item)
                else:
                    yield from (text for text in _leaves(item) if len(text) >= SHORTEST)


def by_form(value: Any) -> Iterator[str]:
    """Yield private keys and passwords in URLs in ``value``, at any depth."""
    for text in _leaves(value):
        for form in _FORMS:
            for match in form.finditer(text):
                yield match[1] if match.lastindex else match[0]


def shown_options(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``given`` options with asterisks for secrets, and for options that ``spec`` does not have."""
    declared = _with_aliases(spec)
    return {name: _shown_option(declared.get(name), value) for name, value in given.items()}


def _shown_option(option: Mapping[str, Any] | None, value: Any) -> Any:
    if value is None:
        return None
    if option is None or option.get("no_log"):
        return HIDDEN
    if not option.get("options"):
        return value
    if isinstance(value, (list, tuple)):
        return [_shown_option(option, item) for item in value]
    return shown_options(option["options"], value) if isinstance(value, Mapping) else HIDDEN


def _with_aliases(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: option for key, option in spec.items() for name in (key, *option.get("aliases", ()))}


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in ``value``, as texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
