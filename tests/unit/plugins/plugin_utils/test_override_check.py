# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.stack_overrides import stack_overrides

OPTIONS = {"stack_version": "0.1.2-beta", "stack_extra_settings": {"SENTRY_DSN": "x"}}


def checked(given: dict[str, Any], unset: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    request = {"set": given, "unset": list(unset), "reason": "Uploads fail.", "expires": "4h", **more}
    return stack_overrides(request, OPTIONS, ["SECRET_KEY", "OWN_TOKEN"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"LOGLEVEL": "DEBUG"},
            "set has 'LOGLEVEL', which version 0.1.2-beta of the platform does not know: write LOG_",
        ),
        ({"NOTHING_LIKE": "x"}, "does not know: only a name of the catalogue or of stack_extra_settings has an effect"),
        ({"OPENAI_API_KEY": "planted"}, "set has 'OPENAI_API_KEY', which is a secret: reports show an override"),
        ({"openai.api_key": "planted"}, "set has 'OPENAI_API_KEY', which is a secret"),
        ({"OWN_TOKEN": "planted"}, "which is a secret"),
        ({"POSTGRES_PASSWORD": "planted"}, "which is a secret"),
        ({"SUPPORTED_LANGUAGES": "de"}, "does not read: give LANGUAGES"),
        ({"SMTP_PORT": "planted"}, "set has 'SMTP_PORT', whose value must be a whole number"),
        ({"LOG_LEVEL": None}, "without a value: give unset to remove an override"),
        ({"APP_NAME": "planted" * 20_000}, "has 140,000 bytes, with which no container starts: give at most 130,000"),
        ({"LANGUAGES": ["planted" * 10_000] * 2}, "has 140,008 bytes, with which no container starts"),
        ({"LANGUAGES": "[" * 100_000}, "whose value is not a list in JSON"),
    ],
)
def test_an_override_is_checked_like_a_setting_of_the_inventory(given, said):
    (problem,) = checked(given)["problems"]

    assert said in problem
    assert "planted" not in problem


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reason": " "}, "reason is empty: say why"),
        ({"reason": "a\nb"}, "reason has more than 300 characters, or a line break"),
        ({"expires": ""}, "expires is '': give a number of minutes, hours or days, such as 90m, 4h or 2d"),
        ({"expires": "0h"}, "expires is '0h'"),
        ({"expires": "721h"}, "of at most 30 days"),
        ({"unset": ["log.level"]}, "LOG_LEVEL is in both set and unset"),
        ({"unset": ["LOGLEVEL"]}, "unset has 'LOGLEVEL', which is no setting: write LOG_LEVEL"),
    ],
)
def test_an_override_needs_a_reason_and_an_end(more, said):
    (problem,) = checked({"LOG_LEVEL": "DEBUG"}, **more)["problems"]

    assert said in problem


def test_names_become_those_of_the_environment():
    found = checked({"log.level": "DEBUG", "SMTP_PORT": 25, "SENTRY_DSN": "y"}, unset=("smtp.host", "GONE"))

    assert found == {
        "set": {"LOG_LEVEL": "DEBUG", "SMTP_PORT": 25, "SENTRY_DSN": "y"},
        "unset": ["SMTP_HOST", "GONE"],
        "problems": [],
    }


def test_to_remove_an_override_needs_neither_reason_nor_end():
    assert checked({}, unset=("LOG_LEVEL",), reason="", expires="")["problems"] == []
