# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.config_document import config_document
from ansible_collections.convosphere.platform.plugins.filter.report import report
from ansible_collections.convosphere.platform.plugins.plugin_utils._config_document import without_passwords

SINCE = {"since": None, "unchanged_since": "2026-11-01T08:00:00Z"}
OVERRIDE = {
    "name": "LOG_LEVEL",
    "value": "DEBUG",
    "reason": "Uploads fail.",
    "by": "ada",
    "at": "2026-11-29T12:00:00Z",
    "until": "2026-11-29T16:00:00Z",
    "active": True,
}
FOUND = {
    "overrides": [OVERRIDE],
    "active": {"LOG_LEVEL": "DEBUG"},
    "secrets": {"SECRET_KEY": SINCE, "DATABASE_URL": SINCE},
}


def rendered(**more: Any) -> dict[str, Any]:
    return {
        "version": "0.1.2-beta",
        "derived": {"UPLOAD_DIR": "/app/uploads", "CORS_ORIGINS": "https://a", "REDIS_URL": "redis://redis:6379"},
        "settings": {"LOG_LEVEL": "INFO", "CORS_ORIGINS": "https://b", "SMTP_PORT": None},
        "extra": {"SENTRY_ENVIRONMENT": "prod"},
        "declared": ["POSTGRES_PASSWORD", "DATABASE_URL", "SECRET_KEY"],
        "given": {"OPENAI_API_KEY": "inventory"},
        **more,
    }


def by_name(document: dict[str, Any], key: str = "settings") -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in document[key]}


@pytest.mark.parametrize(
    ("name", "value", "source", "effect"),
    [
        ("LOG_LEVEL", "DEBUG", "override", "used"),
        ("CORS_ORIGINS", "https://b", "inventory", "used"),
        ("SENTRY_ENVIRONMENT", "prod", "inventory", "unknown"),
        ("UPLOAD_DIR", "/app/uploads", "stack", "used"),
        ("REDIS_URL", "redis://redis:6379", "stack", "used"),
        ("SMTP_PORT", 587, "default", "used"),  # null leaves it out
        ("DATABASE_POOL_SIZE", 20, "default", "used"),
        ("LANGUAGES", ["de", "en", "fr", "es"], "default", "unused"),
    ],
)
def test_each_setting_has_the_value_of_the_first_that_gives_one(name, value, source, effect):
    found = by_name(config_document(rendered(), FOUND, "prod"))[name]

    assert (found["value"], found["source"], found["effect"]) == (value, source, effect)


@pytest.mark.parametrize(
    ("name", "source", "is_set"),
    [
        ("SECRET_KEY", "generated", True),
        ("DATABASE_URL", "derived", True),
        ("POSTGRES_PASSWORD", "generated", False),
        ("OPENAI_API_KEY", "inventory", False),
        ("ANTHROPIC_API_KEY", "unset", False),
    ],
)
def test_a_secret_is_set_or_not_and_never_shown(name, source, is_set):
    document = config_document(rendered(), FOUND, "prod")
    found = by_name(document, "secrets")[name]

    assert found == {
        "name": name,
        "source": source,
        "set": is_set,
        "since": None,
        "unchanged_since": SINCE["unchanged_since"] if is_set else None,
    }
    assert name not in by_name(document)


def test_what_is_neither_given_nor_read_is_not_listed():
    document = by_name(config_document(rendered(), FOUND, "prod"))

    assert [name for name in ("HTTP_PROXY", "SUPPORTED_LANGUAGES", "POSTGRES_DB") if name in document] == []
    given = rendered(settings={"HTTP_PROXY": "http://p:1"})
    assert by_name(config_document(given, {}, "prod"))["HTTP_PROXY"]["source"] == "inventory"


def test_the_lines_are_in_sections_by_source():
    lines = report(config_document(rendered(), FOUND, "prod"), "config")

    titles = [line for line in lines if not line.startswith(("  ", "OVERRIDE"))]
    assert titles == [
        "prod: settings of the platform 0.1.2-beta",
        "Overrides of the inventory, for a time:",
        "Inventory:",
        "Derived by the stack:",
        "Defaults of the platform:",
        "With *: read by this version of the platform, without any effect",
        "Secrets:",
    ]
    assert lines[2] == f"  {'LOG_LEVEL':<35} DEBUG"
    assert lines[3].startswith("OVERRIDE   LOG_LEVEL=DEBUG until 2026-11-29T16:00:00Z, set by ada at 2026-11-29T12:00")
    assert f'  {"LANGUAGES*":<35} ["de", "en", "fr", "es"]' in lines
    assert f"  {'SECRET_KEY':<35} generated, since 2026-11-01T08:00:00Z or before" in lines
    assert f"  {'POSTGRES_PASSWORD':<35} not written yet, generated" in lines


def test_a_version_without_a_catalogue_is_named_with_the_one_that_was_used():
    (first, *_rest) = report(config_document(rendered(version="9.9"), {}, "prod"), "config")

    assert first == "prod: settings of the platform 9.9, by the catalogue of 0.1.2-beta"


def test_an_expired_override_is_called_so():
    expired = {**FOUND, "overrides": [{**OVERRIDE, "active": False}], "active": {}}

    lines = report({"services": [], "overrides": expired["overrides"]}, "stack", {"url": ""})

    assert lines[1].startswith("EXPIRED    the override LOG_LEVEL=DEBUG at 2026-11-29T16:00:00Z: Uploads fail. The")
    assert by_name(config_document(rendered(), expired, "prod"))["LOG_LEVEL"]["value"] == "INFO"


def test_two_inventories_are_compared_without_their_overrides():
    other = rendered(settings={"LOG_LEVEL": "INFO", "SMTP_HOST": "mail"}, given={}, extra={})

    document = config_document(rendered(), FOUND, "prod", other, "staging")

    assert [each["name"] for each in document["settings"]] == ["CORS_ORIGINS", "SENTRY_ENVIRONMENT", "SMTP_HOST"]
    assert document["settings"][1]["staging"] is None
    assert [each["name"] for each in document["secrets"]] == ["OPENAI_API_KEY"]
    assert report(document, "config_comparison") == [
        "prod and staging differ in 3 settings and 1 secrets",
        f"  {'CORS_ORIGINS':<35} prod: https://b  staging: https://a",
        f"  {'SENTRY_ENVIRONMENT':<35} prod: prod  staging: absent",
        f"  {'SMTP_HOST':<35} prod: unset  staging: mail",
        f"  {'OPENAI_API_KEY':<35} prod: inventory secret  staging: unset secret",
    ]


def test_equal_inventories_are_called_so():
    document = config_document(rendered(), {}, "prod", rendered(), "staging")

    assert report(document, "config_comparison") == ["prod and staging render the same settings"]


def test_a_password_in_the_url_of_a_setting_is_hidden():
    assert without_passwords({"HTTPS_PROXY": "http://ada:planted-password@proxy.example:3128", "SMTP_PORT": 25}) == {
        "HTTPS_PROXY": "http://ada:********@proxy.example:3128",
        "SMTP_PORT": 25,
    }
