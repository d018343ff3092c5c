# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _hooks

TASK = "- name: Do it\n  ansible.builtin.debug:\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def do(name: str, text: str = TASK) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return do


def test_hooks_are_run_in_the_order_of_their_names_and_those_of_other_events_are_not(write, tmp_path):
    write("pre_deploy/20-second.yml")
    write("pre_deploy/10-first.check.yaml")
    write("pre_deploy/README.md")
    write("post_deploy/10-other.yml")

    found = [hook.shown() for hook in _hooks.find(str(tmp_path), "pre_deploy", 300)]

    assert [hook["name"] for hook in found] == ["pre_deploy/10-first.check.yaml", "pre_deploy/20-second.yml"]
    assert [hook["in_check_mode"] for hook in found] == [True, False]
    assert found[0]["path"] == str(tmp_path / "pre_deploy/10-first.check.yaml")
    assert found[0]["consequence"] == "The deploy was not begun."


def test_without_a_directory_or_one_of_the_event_there_is_no_hook(tmp_path):
    assert _hooks.find("", "pre_deploy", 300) == []
    assert _hooks.find(str(tmp_path), "pre_deploy", 300) == []
    assert _hooks.problems("", 300) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/hooks/pre_deploy/10-approval.check.yml", "pre_deploy/10-approval.check.yml"),
        ("/srv/hooks/on_failure/90-chat.yaml", "on_failure/90-chat.yaml"),
        ("/srv/roles/stack/tasks/main.yml", ""),
        ("/srv/pre_deploy/main.yml", ""),
        ("", ""),
    ],
)
def test_a_hook_is_known_by_its_path(path, name):
    assert _hooks.name_of(path) == name


def test_an_unknown_event_is_refused():
    with pytest.raises(_hooks.HookError, match=r"There is no event 'deploy'\. Allowed: pre_deploy, "):
        _hooks.find("", "deploy", 300)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (TASK, 300),
        (TASK + "  timeout: 7\n" + TASK, 307),
        ("- block:\n  - a:\n  - b:\n    timeout: 5\n  always:\n  - c:\n", 605),
        ("- block:\n  - a:\n  - b:\n  timeout: 10\n", 20),
        ("- a:\n  until: done\n  retries: 40\n  delay: 2\n", 41 * 302),
        ("- a:\n  loop: [1, 2]\n  timeout: 9\n", 18),
        ("- a:\n  loop: [1, 2]\n  until: done\n  retries: 1\n  delay: 1\n  timeout: 9\n", 40),
        ("- a:\n  loop: '{{ many }}'\n- ansible.builtin.include_role:\n", 600),
        ("- a:\n  loop: '{{ many }}'\n  vars: {convosphere_hook_seconds: 40}\n", 40),
        ("- ansible.builtin.include_role:\n    name: ours\n  vars:\n    convosphere_hook_seconds: 90\n", 90),
        ("- block:\n  - a:\n  - import_tasks: b\n  vars: {x: 1, convosphere_hook_seconds: 50}\n- c:\n", 350),
        ("- a:\n  with_items: [1]\n  timeout: 9\n", 9),
        ("- a:\n  until: done\n  retries: '{{ many }}'\n", 3600),
        ("- a:\n    secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n  timeout: '{{ limit }}'\n", 3600),
    ],
)
def test_the_time_of_a_hook_is_that_of_its_tasks_together(write, tmp_path, text, seconds):
    write("pre_deploy/10-a.yml", text)

    assert [hook.seconds for hook in _hooks.find(str(tmp_path), "pre_deploy", 300)] == [seconds]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("pre_deploi/10-a.yml", TASK, "are for no event. Probably pre_deploy is meant. Allowed are pre_deploy, post"),
        (
            "pre_deploy/a.yml",
            TASK,
            "pre_deploy/a.yml is no file with a valid name. Name it like 10-approval.yml, or like",
        ),
        ("pre_deploy/10-a.chek.yml", TASK, "is no file with a valid name"),
        ("pre_deploy/10-a.yml", "a: [", "10-a.yml cannot be read as YAML: while parsing"),
        ("pre_deploy/10-a.yml", "", "10-a.yml is no list of tasks"),
        (
            "pre_deploy/10-a.yml",
            "- hosts: all\n  tasks: []\n",
            "that is no task. Write the tasks alone, without a play",
        ),
        ("pre_deploy/10-a.yml", "- only a text\n", "has a list item that is no task"),
        ("pre_deploy/10-a.yml", "- debug:\n  timeout: 0\n", "has a task with timeout: 0, which limits nothing"),
        ("pre_deploy/10-a.yml", "- debug:\n  timeout: -3\n", "has a task with timeout: -3, which limits nothing"),
        ("pre_deploy/10-a.yml", "- debug:\n  timeout: 99999999999999\n", "may take 99999999999999 seconds. Give its"),
        ("pre_deploy/10-a.yml", "- ~: x\n", "Ansible cannot read the hook"),
        ("pre_deploy/10-a.yml", "[" * 5000, "an anchor that refers to itself, or too many nested blocks"),
        (
            "pre_deploy/10-a.yml",
            "- a:\n  vars: {convosphere_hook_seconds: '{{ some }}'}\n",
            "convosphere_hook_seconds: {{ some }}. Give a number of seconds from 1 on",
        ),
        ("pre_deploy/10-a.yml", "- a:\n  vars: {convosphere_hook_seconds: 0}\n", "convosphere_hook_seconds: 0. Give"),
        ("pre_deploy/10-a.yml", "- ? [a, b]\n  : c\n", "pre_deploy/10-a.yml"),
        ("pre_deploy/10-a.yml", "- &a\n  block: [*a]\n", "pre_deploy/10-a.yml has an anchor that refers to itself"),
        ("pre_deploy/10-a.YML", TASK, "10-a.YML is no file with a valid name"),
        ("pre_deploy/10-a", TASK, "10-a is no file with a valid name"),
    ],
)
def test_a_hook_that_cannot_be_run_is_named(write, tmp_path, name, text, problem):
    write(name, text)

    [found] = _hooks.problems(str(tmp_path), 300)
    assert problem in found


def test_what_would_be_a_hook_if_it_was_there_is_named(tmp_path):
    (tmp_path / "pre_deploy").mkdir()
    (tmp_path / "pre_deploy/10-approval.yml").symlink_to("missing.yml")
    (tmp_path / "post_deploy").symlink_to("missing")
    (tmp_path / "pre_backup").write_text("")

    found = _hooks.problems(str(tmp_path), 300)

    assert [text.split(" is n")[0].removeprefix("The hook ") for text in found] == [
        str(tmp_path / "post_deploy"),
        str(tmp_path / "pre_backup"),
        str(tmp_path / "pre_deploy/10-approval.yml"),
    ]


def test_hooks_that_every_user_of_the_controller_can_change_are_refused(write, tmp_path):
    path = write("pre_deploy/10-a.yml")
    path.chmod(0o666)
    path.parent.chmod(0o777)
    tmp_path.chmod(0o777)

    found = _hooks.problems(str(tmp_path), 300)

    assert [text.split(" can be changed")[0].split()[-1] for text in found] == [
        str(tmp_path),
        str(path.parent),
        str(path),
    ]
    assert all("Run chmod o-w" in text for text in found)


def test_hooks_in_a_directory_that_every_user_can_rename_are_refused(tmp_path):
    hooks, link = tmp_path / "shared/hooks", tmp_path / "link"
    hooks.mkdir(parents=True)
    link.symlink_to(hooks)
    hooks.parent.chmod(0o777)

    problem = f"The hooks in {link} can be replaced by every user of the controller. Run chmod o-w {hooks.parent}."
    assert _hooks.problems(str(link), 300) == [problem]
    hooks.parent.chmod(0o1777)
    assert _hooks.problems(str(link), 300) == []


def test_a_directory_that_is_none_and_a_limit_of_no_time_are_refused(tmp_path):
    assert "give an absolute path, for example {{ inventory_dir }}/hooks" in _hooks.problems("hooks", 300)[0]
    assert "is no directory on the controller" in _hooks.problems(str(tmp_path / "missing"), 300)[0]
    assert _hooks.problems(str(tmp_path), 0) == ["convosphere_hooks_timeout is 0: give a number of seconds from 1 on."]
