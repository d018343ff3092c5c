# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What convosphere_stack does when something goes wrong: what it says, and what serves afterwards."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.compose_project import OBEYS, docker, probe
from support.law import Step
from support.module_process import ModuleProcess
from support.stack_project import CRASHES, StackProject, secrets, stack_project


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackProject]:
    with stack_project(tmp_path) as project:
        yield project


def options_of(stack: StackProject, script: str | None = None, token: str = "first-token", **more):
    services = {"web": stack.service(script, environment=["TOKEN=${TOKEN}"]), "other": stack.service()}
    return stack.options(services, secrets=secrets(TOKEN=token), **more)


def assert_went_back(stack: StackProject, message: str, *, files, serving, release) -> None:
    assert f"It was rolled back: release {release['id']} serves." in message
    assert stack.files() == files
    assert stack.serving() == serving
    assert stack.release() == release


# ------------------------------------------------------------------------------------------------------- going back


def test_a_deploy_that_does_not_become_healthy_goes_back(stack):
    comment = "# mine, to the letter\nTOKEN='first-token'  # the first one\n"
    (stack.directory / ".env").write_text(comment)
    (stack.directory / ".env").chmod(0o600)
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    other = stack.containers()["other"]["Id"]
    ill = stack.service(f"echo no disk left; {OBEYS}", healthcheck=probe("echo I am ill; exit 7"))
    override = {"services": {"web": {"labels": {"new": "yes"}}}}

    message = stack.fail(
        stack.options(
            {"web": ill, "other": stack.service()},
            override=override,
            secrets=secrets(TOKEN="new-token"),
            wait_timeout=8,
        )
    )

    assert_went_back(stack, message, **before)
    assert "web did not become healthy within 8 s" in message
    assert "last health probe ended with 7: I am ill" in message
    assert f"Last lines of {stack.name}-web-1:\nno disk left" in message
    assert stack.variable("TOKEN") == "first-token"
    assert stack.containers()["other"]["Id"] == other
    assert stack.deploy(options_of(stack)).changed is False


def test_a_deploy_that_compose_cannot_bring_up_goes_back(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    # Only the engine knows that there is no such device: a port in use is refused before the change.
    services = {"web": stack.service(devices=["/dev/convosphere-none"]), "other": stack.service()}

    message = stack.fail(stack.options(services, secrets=secrets(TOKEN="new-token")))

    assert_went_back(stack, message, **before)
    assert "/dev/convosphere-none" in message


def test_a_service_that_others_wait_for_in_vain_is_explained(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    services = {
        "database": stack.service(CRASHES),
        "web": stack.service(depends_on={"database": {"condition": "service_healthy"}}),
    }

    message = stack.fail(stack.options(services))

    assert_went_back(stack, message, **before)
    assert "database did not come up" in message
    assert "cannot find my database" in message


def test_a_first_deploy_that_fails_leaves_its_containers_to_look_at(stack):
    message = stack.fail(options_of(stack, CRASHES))

    assert "No release served before: the containers are kept for inspection." in message
    assert f"web did not come up: container {stack.name}-web-1 is exited with exit code 3" in message
    assert "cannot find my database" in message
    assert set(stack.containers()) == {"web", "other"}
    assert not (stack.directory / "releases").exists()
    assert stack.deploy(options_of(stack)).changed is True
    assert stack.deploy(options_of(stack)).changed is False


def test_the_override_of_a_first_deploy_that_failed_does_not_outlive_it(stack):
    bad = {"services": {"web": {"command": ["sh", "-c", CRASHES]}}}
    stack.fail(stack.options(override=bad))
    text = (stack.directory / "compose.override.yaml").read_text()

    check = stack.deploy(stack.options(), check=True)
    task = stack.deploy(stack.options())

    assert "file compose.override.yaml" in check.diff["before"]
    assert task.diff == check.diff
    assert "command" not in str(task.diff["before"]["file compose.override.yaml"])  # whose it is, nobody knows
    kept, left = sorted(stack.files())
    assert (left, (stack.directory / kept).read_text()) == ("compose.yaml", text)
    assert kept.startswith("compose.override.yaml.kept-20")
    assert stack.deploy(stack.options()).changed is False


def test_a_tag_that_moved_to_a_bad_image_goes_back_to_the_image_that_served(stack):
    good = stack.import_image(stack.image, f"echo I am good; {OBEYS}")
    services = {"web": {"image": stack.image}, "other": stack.service(OBEYS)}
    stack.deploy(stack.options(services))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    stack.import_image(stack.image, CRASHES)

    # The second time the container that serves is one that an earlier way back made.
    for _attempt in range(2):
        message = stack.fail(stack.options(services))
        assert_went_back(stack, message, **before)
        assert "cannot find my database" in message
        assert stack.containers()["web"]["Image"] == good

    mended = stack.import_image(stack.image, f"echo I am mended; {OBEYS}")
    assert stack.deploy(stack.options(services)).changed is True
    assert stack.containers()["web"]["Image"] == mended
    assert stack.deploy(stack.options(services)).changed is False


@pytest.mark.campaign
def test_a_bad_deploy_that_was_killed_half_way_goes_back_to_the_release(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    bad = options_of(stack, CRASHES)
    # What a kill leaves: the new file in its place, and the new container too.
    (stack.directory / "compose.yaml").write_text(bad["files"][0]["content"])
    docker("compose", f"--project-directory={stack.directory}", f"--project-name={stack.name}", "up", "--detach")

    message = stack.fail(bad)

    assert_went_back(stack, message, **before)


def test_a_deploy_that_was_killed_while_it_waited_for_health_goes_back_to_the_release(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    ill = stack.service(environment=["TOKEN=${TOKEN}"], healthcheck=probe("echo I am ill; exit 7"))
    options = stack.options({"web": ill, "other": stack.service()}, secrets=secrets(TOKEN="first-token"))
    # What a kill leaves: everything as it is wanted and running, and the old release on record.
    (stack.directory / "compose.yaml").write_text(options["files"][0]["content"])
    docker("compose", f"--project-directory={stack.directory}", f"--project-name={stack.name}", "up", "--detach")
    left = stack.deploy(options, check=True)

    message = stack.fail({**options, "wait_timeout": 8})

    assert set(left.diff["after"]) == {"release"}
    assert_went_back(stack, message, **before)
    assert "last health probe ended with 7: I am ill" in message
    assert stack.deploy(options_of(stack)).changed is False


@pytest.mark.campaign
def test_the_way_back_leads_past_another_deploy_that_was_killed(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}
    # The second deploy came as far as its files and containers, and was given up for a third one.
    second = stack.options({"web": stack.service(environment=["TOKEN=${TOKEN}", "SECOND=yes"])})
    (stack.directory / "compose.yaml").write_text(second["files"][0]["content"])
    docker("compose", f"--project-directory={stack.directory}", f"--project-name={stack.name}", "up", "--detach")

    message = stack.fail(options_of(stack, CRASHES))

    assert_went_back(stack, message, **before)
    assert "The changes found in compose.yaml, made by hand or by an interrupted deploy, are undone." in message
    assert stack.deploy(options_of(stack)).changed is False


@pytest.mark.campaign
def test_the_way_back_does_not_ask_where_only_the_new_stack_is_reached(stack):
    stack.deploy(options_of(stack))
    before = {"files": stack.files(), "serving": stack.serving(), "release": stack.release()}

    message = stack.fail(options_of(stack, CRASHES, api_url="http://127.0.0.1:9"))

    assert_went_back(stack, message, **before)


def test_on_the_way_back_a_mounted_file_is_read_again_too(stack):
    read = stack.service(f"read -r line < /own.txt; echo told $line; {OBEYS}", volumes=["./own.txt:/own.txt:ro"])
    file = {"path": "own.txt", "content": "first\n", "mode": "0644"}
    first = stack.options({"web": read, "other": stack.service()})
    first["files"].append(file)
    stack.deploy(first)
    second = stack.options({"web": read, "other": stack.service(CRASHES)})
    second["files"].append({**file, "content": "second\n"})

    message = stack.fail(second)

    assert "It was rolled back: release" in message
    assert docker("logs", f"{stack.name}-web-1").split("told ")[-1] == "first\n"
    assert stack.deploy(first).changed is False


def test_a_way_back_that_fails_says_so(stack):
    port = socket.create_server(("127.0.0.1", 0))
    number = port.getsockname()[1]
    port.close()
    published = {"web": stack.service(ports=[f"127.0.0.1:{number}:80"])}
    stack.deploy(stack.options(published))
    release = stack.release()
    # What fails is the new stack, which publishes nothing; the port of the old one is somebody else's by now.
    docker("stop", "--time=0", f"{stack.name}-web-1")
    with socket.create_server(("127.0.0.1", number)):
        refused = stack.fail(stack.options(published), check=True)
        message = stack.fail(stack.options({"web": stack.service(CRASHES)}))

    assert f"The service web: Port {number} is already taken by" in refused
    assert f"Rolling back to release {release['id']} failed too:" in message
    assert stack.release() == release


# ------------------------------------------------------------------------------------------------------- bad input


def compose(stack: StackProject, text: str):
    return stack.options() | {"files": [{"path": "compose.yaml", "content": text}]}


def trying(stack: StackProject, service: str, command: list[str]):
    options = stack.options()
    options["files"].append({"path": "x", "content": "", "validate": {"service": service, "command": command}})
    return options


def test_bad_input_is_refused_before_anything_changes(stack, run_steps):
    stack.deploy(options_of(stack))
    tree, containers = stack.tree(), stack.containers()
    image = f"image: {stack.image}"
    missing = stack.options({"a": {"image": "cvtest-missing:1"}, "b": {"image": "cvtest-absent@sha256:" + 64 * "0"}})
    file = {"path": "compose.yaml", "content": "services: {}"}
    cases = {
        "'services[web].mem_limit' invalid size: 'much'": compose(
            stack, f"services: {{web: {{{image}, mem_limit: much}}}}"
        ),
        "validating compose.yaml:  additional properties 'servces' not allowed": compose(stack, "servces: {}"),
        "yaml": compose(stack, "services: {web: [}"),
        "required variable NOWHERE is missing a value": compose(
            stack, f"services: {{web: {{{image}, environment: {{A: '${{NOWHERE:?}}'}}}}}}"
        ),
        "The host has no image cvtest-absent@sha256:" + 64 * "0" + ", cvtest-missing:1": missing,
        "These services have no image: web": compose(stack, "services: {web: {build: .}}"),
        "There is no compose.yaml in files": {**stack.options(), "files": []},
        "The file '../up' cannot be": {**stack.options(), "files": [{**file, "path": "../up"}]},
        "The file '/etc/x' cannot be": {**stack.options(), "files": [{**file, "path": "/etc/x"}]},
        "The file '.env' cannot be": {**stack.options(), "files": [{**file, "path": ".env"}]},
        "The file 'releases/x' cannot be": {**stack.options(), "files": [{**file, "path": "releases/x"}]},
        "The service wbe, which validate names for x, is not in the stack": trying(stack, "wbe", ["test", "-f", "%s"]),
        "validate.command of x has no %s": trying(stack, "web", ["test", "-f", "x"]),
        "The mode of compose.yaml is 416: it must be in quotes": {**stack.options(), "files": [{**file, "mode": 416}]},
        "The value of the secret LIST is a list": stack.options(secrets=[{"name": "LIST", "value": ["first-line"]}]),
        "The services two and web both publish port 65001": stack.options(
            {name: stack.service(ports=["65001:80"]) for name in ("web", "two")}
        ),
        "'A B' cannot be the name of a secret": stack.options(secrets=[{"name": "A B"}]),
        "The secret SHORT has a length of 3": stack.options(secrets=[{"name": "SHORT", "length": 3}]),
        "The secret URL is derived from HOST": stack.options(secrets=[{"name": "URL", "derive": "http://{HOST}"}]),
    }

    run_steps(
        "convosphere_stack",
        [Step(f"refuse {number}", bad, fails=part) for number, (part, bad) in enumerate(cases.items())],
        folder=stack.folder,
    )

    assert (stack.tree(), stack.containers()) == (tree, containers)


def test_check_mode_wants_the_images_on_the_host_that_nobody_is_to_bring(stack):
    images = {"own": "cvtest-own:1", "mine": "cvtest-mine:1"}
    options = stack.options({name: {"image": image} for name, image in images.items()})

    message = stack.fail({**options, "images_to_come": ["cvtest-own:1"]}, check=True)

    assert "The host has no image cvtest-mine:1. Nothing was changed." in message
    assert "stack_compose_override" in message
    assert stack.deploy({**options, "images_to_come": list(images.values())}, check=True).changed
    assert stack.deploy(options, check=True).changed
    assert "no image cvtest-mine:1, cvtest-own:1" in stack.fail({**options, "images_to_come": list(images.values())})
    assert stack.ids() == []


def test_what_compose_says_of_a_bad_value_shows_no_secret(stack):
    token = 'quo"ted-$ecret-\\token  '
    options = stack.options({"web": stack.service(mem_limit="${TOKEN}")}, secrets=secrets(TOKEN=token))

    run = stack.run(options)

    assert run.task("Stack").status == "failed"
    everything = run.output + json.dumps([task.result for task in run.tasks])
    assert [part for part in ("ecret-", "token  ", 'quo"', 'quo\\"') if part in everything] == []
    assert "services[web].mem_limit" in run.task("Stack").message


@pytest.mark.parametrize("line", ['HALF="my-very-own-secret', "my-very-own-secret", "A B=my-very-own-secret"])
def test_a_secrets_file_that_compose_would_quote_in_its_error_is_refused_without_showing_it(stack, line):
    (stack.directory / ".env").write_text(f"FINE=1\n{line}\n")
    (stack.directory / ".env").chmod(0o600)

    run = stack.run(stack.options())

    assert "Line 2 of the file .env is not NAME=value" in run.task("Stack").message
    assert "my-very-own-secret" not in run.output
    assert stack.ids() == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secrets_file_that_others_can_read_is_refused(stack, mode):
    (stack.directory / ".env").write_text("TOKEN=seen-by-others\n")
    (stack.directory / ".env").chmod(mode)
    tree = stack.tree()

    message = stack.fail(options_of(stack))

    assert f"Other users can read the secrets in {stack.directory}/.env: its mode is 0{mode:o}, it must" in message
    assert "chmod 0600" in message
    assert (stack.tree(), stack.ids()) == (tree, [])


@pytest.mark.parametrize("gone", ["secrets", "directory"])
def test_a_secret_is_never_made_up_where_there_is_data_already(stack, gone):
    services = {"web": stack.service(environment=["TOKEN=${TOKEN:?}"], volumes=["data:/data"])}
    options = stack.options(services, top={"volumes": {"data": {}}}, secrets=secrets(TOKEN=None))
    stack.deploy(options)
    saved = (stack.directory / ".env").read_text()
    if gone == "secrets":
        (stack.directory / ".env").unlink()
    else:
        docker("rm", "--force", *stack.ids())
        for path in sorted(stack.directory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    tree, containers = stack.tree(), stack.containers()

    messages = [stack.fail(options), stack.fail(options, check=True)]

    for message in messages:
        assert f"The file {stack.directory}/.env is missing" in message
        assert "deployed before with TOKEN. Nothing was changed" in message
    assert (stack.tree(), stack.containers()) == (tree, containers)
    (stack.directory / ".env").write_text(saved)
    (stack.directory / ".env").chmod(0o600)
    again = stack.deploy({**options, "secrets": secrets(TOKEN=None, NEW=None)})
    assert again.diff["after"]["secret NEW"] == {"value": "********"}
    assert "secret TOKEN" not in again.diff["after"]


def test_links_in_the_directory_lead_nowhere(stack):
    # A user who may write there must not be able to have root write, or create, a file elsewhere.
    stack.deploy(stack.options(secrets=secrets(A=None)))
    (stack.folder / "elsewhere.yaml").write_text("mine")
    (stack.directory / "compose.yaml").unlink()
    (stack.directory / "compose.yaml").symlink_to(stack.folder / "elsewhere.yaml")
    stack.deploy(stack.options(secrets=secrets(A=None)))
    assert (stack.folder / "elsewhere.yaml").read_text() == "mine"
    assert not (stack.directory / "compose.yaml").is_symlink()

    (stack.directory / ".lock").unlink()
    (stack.directory / ".lock").symlink_to(stack.folder / "made")
    assert "Cannot lock" in stack.fail(stack.options(secrets=secrets(A=None)))
    assert not (stack.folder / "made").exists()


def test_a_release_record_that_is_damaged_says_what_to_do(stack):
    stack.deploy(stack.options())
    (stack.directory / "releases/current/release.json").write_text("[1]")

    message = stack.fail(stack.options())

    assert "release.json is not the record of a release" in message
    assert f"Remove the link {stack.directory}/releases/current" in message
    (stack.directory / "releases/current").unlink()
    assert set(stack.deploy(stack.options()).diff["after"]) == {"release"}


def test_standins_are_refused_where_they_are_not_allowed(stack):
    stack.import_image(f"{stack.name}:standin", OBEYS, "LABEL org.convosphere.sandbox=true")
    options = stack.options({"web": stack.service(image=f"{stack.name}:standin")}, secrets=secrets(A=None))

    messages = [stack.fail({**options, "allow_standins": False}, check=check) for check in (False, True)]

    assert all(f"allow_standins=false refuses: {stack.name}:standin" in message for message in messages)
    assert (stack.tree(), stack.ids()) == ({}, [])
    assert stack.deploy({**stack.options(), "allow_standins": False}).changed is True


# ------------------------------------------------------------------------------------------------- locks and engines


def test_a_second_run_at_the_same_time_is_refused_at_once(stack):
    stack.deploy(stack.options())
    tree, containers = stack.tree(), stack.containers()
    changed = stack.options({"web": stack.service(labels={"new": "yes"})})
    with (stack.directory / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        messages = [stack.fail(changed), stack.fail({**changed, "state": "absent"})]
        check = stack.deploy(changed, check=True)

    assert all(f"Another run is changing the stack {stack.name}" in message for message in messages)
    assert all(f"fuser -v {stack.directory}/.lock" in message for message in messages)
    assert check.changed is True
    assert (stack.tree(), stack.containers()) == (tree, containers)


@pytest.mark.campaign
def test_two_real_runs_at_the_same_time_do_not_mix(stack):
    options = options_of(stack)
    runs = [start_module(stack, options) for _each in range(2)]

    results = [run.result(timeout=120) for run in runs]

    refused = [result for result in results if result.get("failed")]
    assert len(refused) <= 1
    assert all("Another run is changing" in result["msg"] for result in refused)
    assert stack.deploy(options).changed is False


@pytest.mark.parametrize("check", [True, False])
def test_an_engine_that_is_not_there_changes_nothing(stack, check):
    message = stack.fail(stack.options(), check=check, env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})

    assert "Docker Engine is not running at unix:///nowhere/docker.sock" in message
    assert stack.tree() == {}


# ------------------------------------------------------------------------------------------------------- killed


def start_module(stack: StackProject, options) -> ModuleProcess:
    return ModuleProcess("convosphere_stack", options, stack.folder)


def run_module_when_free(stack: StackProject, options) -> dict[str, Any]:
    """Run the module, again and again while another one holds the lock."""
    deadline = time.monotonic() + 60
    while True:
        result = start_module(stack, options).result(timeout=120)
        if "Another run is changing" not in result.get("msg", "") or time.monotonic() > deadline:
            return result


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and their descendants."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it ended meanwhile
        return []
    return [found for child in children for found in (child, *descendants(child))]


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.campaign
def test_killed_at_any_moment_the_next_run_completes(stack):
    dice = random.Random(20)
    started = time.monotonic()
    assert "failed" not in start_module(stack, options_of(stack)).result(timeout=120)
    duration = time.monotonic() - started
    for number in range(10):
        token, marker = f"token-number-{number}", {"number": str(number)}
        services = {
            "web": stack.service(environment=["TOKEN=${TOKEN}"]),
            "other": stack.service(labels=marker, scale=1 + number % 2),
        }
        options = stack.options(services, secrets=secrets(TOKEN=token), releases_kept=3)
        module = start_module(stack, options).process
        try:
            module.communicate(timeout=dice.uniform(0.2, duration))
        except subprocess.TimeoutExpired:
            # Every other time Compose lives on, and holds the lock until it has ended.
            for process in [module.pid, *(descendants(module.pid) if number % 2 else [])]:
                kill(process)
            module.wait()

        again = run_module_when_free(stack, options)
        once_more = run_module_when_free(stack, options)

        assert "failed" not in again, again
        assert (once_more["changed"], "failed" in once_more) == (False, False), once_more
        assert stack.variable("TOKEN") == token
        assert stack.containers()["other"]["Config"]["Labels"]["number"] == str(number)
        assert len(stack.ids()) == 2 + number % 2
        assert sorted(stack.files()) == [".env", "compose.yaml"]
        releases = [path for path in (stack.directory / "releases").iterdir() if path.name != "current"]
        assert all((path / "release.json").exists() for path in releases), releases
        assert len(releases) <= 3
        compose_file = (stack.directory / "compose.yaml").read_text()
        assert (stack.directory / "releases/current/compose.yaml").read_text() == compose_file
        assert once_more["release"] == stack.release()
