# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _settings_check, _stack_options

VERSION = "0.1.2-beta"
KEY = "k" * 40


def problems(**options: Any) -> list[str]:
    return list(_stack_options.problems({"stack_version": VERSION, **options}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SMTP_PORT": "many"}, "stack_settings: the value of 'SMTP_PORT' must be a whole number"),
        ({"SMTP_PORT": 1.5}, "'SMTP_PORT' must be a whole number"),
        ({"SMTP_PORT": True}, "'SMTP_PORT' must be a whole number"),
        ({"SMTP_PORT": 70000}, "'SMTP_PORT' must be from 1 to 65535"),
        ({"SMTP_PORT": "0"}, "'SMTP_PORT' must be from 1 to 65535"),
        ({"REDIS_DB": -1}, "'REDIS_DB' must be at least 0"),
        ({"LITELLM_TEMPERATURE": "2.1"}, "'LITELLM_TEMPERATURE' must be from 0.0 to 2.0"),
        ({"LITELLM_TEMPERATURE": "warm"}, "'LITELLM_TEMPERATURE' must be a number"),
        ({"DEBUG": "maybe"}, "'DEBUG' must be true or false"),
        ({"DEBUG": 2}, "'DEBUG' must be true or false"),
        ({"LDAP_ENABLED": "yes"}, "'LDAP_ENABLED' must be one of true, false"),
        ({"LANGUAGES": "de,en"}, "'LANGUAGES' is not a list in JSON: write a list in YAML, or text such as '[\"a\""),
        ({"LANGUAGES": [1, 2]}, "'LANGUAGES' must be a list of texts: put each in quotes"),
        ({"LANGUAGES": '{"de": 1}'}, "'LANGUAGES' is not a list in JSON"),
        ({"PERFORMANCE_ALERT_THRESHOLDS": "[1]"}, "is not an object in JSON: write a dictionary in YAML"),
        ({"CORS_ORIGINS": ["https://a"]}, "'CORS_ORIGINS' is a list, and must be text"),
        ({"APP_NAME": {"a": "b"}}, "'APP_NAME' is a dictionary, and must be text"),
        ({"LOG_LEVEL": "debug"}, "'LOG_LEVEL' must be one of TRACE, DEBUG, INFO"),
        ({"OPENAI_API_KEY": "x"}, "stack_settings has 'OPENAI_API_KEY', which is a secret: give it in stack_secrets"),
        (
            {"SUPPORTED_LANGUAGES": "de"},
            "'SUPPORTED_LANGUAGES', which version 0.1.2-beta of the platform does not read",
        ),
        ({"DEFAULT_CHAT_MODEL": "x"}, "does not read: give DEFAULT_AI_MODEL"),
        ({"LOG_LEVLE": "INFO"}, "does not know: write LOG_LEVEL, or, if it is another one, give it in stack_extra"),
        (
            {"SENTRY_DSN": "x"},
            "'SENTRY_DSN', which version 0.1.2-beta of the platform does not know: give it in stack_e",
        ),
        ({"log.level": "INFO"}, "cannot be the name of an environment variable: write LOG_LEVEL"),
    ],
)
def test_a_setting_that_the_platform_would_refuse_or_ignore_is_refused(settings, said):
    found = problems(stack_settings=settings)

    assert len(found) == 1, found
    assert said in found[0]
    assert len(found[0]) < 250


@pytest.mark.parametrize(
    "settings",
    [
        {"SMTP_PORT": "587", "REDIS_DB": 0, "DATABASE_MAX_OVERFLOW": -1, "LITELLM_TEMPERATURE": 1},
        {"DEBUG": "off", "LDAP_ENABLED": "True", "SSO_GOOGLE_ENABLED": False, "REGISTRATION_ENABLED": 0},
        {"LANGUAGES": ["de", "en"], "CORS_ALLOW_HEADERS": '["*"]', "PERFORMANCE_ALERT_THRESHOLDS": {"cpu": 90}},
        {"LOG_LEVEL": "DEBUG", "APP_NAME": 5, "SMTP_HOST": "", "CORS_ORIGINS": "https://a,https://b"},
        {"LOG_LEVEL": None, "SMTP_PORT": None, "https_proxy": "http://p:1", "FORWARDED_ALLOW_IPS": "*"},
    ],
)
def test_a_setting_that_the_platform_reads_is_accepted(settings):
    assert problems(stack_settings=settings) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "stack_secrets: the value of 'SECRET_KEY' has 40 characters, and must have at least 64 in production"),
        ({"stack_settings": {"ENVIRONMENT": "production"}, "stack_debug": True}, "at least 64 in production"),
        ({"stack_debug": True}, None),
        ({"stack_debug": "true"}, None),
        ({"stack_settings": {"ENVIRONMENT": "staging"}}, None),
    ],
)
def test_production_has_stricter_rules_than_development(options, said):
    found = problems(stack_secrets={"SECRET_KEY": KEY}, **options)

    assert len(found) == (1 if said else 0)
    assert not said or said in found[0]


def test_a_short_key_is_refused_in_development_too():
    (problem,) = problems(stack_secrets={"SECRET_KEY": "planted-key"}, stack_debug=True)

    assert problem.endswith("has 11 characters, and must have at least 32")
    assert "planted" not in problem


def test_the_built_in_key_is_refused_in_production_only():
    key = {"SECRET_KEY": "dev-secret-key-for-development-only-change-in-production"}

    (problem,) = problems(stack_secrets=key)
    assert problem.endswith("is the platform's built-in one, which it refuses in production")
    assert problems(stack_secrets=key, stack_debug=True) == []


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (
            {"OPENAI_APIKEY": "planted"},
            "write OPENAI_API_KEY, or, if it is a name of your own, add {OPENAI_APIKEY: null}",
        ),
        ({"SMTP_PORT": "planted"}, "stack_secrets: the value of 'SMTP_PORT' must be a whole number"),
        (
            {"VITE_API_URL": "planted"},
            "stack_secrets has 'VITE_API_URL', which version 0.1.2-beta of the platform does not",
        ),
    ],
)
def test_a_secret_is_checked_and_not_shown(secrets, said):
    (problem,) = problems(stack_secrets=secrets)

    assert said in problem
    assert "planted" not in problem


def test_secrets_of_the_stack_and_of_an_override_of_compose_are_accepted():
    secrets = {"POSTGRES_PASSWORD": "p", "TIKA_TOKEN": "t", "OPENAI_APIKEY": "o"}

    assert problems(stack_secrets=secrets, stack_extra_settings={"OPENAI_APIKEY": None}) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stack_extra_settings": {"LOG_LEVEL": "x"}}, "which is a setting of the platform: give it in stack_settings"),
        (
            {"stack_extra_settings": {"GCS_KEY": 1}, "stack_secrets": {"GCS_KEY": "x"}},
            "also in stack_settings or stack_sec",
        ),
        ({"stack_extra_settings": {"SECRET_KEY": "planted"}}, "which is a secret: give it in stack_secrets"),
    ],
)
def test_an_extra_setting_is_none_that_the_catalogue_knows(options, said):
    (problem,) = problems(**options)

    assert said in problem
    assert "planted" not in problem


def test_a_version_without_a_catalogue_may_have_other_rules_for_a_known_name():
    assert problems(stack_version="9.9", stack_extra_settings={"LOG_LEVEL": "x"}) == []


def test_a_documented_name_that_the_platform_ignores_may_be_given_apart():
    assert problems(stack_extra_settings={"SUPPORTED_LANGUAGES": "de"}) == []


def test_what_is_doubtful_is_a_warning():
    options = {"stack_version": "9.9", "stack_settings": {"LANGUAGES": ["de"], "LOG_LEVEL": "INFO"}}

    unknown, unused = _settings_check.warnings(options)

    assert unknown.startswith("There is no catalogue of the settings of version '9.9': that of 0.1.2-beta was used.")
    assert unused == "Version 0.1.2-beta of the platform reads LANGUAGES, but does nothing with it."
    assert list(_settings_check.warnings({"stack_version": VERSION})) == []


def test_all_problems_are_reported_at_once():
    found = problems(stack_settings={"SMTP_PORT": 0, "NOTHING": 1}, stack_secrets={"SECRET_KEY": KEY})

    assert [problem.split("'")[1] for problem in found] == ["SMTP_PORT", "NOTHING", "SECRET_KEY"]
