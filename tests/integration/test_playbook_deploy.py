# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from support.environment import OPERATOR, SERVICES, Environment
from support.playbook import PlaybookRun

#: The task of a deploy that finds the database where the last one left it.
AGAIN = "Bring the stack up if its schema is known to fit"

# -------------------------------------------------------------------------------------------- the first three deploys


def test_check_mode_touches_nothing_and_says_what_would_be_done(deploys, itest):
    deploys.check.succeeded()

    assert deploys.after_check == deploys.before
    assert deploys.before["files"] == {}
    assert deploys.before["container"] == []
    diff = deploys.check.task("Bring the stack up").diff
    assert diff["before"] == {}
    assert {name for name in diff["after"] if name.startswith("service ")} == {f"service {name}" for name in SERVICES}
    assert {"file compose.yaml", "file edge/Caddyfile", "secret SECRET_KEY", "release"} <= set(diff["after"])
    steps = [result["msg"] for result in deploys.check.task("Report the steps of a real run").result["results"]]
    assert f"Set up the directory {itest.directory}" in steps


def test_check_mode_foresees_as_many_changes_as_the_first_deploy_makes(deploys):
    def changed(run: PlaybookRun) -> list[str]:
        return [task.name for task in run.tasks if task.changed and ".stack : " in task.name]

    # What the other roles do depends on what the machine has: packages, directories, images.
    assert len(changed(deploys.check)) == len(changed(deploys.first)) == 2, (deploys.check, deploys.first)


def test_a_deploy_brings_every_service_up_healthy(deploys, itest):
    deploys.first.succeeded()

    services = deploys.first.task("Bring the stack up").result["services"]
    assert {found["name"]: found["health"] for found in services} == dict.fromkeys(SERVICES, "healthy")
    assert itest.health() == "healthy"


def test_a_second_deploy_changes_nothing(deploys, itest):
    counts = deploys.again.succeeded().recap[itest.host]
    seen = {name: counts.pop(name) for name in ("ok", "skipped")}

    assert counts == {"changed": 0, "failures": 0, "unreachable": 0, "rescued": 0, "ignored": 0}
    assert seen["ok"] <= 17, "an unchanged deploy takes the longer, the more tasks it has"


def test_the_summary_says_what_runs_and_where_and_how_to_log_in(deploys, itest):
    for run in (deploys.first, deploys.again):
        lines = summary(run)
        text = "\n".join(lines)
        for service in SERVICES:
            (line,) = [line.split() for line in lines if line.startswith(f"{service} ")]
            assert line[1] == "healthy", text
            assert line[2][0].isdigit(), f"{service} has no version:\n{text}"
        assert f"URL        {itest.url}" in lines
        assert "Login      user admin, password DEFAULT_ADMIN_PASSWORD:" in lines
        fetch = lines.index("           ansible-playbook secrets.yml -e env=itest -e fetch_to=~/itest.env")
        assert lines[fetch + 1] == "             -e names=DEFAULT_ADMIN_PASSWORD"
        assert "ansible-playbook health.yml -e env=itest" in text


def summary(run: PlaybookRun) -> list[str]:
    return list(run.task("Report the deployed stack").result["msg"])


def test_the_release_is_recorded(deploys, itest):
    releases = itest.directory / "releases"
    first = deploys.first.task("Bring the stack up").result["release"]
    # Not the current one: tests of other playbooks deploy the shared environment again.
    record = json.loads((releases / first["id"] / "release.json").read_text())

    assert record == first
    assert record == deploys.again.task(AGAIN).result["release"]
    assert (releases / record["id"]).is_dir()
    assert record["environment"] == itest.name
    assert record["released_by"] == OPERATOR
    assert set(record["images"]) == set(SERVICES)
    digest = itest.inspect("backend")["Image"].removeprefix("sha256:")[:12]
    assert record["images"]["backend"].endswith(f"@{digest}")
    assert (releases / "current/compose.yaml").read_text() == (itest.directory / "compose.yaml").read_text()


def test_secrets_are_made_up_once_kept_to_root_and_reach_the_backend_as_given(live):
    # That no run ever shows one is checked by Environment.run itself.
    path = live.directory / ".env"
    environment = dict(line.split("=", 1) for line in live.inspect("backend")["Config"]["Env"])

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == 0
    assert environment["OPENAI_API_KEY"] == live.given_secrets["OPENAI_API_KEY"]
    password = urllib.parse.quote(live.given_secrets["POSTGRES_PASSWORD"], safe="")
    assert environment["DATABASE_URL"] == f"postgresql://convosphere:{password}@postgres:5432/convosphere"
    assert len(environment["SECRET_KEY"]) == 64
    assert not [file for file in (live.directory / "releases").rglob("*") if file.name == ".env"]


def test_the_administrator_logs_in_through_the_edge(live):
    assert live.log_in() == 200


def test_database_and_api_are_published_on_the_loopback_address_only(live):
    for service, port in (("postgres", "5432/tcp"), ("edge", "8000/tcp")):
        (binding,) = live.inspect(service)["HostConfig"]["PortBindings"][port]
        assert binding["HostIp"] == "127.0.0.1", service
    # Two containers of the backend run during a deploy, and could not publish the same port.
    assert not live.inspect("backend")["HostConfig"]["PortBindings"]


def test_by_its_full_name_from_another_directory(live):
    before = live.traces()

    run = live.run("convosphere.platform.deploy", check=True).succeeded()

    assert run.changed == 0
    assert live.traces() == before


# ---------------------------------------------------------------------------------------------------------- failing


def test_a_release_that_never_becomes_healthy_gives_way_to_the_one_before(live):
    live.health()
    release = (live.directory / "releases/current").readlink()
    before = live.compose("config", "--no-interpolate")

    with watched(live) as statuses:
        run = live.run(
            "deploy.yml",
            # The edge goes on holding requests for as long as before, or it would be started again.
            extra_vars={
                "stack_extra_settings": {"SANDBOX_NEVER_HEALTHY": "1"},
                "stack_wait_timeout": 20,
                "stack_edge_wait": 60,
            },
        )

    message = run.task(AGAIN).message
    assert run.rc == 2
    assert f"The deploy failed. It was rolled back: release {release} serves." in message
    assert "backend did not become healthy within 20 s" in message
    assert "SANDBOX_NEVER_HEALTHY is set: start-up goes no further" in message, "the last log lines are missing"
    assert set(statuses) == {200}, "the door did not stay open"
    assert live.health() == "healthy"
    assert live.log_in() == 200
    assert (live.directory / "releases/current").readlink() == release
    assert live.compose("config", "--no-interpolate") == before
    assert live.run("deploy.yml").succeeded().changed == 0


@contextmanager
def watched(environment: Environment) -> Iterator[list[int]]:
    """Record the statuses of the front page, which is requested again and again as long as the block runs."""
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.2):
            try:
                statuses.append(environment.request("/")[0])
            except OSError:
                statuses.append(0)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        done.set()
        thread.join()


def test_settings_reach_the_backend_as_they_were_meant(live):
    # Check mode has Compose read the rendered file: its model shows the values.
    settings = {"EMOJI": "😀 ä", "DOLLAR": "$HOME ${X} $$", "QUOTES": 'it\'s "quoted": yes #no', "LINES": "a\nb"}
    others = {"LIST": ["de", "en"], "FLAG": True, "LEFT_OUT": None}

    run = live.run("deploy.yml", extra_vars={"stack_extra_settings": {**settings, **others}}, check=True, diff=True)

    after = run.succeeded().task(AGAIN).diff["after"]["file compose.yaml"]["content"]
    rendered = yaml.safe_load("\n".join(after))["services"]["backend"]["environment"]
    assert {name: rendered[name].replace("$$", "$") for name in settings} == settings
    assert (rendered["LIST"], rendered["FLAG"]) == ('["de", "en"]', "true")
    assert "LEFT_OUT" not in rendered
