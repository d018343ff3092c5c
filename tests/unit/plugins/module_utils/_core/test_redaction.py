# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import (
    HIDDEN,
    Masker,
    Secret,
    by_form,
    encodings,
    mask_foreign,
    secret_options,
    shown_options,
    spellings,
)

PLACE = {"bucket": {"type": "str"}, "secret_key": {"type": "str", "no_log": True, "aliases": ["key"]}}
SPEC = {
    "name": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "copy_to": {"type": "list", "elements": "dict", "options": PLACE},
    "copy_from": {"type": "dict", "options": PLACE},
}


def test_spellings_are_those_that_error_messages_have():
    found = spellings(['a"b$c \\ü/ '])

    assert {
        'a"b$c \\ü/ ',  # as it is
        'a"b$c \\ü/',  # at the end of a line
        'a\\"b$c \\\\ü/',  # in quotes, as Go and JSON have it
        'a\\"b$c \\\\\\u00fc/',
        'a"b$c \\\\ü/',  # in a list or a dictionary that Python prints
        'a\\"b\\$c \\\\ü/',  # as it is in the file .env
        'a"b$$c \\ü/',  # as Compose has it
        "a%22b%24c%20%5C%C3%BC%2F",  # in a URL
    } <= found
    assert spellings(["", "  "]) == {"  ", "%20%20"}


def test_a_line_of_a_key_of_several_lines_is_a_secret_too():
    assert "MIIEvQIBADANBgkqhkiG9w0B" in spellings(["-----BEGIN KEY-----\n MIIEvQIBADANBgkqhkiG9w0B\nshort\n"])
    assert "short" not in spellings(["-----BEGIN KEY-----\n MIIEvQIBADANBgkqhkiG9w0B\nshort\n"])


def test_a_secret_that_prints_itself_as_asterisks_is_spelled_all_the_same():
    assert spellings([Secret("plain")]) == {"plain"}


def test_half_a_surrogate_pair_can_be_masked():
    assert "a\ud800b-secret" in spellings(["a\ud800b-secret"])


@pytest.mark.parametrize(
    ("given", "secrets"),
    [
        ({"name": "box", "password": "x"}, {"x"}),
        ({"passwort": "planted-secret", "stat": "short"}, {"planted-secret"}),
        ({"copy_to": [{"bucket": "b", "secret_access_key": "planted-secret"}]}, {"planted-secret"}),
        ({"copy_to": {"bucket": "b", "key": "planted-secret"}}, {"planted-secret"}),
        ({"copy_from": {"bucket": "b", "credentials": {"inner": ["planted-secret", 12345678]}}},
         {"planted-secret", "12345678"}),
        ({"copy_from": "bucket=b secret_key=planted-secret"}, {"bucket=b secret_key=planted-secret"}),
        ({"copy_to": [["planted-secret"]]}, {"planted-secret"}),
        ({"password": ["it's", {"a": 'quo"te'}]}, {"it's", 'quo"te'}),
        ({"password": 123456}, {"123456"}),
        ({"password": True, "name": "box", "_ansible_remote_tmp": "/root/.ansible"}, set()),
    ],
)  # fmt: skip
def test_what_is_declared_secret_or_not_declared_at_all_is_secret(given, secrets):
    assert set(secret_options(SPEC, given)) == secrets


def test_what_is_shown_of_options_follows_their_place_and_not_their_value():
    given = {
        "name": "box",
        "password": ["it's"],
        "passwort": 1,
        "copy_to": [{"bucket": "b", "secret_key": True, "retries": 3}, "bucket=b"],
        "copy_from": {"bucket": "c", "key": None},
    }

    assert shown_options(SPEC, given) == {
        "name": "box",
        "password": HIDDEN,
        "passwort": HIDDEN,
        "copy_to": [{"bucket": "b", "secret_key": HIDDEN, "retries": HIDDEN}, HIDDEN],
        "copy_from": {"bucket": "c", "key": None},
    }


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://user:pass-word@host/db", "pass-word"),
        ("http://127.0.0.1 https://:pass-word@host", "pass-word"),
        ("to AGE-SECRET-KEY-1QQPZRY9X8GF2TV or", "AGE-SECRET-KEY-1QQPZRY9X8GF2TV"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n",
         "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_a_secret_is_known_by_its_form_whatever_option_it_is_in(text, secret):
    assert list(by_form({"files": [{"content": text}]})) == [secret]


@pytest.mark.parametrize(
    "text",
    ["postgresql://user:${PASSWORD}@host/db", "postgresql://user:{PASSWORD}@host", "http://host:80/a@b", "a:b@c"],
)
def test_references_and_addresses_have_no_secret_form(text):
    assert list(by_form(text)) == []


def test_masking_covers_any_depth_and_leaves_the_rest_alone():
    masker = Masker()
    masker.add(["secret", "longer-secret", "1234567"])

    assert masker.mask({"a": ["a longer-secret!", ("secret", None, True, 1.5)], "n": 1234567, "o": object}) == {
        "a": [f"a {HIDDEN}!", [HIDDEN, None, True, 1.5]],
        "n": HIDDEN,
        "o": object,
    }
    assert masker.mask("nothing") == "nothing"
    assert masker.add(["secret"]) == set()


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_in_base64_is_known_amid_other_text(before, encode):
    secret = "planted?>~secret"
    masker = Masker()
    masker.add(encodings([secret]))

    text = encode(f"{before}{secret} and more".encode()).decode()
    shown = masker.mask(text)

    digits = len(secret) * 8 // 6  # of which the first and the last one depend on what is beside it
    assert len(shown.replace(HIDDEN, "")) <= len(text) - digits + 1


def test_a_secret_of_a_form_or_a_url_is_known():
    assert {"a+b%2Fc%3D%C3%BC", "a%20b%2fc%3d%c3%bc"} <= encodings(["a b/c=ü"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl from", "got ******** from"),
        ("GET /x?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln&a=1", "GET /x?token=********&a=1"),
        ("GET /x?api_key=1234567&a=1", "GET /x?api_key=********&a=1"),
        ("postgresql://convosphere:pl@nted!@db:5432/x", "postgresql://convosphere:********@db:5432/x"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ********"),
        ('{"Authorization": "Bearer abcdefghijklmnopqrst"}', '{"Authorization": "Bearer ********"}'),
        ('{"password": "hunter2", "a": 1}', '{"password": "********", "a": 1}'),
        ("{'client_secret': 'hunter2'}", "{'client_secret': '********'}"),
        ("OPENAI_API_KEY=sk-abcdefghijklmnop1234", "OPENAI_API_KEY=********"),
        ("with sk-abcdefghijklmnop1234.", "with ********."),
    ],
)
def test_the_form_of_a_secret_is_masked_in_a_foreign_text(text, shown):
    assert mask_foreign(text) == shown


@pytest.mark.parametrize(
    "text",
    ["errors.incorrect_email_or_password", "http://weaviate:8080/v1", "The token: expired", "mail of ada@example.com"],
)
def test_other_text_is_not_masked(text):
    assert mask_foreign(text) == text
