# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible import context
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import (
    ParameterError,
    convert,
    find_problems,
    find_useless,
    given_in_run,
    role_variables,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import Parameter, find_parameter

from support.collection import ROOT, load_yaml, role_names


def parameter(name: str) -> Parameter:
    found = find_parameter(name, "services") or find_parameter(name)
    assert found is not None
    return found


@pytest.mark.parametrize("value", [False, "false", "False", "no", "off", "0", 0, " false "])
def test_a_switch_that_is_off_is_off_however_it_is_written(value):
    assert convert(parameter("volumes"), value) is False


@pytest.mark.parametrize("value", [True, "true", "yes", "on", "1", 1])
def test_a_switch_that_is_on_is_on_however_it_is_written(value):
    assert convert(parameter("volumes"), value) is True


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("wait", "60", 60),
        ("wait", 0, 0),
        ("service", "backend, frontend", ["backend", "frontend"]),
        ("service", ["backend,edge", "redis"], ["backend", "edge", "redis"]),
        ("steps", "backup", ["backup"]),
        ("confirm", " prod ", "prod"),
        ("label", "007", "007"),
        ("volumes", None, False),
        ("state", None, "started"),
        ("service", None, []),
        ("set", "LOG_LEVEL=DEBUG", {"LOG_LEVEL": "DEBUG"}),
        ("set", "CORS_ORIGINS=https://a?b=c", {"CORS_ORIGINS": "https://a?b=c"}),
        ("set", '{"SMTP_PORT": 25}', {"SMTP_PORT": 25}),
        ("set", {"LANGUAGES": ["de"]}, {"LANGUAGES": ["de"]}),
        ("set", None, {}),
    ],
)
def test_a_value_is_converted_to_the_type_of_its_parameter(name, value, typed):
    found = convert(parameter(name), value)

    assert found == typed
    assert type(found) is type(typed)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("volumes", "maybe", "The value of the parameter volumes is 'maybe'. Allowed: true or false."),
        ("volumes", "", "The value of the parameter volumes is ''. Allowed: true or false."),
        ("volumes", ["true"], "is of the type list. Allowed: true or false."),
        ("wait", "-1", "Allowed: a whole number from 0."),
        ("wait", "1.5", "Allowed: a whole number from 0."),
        ("wait", "soon", "Allowed: a whole number from 0."),
        ("wait", True, "Allowed: a whole number from 0."),
        ("wait", "²", "Allowed: a whole number from 0."),
        ("state", "running", "is 'running'. Allowed: started, stopped, restarted."),
        ("state", "", "is ''. Allowed: started, stopped, restarted."),
        (
            "steps",
            "backup,backpu",
            "is 'backpu'. Allowed: backup, verify, retention, vacuum, reindex, ",
        ),
        ("steps", {"backup": True}, "is of the type dictionary."),
        ("service", "", "The parameter service is empty. Name at least one, or leave it out."),
        ("service", " , ", "The parameter service is empty."),
        ("steps", [], "The parameter steps is empty."),
        ("service", [1], "is '1'. Allowed: texts, separated by commas."),
        ("label", 1.10, "The parameter label is a text, but its value is of the type number. Quote it"),
        ("confirm", True, "The parameter confirm is a text, but its value is of the type boolean. Quote it"),
        ("env", None, "Quote it"),
        ("set", "LOG_LEVEL", 'The parameter set is not NAME=value, and not an object in JSON. Write -e \'{"set": {'),
        ("set", '{"LOG_LEVEL": "DEBUG"', "is not NAME=value, and not an object in JSON"),
        ("set", "[1]", "is not NAME=value, and not an object in JSON"),
        ("set", "=x", "is not NAME=value, and not an object in JSON"),
        ("set", "{}", "The parameter set is empty."),
    ],
)
def test_another_value_is_refused_with_what_is_allowed(name, value, message):
    with pytest.raises(ParameterError) as caught:
        convert(parameter(name), value)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ('set={"LOG_LEVEL": "DEBUG", "SMTP_PORT": 25}', {"set": {"LOG_LEVEL": "DEBUG", "SMTP_PORT": 25}}),
        ('set={"LOG_LEVEL":"DEBUG"}', {"set": '{"LOG_LEVEL":"DEBUG"}'}),
        ('set={"LOG_LEVEL": oops}', {"set": '{"LOG_LEVEL":', "_raw_params": "oops}"}),
    ],
)
def test_an_object_in_json_may_have_spaces(monkeypatch, written, given):
    # Ansible splits it at the spaces, as a list of several variables.
    monkeypatch.setattr(load_extra_vars, "extra_vars", {}, raising=False)
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": (written,)})

    assert given_in_run(DataLoader()) == given


def test_a_long_value_is_not_printed_in_full():
    with pytest.raises(ParameterError) as caught:
        convert(parameter("wait"), "x" * 10_000)

    assert len(str(caught.value)) < 200


def test_a_name_that_resembles_a_parameter_is_a_problem_with_the_suggestion():
    assert find_problems({"env": "dev", "stpes": "backup"}, "maintenance") == [
        "There is no variable 'stpes', but the parameter 'steps'. Write -e steps=...; or, if stpes is a variable of"
        " your own, add -e own_variables=stpes."
    ]


def test_a_name_that_resembles_a_role_variable_is_a_problem_too():
    (problem,) = find_problems({"stack_http_prot": 80}, "deploy")

    assert "but the role variable 'stack_http_port'" in problem


@pytest.mark.parametrize(
    "given",
    [
        {"stage": "blue", "own_variables": "stage"},
        {"stage": "blue", "own_variables": ["stage", "stats_host"]},
        {"env": "dev", "envs": "dev"},
        {"stack_http_port": 80, "stack_http_ports": [80]},
        {"awx_stats": 1, "tower_step": 1, "ansible_user": "x", "ansible_hots": "y"},
        {"site": "berlin", "ticket": "OPS-1", "1": 2, "stack_debug": True, "convosphere_environment": "dev"},
        {"volumes": "true"},
    ],
)
def test_other_names_are_accepted(given):
    assert find_problems(given, "status") == []


def test_own_variables_of_a_wrong_type_are_reported_and_excuse_nothing():
    problems = find_problems({"own_variables": 7, "stpes": 1}, "maintenance")

    assert len(problems) == 2
    assert "The value of the parameter own_variables is '7'." in problems[0]


@pytest.mark.parametrize("written", ["volumes", "confirm = dev", "env=dev volumes"])
def test_a_word_without_a_value_is_a_problem(written, monkeypatch):
    monkeypatch.setattr(load_extra_vars, "extra_vars", {}, raising=False)
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": (written,)})

    (problem,) = find_problems(given_in_run(DataLoader()), "teardown")

    assert problem.endswith("has no name and value. Write -e name=value, without spaces around the '='.")


def test_a_template_is_checked_only_when_it_is_read():
    assert find_problems({"volumes": "{{ x }}"}, "teardown", lambda value: "{{" in value) == []
    assert len(find_problems({"volumes": "{{ x }}"}, "teardown")) == 1


def test_only_the_parameters_of_the_playbook_are_converted():
    assert find_problems({"volumes": "perhaps"}, "status") == []


def test_a_required_parameter_that_is_missing_is_refused_with_an_example():
    required = find_parameter("state", "edge_maintenance")
    assert required is not None

    with pytest.raises(ParameterError) as caught:
        convert(required, None)

    assert str(caught.value) == "The parameter state is required, for example -e state=on. Allowed: on, off."


def test_one_name_has_other_values_for_another_playbook():
    assert find_problems({"state": "on"}, "edge_maintenance") == []
    assert len(find_problems({"state": "on"}, "services")) == 1
    assert find_useless({"state": "on"}, "edge_maintenance") == []


def test_a_parameter_of_another_playbook_is_found_to_have_no_effect():
    assert find_useless({"env": "dev", "volumes": True, "label": "x", "confirm": "dev"}, "teardown") == ["label"]


def test_all_variables_of_all_roles_are_known():
    defaults = {name for role in role_names() for name in load_yaml(ROOT / f"roles/{role}/defaults/main.yml")}

    assert len(defaults) > 100
    assert defaults - role_variables() == set()


def test_files_and_the_command_line_are_read_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "vars.yml"
    path.write_text("volumes: true\nconfirm: prod\n")
    monkeypatch.setattr(load_extra_vars, "extra_vars", {}, raising=False)
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": (f"@{path}", "confirm=dev", '{"wait": 3, "4": 5}')})

    found = given_in_run(DataLoader())

    assert found == {"volumes": True, "confirm": "dev", "wait": 3, "4": 5}


def test_a_value_that_ansible_has_tagged_is_converted_like_any_other(monkeypatch):
    monkeypatch.setattr(load_extra_vars, "extra_vars", {}, raising=False)
    given = '{"volumes": !unsafe "false", "wait": !unsafe "5", "label": !unsafe "{{ x }}", "service": [!unsafe "a"]}'
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": (given,)})

    found = given_in_run(DataLoader())

    assert convert(parameter("volumes"), found["volumes"]) is False
    assert convert(parameter("wait"), found["wait"]) == 5
    assert convert(parameter("service"), found["service"]) == ["a"]
    assert convert(parameter("label"), found["label"]) == "{{ x }}"


@pytest.mark.parametrize("value", ["", "  ", None])
def test_a_host_that_is_empty_does_not_become_all_hosts(value):
    problems = find_problems({"env": "prod", "confirm": "prod", "host": value}, "teardown", lambda _value: False)

    assert problems == ["The parameter host is empty. Name at least one, or leave it out."]
