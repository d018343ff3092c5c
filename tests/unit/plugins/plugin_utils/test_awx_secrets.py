# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _awx_secrets

SSH = {"name": "ssh", "type": "Machine", "inputs": {"username": "ops"}, "secrets": {"ssh_key_data": "planted"}}
TYPE = {"name": "registry", "inputs": {"fields": [{"id": "token", "secret": True}]}, "injectors": {"env": {}}}
HOOK = {"name": "chat", "type": "webhook", "settings": {"url": "https://chat.example.com"}}
SLACK = {"name": "slack", "type": "slack", "settings": {"channels": ["ops"]}, "secrets": {"token": "planted"}}
MAIL = {
    "name": "mail",
    "type": "email",
    "settings": {"host": "mail", "port": 25, "sender": "a@b", "recipients": ["c@d"]},
}


def declared(**more: Any) -> dict[str, Any]:
    return {"credential_types": [], "credentials": [], "notifications": [], **more}


def objects(**more: Any) -> dict[str, Any]:
    return _awx_secrets.objects("prod", "Org", declared(**more))


def test_a_credential_has_no_secret_and_shows_what_awx_shows():
    found = objects(credentials=[SSH])["credentials"]["ConvoSphere prod ssh"]

    assert found["inputs"] == {"username": "ops", "ssh_key_data": "$encrypted$"}
    assert (found["credential_type"], found["organization"]) == ("Machine", "Org")
    assert "planted" not in str(found)


def test_another_secret_changes_the_description_and_the_same_one_does_not():
    def description(**secrets: str) -> str:
        found = objects(credentials=[{**SSH, "secrets": secrets}])["credentials"]["ConvoSphere prod ssh"]
        return str(found["description"])

    first = description(ssh_key_data="planted", password="x")

    assert first == description(password="x", ssh_key_data="planted")
    assert first != description(ssh_key_data="planted", password="y")
    assert first.startswith("Secrets ")
    assert first.endswith(". Managed by convosphere.platform for prod.")
    assert description() == "No secrets. Managed by convosphere.platform for prod."


def test_a_credential_of_a_declared_type_names_it_as_it_is_in_awx():
    found = objects(credential_types=[TYPE], credentials=[{"name": "r", "type": "registry"}])

    assert list(found["credential_types"]) == ["ConvoSphere prod registry"]
    assert found["credentials"]["ConvoSphere prod r"]["credential_type"] == "ConvoSphere prod registry"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (HOOK, {"http_method": "POST", "headers": {}, "username": "", "password": ""}),
        ({**HOOK, "secrets": {"password": "planted"}}, {"password": "$encrypted$"}),
        (SLACK, {"channels": ["ops"], "token": "$encrypted$"}),
        (MAIL, {"port": 25, "use_tls": False, "timeout": 30, "password": ""}),
    ],
)
def test_a_notification_has_what_awx_fills_in(entry, shown):
    found = next(iter(objects(notifications=[entry])["notification_templates"].values()))

    assert found["notification_configuration"].items() >= shown.items()
    assert list(_awx_secrets.problems(declared(notifications=[entry]))) == []


def test_job_templates_get_all_credentials_but_those_of_projects():
    git, other = {**SSH, "name": "git", "type": "Source Control"}, {**SSH, "name": "other", "attach": False}

    assert _awx_secrets.attached([SSH, git, other, {**git, "name": "both", "attach": True}]) == ["ssh", "both"]


def test_a_notification_is_sent_at_its_events():
    both = {**HOOK, "events": ["success", "error"]}

    assert [_awx_secrets.notified([MAIL, both], event) for event in _awx_secrets.EVENTS] == [
        [],
        ["chat"],
        ["mail", "chat"],
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"credentials": [{"name": "a"}]}, "credentials, 'a': type is missing. Set it."),
        (
            {"credentials": [{**SSH, "password": "planted"}]},
            "there is no password. Allowed: name, type, inputs, secrets",
        ),
        ({"credentials": [SSH, SSH]}, "scheduler_awx_own_credentials names 'ssh' several times."),
        (
            {"credentials": [{**SSH, "inputs": {"ssh_key_data": "planted"}}]},
            "ssh_key_data would be shown. Give it under",
        ),
        ({"credentials": [{**SSH, "secrets": {"ssh_key_data": ""}}]}, "the secret ssh_key_data is empty."),
        ({"credential_types": [{"name": "t"}]}, "credential_types, 't': inputs is missing."),
        ({"notifications": [{**HOOK, "type": "irc"}]}, "type is 'irc'. Allowed: webhook, email, slack."),
        ({"notifications": [{**HOOK, "settings": {}}]}, "settings lack url."),
        (
            {"notifications": [{**HOOK, "settings": {"url": "x", "colour": "red"}}]},
            "settings have colour. Allowed: url",
        ),
        ({"notifications": [{**SLACK, "secrets": {}}]}, "secrets of slack are: token."),
        ({"notifications": [{**HOOK, "secrets": {"token": "planted"}}]}, "secrets of webhook are: password."),
        ({"notifications": [{**HOOK, "events": ["failure"]}]}, "Allowed: started, success, error."),
    ],
)
def test_what_cannot_be_brought_is_said_without_its_value(more, message):
    (found,) = _awx_secrets.problems(declared(**more))

    assert message in found
    assert "planted" not in found


def test_an_input_for_which_awx_asks_may_be_shown():
    asks = {**SSH, "inputs": {"become_password": "ASK", "username": "ops"}}

    assert list(_awx_secrets.problems(declared(credentials=[asks]))) == []
