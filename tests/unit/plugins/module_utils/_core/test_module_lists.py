# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists with secrets in them, which a module checks itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import HIDDEN

from support.module_process import SHOW_ALL, printed

PLANTED = "planted-password"
USERS = [{"name": "ada", "password": PLANTED}, {"name": "bob"}]


class Lister(InfoModule):
    argument_spec = {
        "users": {"type": "list", "elements": "dict"},
        "login_password": {"type": "str", "no_log": True},
        "fail": {"type": "str"},
    }
    unlisted = {"users": {"name": {"type": "str"}, "password": {"type": "str", "no_log": True}}}

    def report(self) -> dict[str, Any]:
        if self.params["fail"]:
            raise InputError(f"{self.params['users'][0]} {self.params['fail']}")
        return {"names": [user["name"] for user in self.params["users"]], "key": self.params["login_password"]}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    logged: list[str] = []
    # What is logged must be without secrets before Ansible masks it.
    monkeypatch.setattr(AnsibleModule, "log", lambda _self, text, log_args=None: logged.append(f"{text} {log_args}"))

    def call(**options: Any) -> tuple[dict[str, Any], str]:
        with patch_module_args({**SHOW_ALL, **options}), pytest.raises(SystemExit):
            Lister.main()
        return printed(capsys.readouterr().out), "".join(logged)

    return call


def test_what_is_no_secret_is_shown_and_the_list_only_counted(run):
    result, log = run(users=USERS, login_password="planted-key")

    assert result["names"] == ["ada", "bob"]
    assert "planted-key" not in json.dumps(result)
    assert result["invocation"]["module_args"]["users"] == "(2 given)"
    assert "Invoked with" in log
    assert "planted" not in log


def test_an_error_hides_the_secrets_of_the_list(run):
    result, _log = run(users=USERS, fail="went wrong")

    assert "ada" in result["msg"]
    assert "went wrong" in result["msg"]
    assert PLANTED not in json.dumps(result)


def test_arguments_that_ansible_itself_refuses_show_nothing_of_the_list(run):
    result, _log = run(users=USERS, unknown=1)

    assert "unknown" in result["msg"]
    assert PLANTED not in json.dumps(result)
    shown = {"users": "(2 given)", "unknown": HIDDEN, "login_password": None, "fail": None}
    assert result["invocation"]["module_args"] == shown


@pytest.mark.parametrize(
    "users",
    [[{"name": "ada", "passwort": PLANTED}], [PLANTED], PLANTED, {"password": PLANTED}, [{"password": [PLANTED]}]],
)
def test_a_list_of_another_form_is_not_shown_either(run, users):
    result, log = run(users=users, fail="went wrong")

    assert PLANTED not in json.dumps(result) + log


def test_of_a_long_list_only_the_secrets_are_masked(run):
    users = [{"name": f"user{number}", "password": f"{PLANTED}-{number}"} for number in range(2000)]

    result, _log = run(users=users, fail="for the active user1999")

    assert "for the active user1999" in result["msg"]
    assert "'name': 'user0', 'password': '********'" in result["msg"]
