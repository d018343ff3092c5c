# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of an environment over all of its hosts: two runs at once, a failure, a killed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from support.environment import wait_until
from support.hooks import Hooks
from support.playbook import run_environment

HOSTS = ("edge-1", "app-1", "data-1")


@pytest.fixture
def runs(tmp_path):
    """Return a function that starts a run which takes the lock on three hosts, and works until a file is there."""
    lock = f"{tmp_path}/{{{{ inventory_hostname }}}}.lock"
    hosts = {
        "vars": {
            "convosphere_environment": "itlock",
            "environment_lock": lock,
            "environment_runs_file": f"{tmp_path}/{{{{ inventory_hostname }}}}.runs.jsonl",
        },
        "hosts": {host: {} for host in HOSTS},
    }
    local = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    inventory = {"all": {"vars": local, "children": {"itlock": hosts, "database": {"hosts": {"data-1": {}}}}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    role = {"name": "convosphere.platform.environment"}
    block = [
        {"name": "Lock", "ansible.builtin.import_role": {**role, "tasks_from": "lock"}},
        {"name": "Begin", "ansible.builtin.file": {"path": "{{ begun }}.{{ inventory_hostname }}", "state": "touch"}},
        # A module of the collection renews the lock while it works, here while it waits for another lock.
        {
            "name": "Work",
            "convosphere.platform.convosphere_run_lock": {
                "path": "{{ busy }}",
                "run_id": "none",
                "wait_timeout": 100,
                "only_wait": True,
            },
            "when": "busy is defined",
        },
        {
            "name": "Lose a host",
            "ansible.builtin.set_fact": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
            "when": "inventory_hostname == lost | default('')",
        },
        {"name": "Pause", "ansible.builtin.wait_for": {"path": "{{ awaited }}", "timeout": 100}},
    ]
    release = [{"name": "Unlock", "ansible.builtin.import_role": {**role, "tasks_from": "unlock"}}]
    work = {"name": "Work with the lock", "environment": "{{ environment_lease }}", "block": block, "always": release}
    play = {"name": "Work", "hosts": "{{ only | default('itlock') }}", "gather_facts": False, "tasks": [work]}
    (tmp_path / "ansible.cfg").touch()  # or Ansible would take the developer's own
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))

    def start(user, awaited, **variables):
        given = {
            "begun": str(tmp_path / user),
            "awaited": str(awaited),
            "environment_verb": "deploy",
            "awx_user_name": user,
        }
        argv = ["ansible-playbook", "-i", "inventory.yml", "play.yml", "-e", json.dumps({**given, **variables})]
        return subprocess.Popen(
            argv,
            cwd=tmp_path,
            env=run_environment(tmp_path / "record.jsonl", tmp_path, {}),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    return start


def begun(folder, user):
    places = [folder / f"{user}.{host}" for host in HOSTS]
    wait_until(lambda: all(place.exists() for place in places), f"the run of {user} has begun", 120)


def locks(folder):
    return sorted(path.name for path in folder.glob("*.lock"))


def recorded(folder):
    """Return user and result of each recorded run; the records must be on the database host alone."""
    (path,) = folder.glob("*.runs.jsonl")
    assert path.name == "data-1.runs.jsonl"
    return [(each["who"], each["result"]) for each in map(json.loads, path.read_text().splitlines())]


def test_of_two_runs_one_is_refused_and_names_the_other(runs, tmp_path):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    busy = {"run_id": "0", "holder": "x", "purpose": "x", "since": "x", "until": "x", "boot": boot, "ends": 1e12}
    (tmp_path / "busy").write_text(json.dumps({"lease_version": 1, **busy}))
    first = runs("alice", tmp_path / "play.yml", busy=str(tmp_path / "busy"))
    begun(tmp_path, "alice")

    second = runs("bob", tmp_path / "play.yml", environment_lock_wait=0)
    output = second.communicate(timeout=120)[0]

    assert second.returncode == 2, output
    assert "deploy.yml of itlock is in progress: alice (run " in output
    assert not list(tmp_path.glob("bob.*")), "it changed something"
    assert locks(tmp_path) == sorted(f"{host}.lock" for host in HOSTS)
    (tmp_path / "busy").unlink()
    assert first.wait(timeout=120) == 0, first.stdout.read()
    assert locks(tmp_path) == []
    assert recorded(tmp_path) == [("alice", "ok")]


def test_a_failed_run_is_recorded_once(runs, tmp_path):
    run = runs("carol", tmp_path / "play.yml", begun=str(tmp_path / "nowhere/file"))

    assert run.wait(timeout=120) == 2, run.stdout.read()
    assert recorded(tmp_path) == [("carol", "failed")]
    assert locks(tmp_path) == []


def test_the_hooks_of_a_failure_know_the_host_that_was_lost(runs, tmp_path):
    hooks = Hooks(tmp_path)
    hooks.write("on_failure/10-note.yml")

    run = runs("carol", tmp_path / "play.yml", lost="app-1", **hooks.variables)
    output = run.communicate(timeout=120)[0]

    assert run.returncode == 4, output
    [noted] = hooks.noted()
    assert noted["details"] == {"failures": [], "hosts": ["app-1"], "unreachable": ["app-1"]}
    assert locks(tmp_path) == ["app-1.lock"]


def test_a_run_that_one_host_refuses_releases_the_others(runs, tmp_path):
    first = runs("alice", tmp_path / "play.yml", awx_job_id=4711)
    assert first.wait(timeout=120) == 0, first.stdout.read()
    assert locks(tmp_path) == []
    lease = {"run_id": "1", "holder": "carol", "purpose": "prune", "since": "now", "until": "later", "ends": 1e12}
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (tmp_path / "app-1.lock").write_text(json.dumps({"lease_version": 1, "boot": boot, **lease}))

    second = runs("bob", tmp_path / "play.yml", environment_lock_wait=0)
    output = second.communicate(timeout=120)[0]

    assert second.returncode == 2, output
    assert "prune is in progress: carol (run 1)" in output
    assert locks(tmp_path) == ["app-1.lock"]
    assert not list(tmp_path.glob("bob.*")), "it changed something"


@pytest.mark.parametrize(
    ("connection", "records"),
    [
        ({}, ["deploy.yml of itlock", "deploy.yml of itlock on app-1"]),
        ({"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}, ["deploy.yml of itlock"]),
    ],
)
def test_the_run_on_a_departed_host_is_recorded_on_the_database_host_if_it_can_be_reached(
    runs, tmp_path, connection, records
):
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text())
    inventory["all"]["children"]["database"]["hosts"]["data-1"] = connection
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    file = tmp_path / "runs.jsonl"  # of both hosts, which are this machine

    run = runs("carol", tmp_path / "play.yml", only="app-1", environment_departed=True, environment_runs_file=str(file))
    output = run.communicate(timeout=200)[0]

    assert run.returncode == 0, output
    assert sorted(json.loads(line)["what"] for line in file.read_text().splitlines()) == records
    assert ("data-1, the database host of itlock, has no record of this run" in output) is bool(connection)
    assert locks(tmp_path) == []
    assert not list(tmp_path.glob("*.lock.app-1"))


def test_the_run_on_a_departed_host_of_an_environment_without_a_database_host_is_recorded_on_that_host(runs, tmp_path):
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text())
    del inventory["all"]["children"]["database"]
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))

    run = runs("carol", tmp_path / "play.yml", only="app-1", environment_departed=True)
    output = run.communicate(timeout=200)[0]

    assert run.returncode == 0, output
    [record] = (tmp_path / "app-1.runs.jsonl").read_text().splitlines()
    assert (json.loads(record)["who"], json.loads(record)["result"]) == ("carol", "ok")
    assert locks(tmp_path) == []


@pytest.mark.parametrize("only", ["itlock", "edge-1"])
def test_a_run_takes_no_host_that_only_waits_for_one_at_work(runs, tmp_path, only):
    lease = {"run_id": "1", "holder": "carol", "purpose": "deploy.yml", "since": "now", "until": "later"}
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    old = time.clock_gettime(time.CLOCK_BOOTTIME) - 60
    for host, ends in (("edge-1", old), ("data-1", old), ("app-1", 1e12)):
        (tmp_path / f"{host}.lock").write_text(json.dumps({"lease_version": 1, "boot": boot, **lease, "ends": ends}))
    before = {path.name: path.read_text() for path in tmp_path.glob("*.lock")}

    run = runs("bob", tmp_path / "play.yml", environment_lock_wait=0, only=only)
    output = run.communicate(timeout=120)[0]

    assert run.returncode == 2, output
    assert "deploy.yml is in progress: carol (run 1)" in output
    assert {path.name: path.read_text() for path in tmp_path.glob("*.lock")} == before


def test_the_lock_of_a_killed_run_is_taken_over_within_seconds(runs, tmp_path):
    first = runs("alice", tmp_path / "never")
    begun(tmp_path, "alice")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    assert locks(tmp_path) == sorted(f"{host}.lock" for host in HOSTS)

    killed = time.monotonic()
    second = runs("bob", tmp_path / "play.yml")
    begun(tmp_path, "bob")

    assert time.monotonic() - killed < 60
    assert second.wait(timeout=120) == 0, second.stdout.read()
    assert recorded(tmp_path) == [("alice", "interrupted"), ("bob", "ok")]
