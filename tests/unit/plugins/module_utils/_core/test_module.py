# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule, InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import HIDDEN, Secret
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work

from support.module_process import SHOW_ALL, printed


class RecordedWork(Work):
    """Set one size, and record the steps."""

    def __init__(self, module: Recorder) -> None:
        self.module = module
        self.params = module.params
        self.steps = module.steps

    def plan(self) -> Plan:
        self.steps.append("plan")
        if self.params["error"] == "input":
            raise InputError.of(["First", "Second"], hint="Do this.")
        if self.params["error"] == "secret":
            raise EngineError(f"The server said {self.params['password']}", value=Secret("read-on-the-host"))
        if self.params["error"] == "defect":
            raise KeyError(self.params["password"] or "missing")
        if self.params["error"] == "hidden":
            self.module.hide("read-on-the-host", None, "")
            raise EngineError("It is read-on-the-host")
        return make_plan({"box": {"size": self.params["size"]}}, {"box": {"size": self.params["present"]}})

    def apply(self, plan: Plan) -> None:
        self.steps.append("apply")

    def verify(self, plan: Plan) -> None:
        self.steps.append("verify")

    def report(self, plan: Plan) -> dict[str, Any]:
        self.steps.append("report")
        self.module.warn(f"mind the gap, {self.params['password']} and read-later")
        self.module.ansible.deprecate(
            f"was {self.params['password']}", version="9.0.0", collection_name="convosphere.platform"
        )
        self.module.hide("read-later")
        return {"size": self.params["size"]}


class Recorder(ConvosphereModule):
    """Sets one size; records which steps it was led through."""

    argument_spec = {
        "size": {"type": "int", "required": True},
        "present": {"type": "int", "default": 1},
        "password": {"type": "str", "no_log": True},
        "error": {"type": "str"},
        "database": {"type": "str", "default": "main"},
        "place": {"type": "dict", "options": {"bucket": {"type": "str"}, "key": {"type": "str", "no_log": True}}},
    }
    steps: list[str] = []

    def build(self) -> Work:
        return RecordedWork(self)


class Reader(InfoModule):
    """Reads a size."""

    argument_spec = {"size": {"type": "int", "default": 4}}
    rules = {"required_if": [("size", 5, ("more",))]}

    def report(self) -> dict[str, Any]:
        return {"size": self.params["size"]}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(module: type[Any], /, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        Recorder.steps = []
        arguments = {**options, **SHOW_ALL, "_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
            module.main()
        result: dict[str, Any] = printed(capsys.readouterr().out)
        assert bool(ended.value.code) == result.get("failed", False)
        return result

    return call


def test_a_change_is_planned_applied_verified_and_reported(run, monkeypatch):
    warned: list[str] = []  # what becomes of a warning depends on whether this process has loaded Ansible's controller
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, message: warned.append(message))
    monkeypatch.setattr(AnsibleModule, "deprecate", lambda _module, message, **_settings: warned.append(message))

    result = run(Recorder, size=2, password="planted-secret")

    assert (result["changed"], result["size"]) == (True, 2)
    assert Recorder.steps == ["plan", "apply", "verify", "report"]
    assert "diff" not in result
    assert warned == [f"mind the gap, {HIDDEN} and {HIDDEN}", f"was {HIDDEN}"]


def test_nothing_to_do_is_verified_all_the_same(run):
    assert run(Recorder, size=1)["changed"] is False
    assert Recorder.steps == ["plan", "verify", "report"]


def test_check_mode_plans_and_reports_and_touches_nothing(run):
    real = run(Recorder, diff=True, size=2)
    check = run(Recorder, check=True, diff=True, size=2)

    assert Recorder.steps == ["plan", "report"]
    assert check["changed"] is real["changed"] is True
    assert check["diff"] == real["diff"] == {"before": {"box": {"size": 1}}, "after": {"box": {"size": 2}}}


def test_an_error_fails_with_its_message_and_details(run):
    result = run(Recorder, size=1, error="input")

    assert result["msg"] == "2 problems: First; Second. Do this."
    assert result["failure"] == {"problems": ["First", "Second"]}


def test_a_secret_is_neither_in_the_message_nor_in_the_details(run):
    result = run(Recorder, size=1, error="secret", password="planted-secret")

    assert "planted-secret" not in json.dumps(result)
    assert "read-on-the-host" not in json.dumps(result)
    assert result["msg"].startswith("The server said ***")


def test_a_secret_that_was_read_on_the_host_can_be_hidden(run):
    assert "read-on-the-host" not in json.dumps(run(Recorder, size=1, error="hidden"))


def test_a_defect_is_named_as_one_without_a_traceback(run):
    result = run(Recorder, size=1, error="defect", password="planted-secret")

    assert "Unexpected KeyError in" in result["msg"]
    assert "please report it" in result["msg"]
    assert "Traceback" not in json.dumps(result)
    assert "planted-secret" not in json.dumps(result)


def test_an_info_module_never_changes_and_does_not_mind_check_mode(run):
    assert run(Reader, check=True)["size"] == run(Reader)["size"] == 4
    assert run(Reader)["changed"] is False


def test_ansibles_further_rules_are_kept(run):
    assert "size is 5 but all of the following are missing: more" in run(Reader, size=5)["msg"]


@pytest.mark.parametrize(
    "options",
    [
        {"place": {"bucket": "b", "secret_access_key": "planted-secret"}},
        {"place": {"bucket": "b", "key": ["planted-secret"]}},
        {"place": ["planted-secret"]},
        {"place": "bucket=b secret=planted-secret"},
        {"passwort": "planted-secret"},
        {"password": {"a": "planted-secret"}},
        {"database": "postgresql://user:planted-secret@host/db", "size": "none"},
    ],
)
def test_what_may_be_a_secret_is_masked_when_ansible_itself_refuses_the_options(run, options):
    result = run(Recorder, **{"size": "none", **options})

    assert result["failed"]
    assert "planted-secret" not in json.dumps(result)


def test_the_printed_form_of_a_secret_of_another_type_is_masked_as_well(run):
    result = run(Recorder, size=1, error="secret", password=["it's", 'a "planted" one'])

    assert "planted" not in json.dumps(result)
    assert result["invocation"]["module_args"]["password"] == HIDDEN


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"database": "a\0b"}, "The option database contains a NUL character"),
        ({"place": {"bucket": "\0"}}, "The option place.bucket contains a NUL character"),
        ({"database": ""}, "The option database is empty. Leave it out for main, or give a value"),
    ],
)
def test_a_text_that_can_be_stored_nowhere_is_refused_before_anything_is_read(run, options, problem):
    result = run(Recorder, size=1, **options)

    assert problem in result["msg"]
    assert "defect" not in result["msg"]
    assert Recorder.steps == []
    assert json.dumps(result, ensure_ascii=False).encode()
