# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What convosphere_stack does when all is well; test_convosphere_stack_faults.py is what it does when it is not."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._host.engine_probe import find_compose_plugin

from support.collection import rendered_docs
from support.compose_project import OBEYS, docker, probe
from support.health_routes import Platform, serving
from support.law import Case, Refused
from support.stack_project import MODULE, StackProject, secrets, stack_project

HIDDEN = {"value": "********"}
CHANGED = {"value": "******** (changed)"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackProject]:
    with stack_project(tmp_path) as project:
        yield project


def image_id(name: str) -> str:
    return docker("image", "inspect", "--format={{.Id}}", name).strip().partition(":")[2][:12]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def without(options: dict[str, Any], name: str) -> dict[str, Any]:
    return {option: value for option, value in options.items() if option != name}


@pytest.mark.law
def test_law(run_law, stack):
    image = {"image": stack.image, "image_id": image_id(stack.image)}
    first = stack.options(secrets=[{"name": "TOKEN"}])
    changed = stack.options(
        {"web": stack.service(environment={"TOKEN": "${TOKEN}"})}, secrets=secrets(TOKEN="a-given-token")
    )
    text, changed_text = (options["files"][0]["content"] for options in (first, changed))
    release = {"images": {"web": f"{stack.image}@{image['image_id']}"}}
    run_law(
        "convosphere_stack",
        cases=[
            Case(
                "create",
                first,
                diff={
                    "before": {},
                    "after": {
                        "secret TOKEN": HIDDEN,
                        "file compose.yaml": {"content": text.split("\n"), "mode": "0640"},
                        "service web": {**image, "state": "running"},
                        "release": {**release, "files": {"compose.yaml": digest(text)}},
                    },
                },
            ),
            Case(
                "change",
                changed,
                diff={
                    "before": {
                        "secret TOKEN": HIDDEN,
                        "file compose.yaml": {"content": text.split("\n")},
                        "service web": {"configuration": ANY},
                        "release": {"files": {"compose.yaml": digest(text)}},
                    },
                    "after": {
                        "secret TOKEN": CHANGED,
                        "file compose.yaml": {"content": changed_text.split("\n")},
                        "service web": {"configuration": ANY},
                        "release": {"files": {"compose.yaml": digest(changed_text)}},
                    },
                },
            ),
            Case(
                "absent",
                stack.absent,
                diff={
                    "before": {
                        f"container {stack.name}-web-1": {"name": f"{stack.name}-web-1"},
                        f"network {stack.name}_default": {"name": f"{stack.name}_default"},
                    },
                    "after": {},
                },
                returns={"release": None, "services": []},
            ),
        ],
        refused=[
            Refused("no directory", {**first, "project_src": "/nowhere"}, "The directory /nowhere does not exist"),
            Refused("misspelled state", {**first, "state": "presnt"}, "present, absent, got: presnt"),
            Refused("null environment", {**first, "environment_name": None}, "environment_name"),
            Refused(
                "no release kept", {**first, "releases_kept": 0}, "releases_kept is 0: give a number of at least 1"
            ),
            Refused(
                "no environment", without(first, "environment_name"), "missing required arguments: environment_name"
            ),
            Refused("no engine", {**first, "docker_host": "unix:///nowhere.sock"}, "is not running at unix:///nowhere"),
        ],
        folder=stack.folder,
    )


def test_what_it_returns_is_what_serves(stack):
    task = stack.deploy(stack.options(released_by="alice"))

    record = stack.release()
    assert task.result["release"] == record
    assert record | {"id": ANY, "released_at": ANY} == {
        "id": ANY,
        "environment": "test",
        "released_at": ANY,
        "released_by": "alice",
        "images": {"web": f"{stack.image}@{image_id(stack.image)}"},
        "files": {"compose.yaml": ANY},
        "modes": {"compose.yaml": "0640"},
        "schema": None,
        "configuration": {"web": ANY},
        "secrets": [],
    }
    (service,) = task.result["services"]
    assert (service["name"], service["state"], service["health"]) == ("web", "running", "healthy")
    assert service["containers"][0]["id"] == stack.containers()["web"]["Id"]


def test_examples(run_playbook, stack):
    # The documented examples, unchanged except for the directory and the services that answer.
    (stack.folder / "compose.yaml.j2").write_text(
        yaml.safe_dump({"services": {"web": stack.service(environment=["DATABASE_URL=${DATABASE_URL}"])}})
    )
    examples = yaml.safe_load(rendered_docs()["convosphere_stack"]["examples"])
    tasks = [task for task in examples if MODULE in task]  # what migrates has its own tests
    for task in tasks:
        task[MODULE] |= {"project_name": stack.name, "project_src": str(stack.directory)}
        task[MODULE].pop("api_url", None)  # no platform answers there

    # There is no Caddy.
    (stack.folder / "Caddyfile.j2").write_text(":80")
    tasks[1][MODULE]["files"][1]["validate"] = {"service": "web", "command": ["sh", "-c", "test -s %s"]}
    for later in (tasks[1], tasks[3]):
        later[MODULE]["secrets"] = tasks[0][MODULE]["secrets"]
    image_id = docker("image", "inspect", "--format={{.Id}}", stack.image).strip()
    migration = {"schema": {"image_id": image_id, "heads": ["one"], "revisions": {"one": []}}}

    deploy = run_playbook(tasks[:1]).succeeded()
    url = stack.variable("DATABASE_URL")
    run_playbook(tasks[1:2]).succeeded()
    later = run_playbook(tasks[2:4], extra_vars={"migration": migration}).succeeded()
    release = stack.release()
    tasks[4][MODULE]["release"] = release["id"]
    back = run_playbook(tasks[4:5]).succeeded()
    away = run_playbook(tasks[5:]).succeeded()

    assert (deploy.changed, later.changed, back.changed, away.changed) == (1, 1, 0, 1)
    assert later.tasks[0].result["schema_known"] is False
    assert release["schema_revisions"] == ["one"]
    assert url is not None
    assert url.startswith("postgresql://convosphere:")
    assert url.endswith("@postgres:5432/convosphere")
    assert stack.ids() == []
    assert (stack.directory / ".env").exists()


# ------------------------------------------------------------------------------------------------------- secrets

# What a shell, a .env file, Compose, YAML, JSON, a URL and Python's % each find special.
NASTY = ' lead\'ing "quo\\"ted" $HOME ${HOME:-x} $$ \\n \\ #hash =%s%41 `id` ü😀\u2028\t!{A}\r; trail '
NASTY += "\r\n-----BEGIN KEY-----\n trail "


def test_a_given_secret_reaches_the_container_exactly(stack):
    # The words of the shell that Ansible runs in must not win, nor settings of Compose's in it.
    shell = {"TOKEN": "of-the-shell", "KEPT": "of-the-shell", "COMPOSE_PROFILES": "debug", "COMPOSE_FILE": "/dev/null"}
    services = {
        "web": stack.service(environment=["TOKEN=${TOKEN:?}", "URL=${URL}", "MADE=${MADE}", "KEPT=${KEPT}"]),
        "debugger": stack.service(profiles=["debug"]),
    }
    entries = [
        *secrets(TOKEN=NASTY, MADE=None),
        {"name": "URL", "derive": "redis://:{TOKEN}@redis/{MADE}"},
    ]
    kept = "# a comment of mine\nKEPT='of the file'  # for the time being\nexport OTHER=1\n\n"
    (stack.directory / ".env").write_text(kept)
    (stack.directory / ".env").chmod(0o600)
    options = stack.options(services, secrets=entries)

    run = stack.run(options, env=shell).succeeded()

    made = str(stack.variable("MADE"))
    encoded = (
        "%20lead%27ing%20%22quo%5C%22ted%22%20%24HOME%20%24%7BHOME%3A-x%7D%20%24%24%20%5Cn%20%5C%20%23hash%20%3D%25s%2541"
        "%20%60id%60%20%C3%BC%F0%9F%98%80%E2%80%A8%09%21%7BA%7D%0D%3B%20trail%20"
        "%0D%0A-----BEGIN%20KEY-----%0A%20trail%20"
    )
    assert stack.variable("TOKEN") == NASTY
    assert stack.variable("URL") == f"redis://:{encoded}@redis/{made}"
    assert stack.variable("KEPT") == "of the file"
    assert (len(made), made.isalnum()) == (40, True)
    assert set(stack.containers()) == {"web"}
    text = (stack.directory / ".env").read_text()
    assert text.startswith(kept)
    assert (stack.directory / ".env").stat().st_mode & 0o777 == 0o600

    # By hand, Compose reads the same from the file.
    by_hand = docker("compose", f"--project-directory={stack.directory}", "config", "--format=json")
    assert json.loads(by_hand)["services"]["web"]["environment"]["TOKEN"].replace("$$", "$") == NASTY

    # Neither they nor any spelling of them is shown, nor kept in a release.
    recorded = json.dumps([task.result for task in run.tasks], ensure_ascii=False)
    releases = "".join(path.read_text() for path in stack.directory.glob("releases/*/*"))
    for secret in (NASTY, NASTY.strip(), "lead'ing", encoded, made):
        assert secret not in run.output
        assert secret not in recorded
        assert secret not in releases

    assert stack.deploy(options, env=shell).changed is False


def test_compose_reads_the_secrets_file_as_it_was_meant(tmp_path):
    # Six hundred random values of every special character, in one file.
    dice, parts = (
        random.Random(7),
        [*NASTY, "\\n", "\\$", '\\"', "\\'", "${A}", " #", "\x0b", "\x85", "\ufeff", "\u00a0", "abc"],
    )
    values = parts + ["".join(dice.choices(parts, k=dice.randrange(1, 9))) for _each in range(600)]
    variables = {f"V{number}": value for number, value in enumerate(values)}
    text = dotenv.merge("# mine\nPORT=8080 # the door\n", variables, "")
    (tmp_path / ".env").write_bytes(text.encode())
    environment = {name: f"${{{name}}}" for name in variables}
    (tmp_path / "compose.yaml").write_text(
        yaml.safe_dump({"services": {"a": {"image": "a", "environment": environment}}})
    )

    model = json.loads(docker("compose", f"--project-directory={tmp_path}", "config", "--format=json"))

    found = {name: value.replace("$$", "$") for name, value in model["services"]["a"]["environment"].items()}
    assert found == variables
    assert dotenv.parse(text) == {"PORT": "8080", **variables}


def test_no_program_is_given_a_secret_on_its_command_line(stack):
    # A wrapper of the docker client records the arguments of each call.
    client, calls = stack.folder / "bin/docker", stack.folder / "calls"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\ntr "\\0" " " < /proc/$$/cmdline >> {calls}\nexec /usr/bin/env docker "$@"\n')
    client.write_text(client.read_text().replace("/usr/bin/env docker", docker_path()))
    client.chmod(0o755)
    token = "a-token-nobody-may-see"

    stack.deploy(
        stack.options({"web": stack.service(environment=["TOKEN"])}, secrets=secrets(TOKEN=token)),
        env={"PATH": f"{client.parent}:{os.environ['PATH']}"},
    )

    assert stack.variable("TOKEN") == token
    assert " up --detach" in calls.read_text()
    assert token not in calls.read_text()


def docker_path() -> str:
    for folder in os.environ["PATH"].split(":"):
        if (Path(folder) / "docker").exists():
            return str(Path(folder) / "docker")
    raise AssertionError("there is no docker client")


def test_a_changed_secret_recreates_what_uses_it_and_nothing_else(stack):
    services = {"web": stack.service(environment=["TOKEN=${TOKEN}"]), "other": stack.service()}
    stack.deploy(stack.options(services, secrets=secrets(TOKEN="first-token")))
    before, record = stack.containers(), stack.release()

    task = stack.deploy(stack.options(services, secrets=secrets(TOKEN="second-token")))

    after = stack.containers()
    assert task.changed is True
    assert stack.variable("TOKEN") == "second-token"
    assert after["web"]["Id"] != before["web"]["Id"]
    assert after["other"]["Id"] == before["other"]["Id"]
    assert stack.release() == record  # what can be gone back to is the same


# ------------------------------------------------------------------------------------------------------- services


def test_a_service_that_is_not_wanted_any_more_is_removed(stack):
    stack.deploy(stack.options({"web": stack.service(), "old": stack.service()}))

    task = stack.deploy(stack.options({"web": stack.service()}))

    assert set(stack.containers()) == {"web"}
    assert task.diff["before"]["service old"]["state"] == "running"
    assert "service old" not in task.diff["after"]


def test_a_container_with_the_labels_of_the_project_that_compose_does_not_find_is_removed(stack):
    options = stack.options({"web": stack.service()})
    stack.deploy(options)
    labels = (f"project={stack.name}", f"project.working_dir={stack.directory}", "service=stray")
    of_project = [f"--label=com.docker.compose.{label}" for label in labels]
    docker("run", "--detach", f"--name={stack.name}-stray", *of_project, stack.image, "sleep", "600")

    task = stack.deploy(options)

    assert list(task.diff["before"]) == ["service stray"]
    assert set(stack.containers()) == {"web"}
    assert stack.deploy(options).changed is False


def test_a_service_of_a_profile_that_was_started_by_hand_is_left_alone(stack):
    options = stack.options({"web": stack.service(), "admin": stack.service(profiles=["tools"])})
    stack.deploy(options)
    project = (f"--project-directory={stack.directory}", f"--project-name={stack.name}")
    docker("compose", *project, "--profile=tools", "up", "--detach", "admin")
    before = stack.containers()

    task = stack.deploy(options)

    assert task.changed is False
    assert stack.containers() == before
    assert set(before) == {"web", "admin"}


def test_a_stopped_container_is_started_again_and_that_is_no_new_release(stack):
    options = stack.options({"web": stack.service(scale=2), "other": stack.service()})
    stack.deploy(options)
    record, before = stack.release(), stack.ids()
    docker("stop", "--time=0", f"{stack.name}-web-2")
    docker("rm", "--force", f"{stack.name}-other-1")

    task = stack.deploy(options)

    assert task.diff["before"] == {"service web": {"state": "exited, running"}}
    assert set(task.diff["after"]) == {"service web", "service other"}
    assert len(stack.ids(all_of_them=False)) == 3
    assert len(set(before) & set(stack.ids())) == 2
    assert stack.release() == record


def test_a_proxy_of_the_docker_client_that_is_gone_goes_from_the_containers_too(stack):
    # Compose sees no difference. The other service needs the first one to be healthy, which waits for no proxy.
    services = {
        "web": stack.service(environment={"NO_PROXY": "web"}),
        "other": stack.service(depends_on={"web": {"condition": "service_healthy"}}),
    }
    proxies = {"httpProxy": "http://user:planted@proxy.invalid:3128", "noProxy": "web,.corp"}
    (stack.folder / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    behind = {"DOCKER_CONFIG": str(stack.folder)}
    options = stack.options(services)

    first = stack.deploy(options, env=behind)
    assert "excepts .corp from its proxies" in json.dumps(first.result["warnings"])
    assert "HTTP_PROXY=http://user:planted@proxy.invalid:3128" in stack.containers()["web"]["Config"]["Env"]
    assert stack.deploy(options, env=behind).changed is False

    foreseen, gone = stack.deploy(options, check=True), stack.deploy(options)

    names = ["HTTP_PROXY", "http_proxy", "no_proxy"]
    stale = {"web": names, "other": sorted([*names, "NO_PROXY"])}
    assert gone.diff["before"] == {f"service {name}": {"stale_environment": found} for name, found in stale.items()}
    assert (foreseen.diff, "planted" in json.dumps(gone.result)) == (gone.diff, False)
    for service in stack.containers().values():
        assert [entry for entry in service["Config"]["Env"] or [] if "HTTP_PROXY" in entry.upper()] == []
    assert stack.deploy(options).changed is False


def test_a_container_too_many_or_too_few_is_seen(stack):
    stack.deploy(stack.options({"web": stack.service(scale=3)}))

    fewer = stack.deploy(stack.options({"web": stack.service(scale=1)}))
    again = stack.deploy(stack.options({"web": stack.service(scale=1)}))
    none = stack.deploy(stack.options({"web": stack.service(), "other": stack.service(scale=0)}))
    unchanged = stack.deploy(stack.options({"web": stack.service(), "other": stack.service(scale=0)}))

    assert fewer.diff["before"]["service web"]["containers"] == 3
    assert fewer.diff["after"]["service web"]["containers"] == 1
    assert (again.changed, none.changed, unchanged.changed) == (False, True, False)
    assert len(stack.ids()) == 1


def test_a_service_that_is_to_end_is_not_run_again(stack):
    services = {
        "seed": stack.service("exit 0", healthcheck={"disable": True}),  # nobody waits for it
        "job": stack.service("exit 0", healthcheck={"disable": True}),
        "web": stack.service(depends_on={"job": {"condition": "service_completed_successfully"}}),
    }
    stack.deploy(stack.options(services))
    before = stack.containers()

    again = stack.deploy(stack.options(services))

    assert again.changed is False
    for name in ("job", "seed"):
        assert stack.containers()[name]["State"] == before[name]["State"]
    assert {service["name"]: service["state"] for service in again.result["services"]}["seed"] == "exited"


# --------------------------------------------------------------------------------------------------- files, releases


def test_a_file_that_is_not_wanted_any_more_is_removed_and_others_stay(stack):
    override = {"services": {"web": {"labels": {"mine": "yes"}}}}
    stack.deploy(stack.options(override=override))
    (stack.directory / "notes.txt").write_text("of the operator")

    task = stack.deploy(stack.options())

    assert not (stack.directory / "compose.override.yaml").exists()
    assert (stack.directory / "notes.txt").read_text() == "of the operator"
    assert "file compose.override.yaml" in task.diff["before"]
    assert "mine" not in stack.containers()["web"]["Config"]["Labels"]
    assert stack.deploy(stack.options()).changed is False


def test_files_are_kept_to_the_letter_and_their_mode_is_kept_too(stack):
    options = stack.options()
    content = "carriage\r\nreturn, no line feed at the end\u2028"
    options["files"] += [{"path": "conf/own.txt", "content": content, "mode": "0644"}]
    stack.deploy(options)
    file = stack.directory / "conf/own.txt"
    assert (file.read_bytes().decode(), file.stat().st_mode & 0o777) == (content, 0o644)
    assert stack.deploy(options).changed is False

    file.chmod(0o600)
    task = stack.deploy(options)

    assert task.diff == {
        "before": {"file conf/own.txt": {"mode": "0600"}},
        "after": {"file conf/own.txt": {"mode": "0644"}},
    }
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_service_reads_a_mounted_file_again_that_was_changed_by_hand_or_is_new(stack):
    read = f"read -r line < /own.txt; echo told $line; {OBEYS}"
    services = {"web": stack.service(read, volumes=["./own.txt:/own.txt:ro"]), "other": stack.service()}
    options = stack.options(services)
    file = {"path": "own.txt", "content": "as deployed\n", "mode": "0644"}
    options["files"].append(file)

    def told() -> list[str]:
        return docker("logs", f"{stack.name}-web-1").split("told ")[1:]

    stack.deploy(options)
    other = stack.containers()["other"]
    (stack.directory / "own.txt").write_text("by hand\n")
    docker("restart", "--time=0", f"{stack.name}-web-1")
    check = stack.deploy(options, check=True)
    undone = stack.deploy(options)
    assert stack.deploy(options).changed is False
    file["content"] = "new\n"
    stack.deploy(options)

    assert undone.diff == check.diff
    assert undone.diff["before"]["service web"] == {"stale_files": ["own.txt"]}
    assert undone.diff["after"]["service web"] == {"stale_files": []}
    assert told() == ["as deployed\n", "by hand\n", "as deployed\n", "new\n"]
    assert stack.containers()["other"] == other
    # A run that was killed after it wrote the file leaves it newer than what has read it.
    (stack.directory / "own.txt").write_text("new\n")
    left = stack.deploy(options)
    assert left.diff["before"] == {"service web": {"stale_files": ["own.txt"]}}
    assert stack.deploy(options).changed is False


def test_releases_are_kept_to_a_number_and_the_one_that_serves_is_never_removed(stack):
    for number in range(4):
        labels = {"number": str(number)}
        stack.deploy(stack.options({"web": stack.service(labels=labels)}, releases_kept=2))

    kept = sorted(path.name for path in (stack.directory / "releases").iterdir() if not path.is_symlink())
    assert len(kept) == 2
    assert stack.release()["id"] == kept[-1]
    compose = yaml.safe_load((stack.directory / "releases/current/compose.yaml").read_text())
    assert compose["services"]["web"]["labels"] == {"number": "3"}


def test_a_file_is_tried_as_the_service_would_read_it_and_only_when_it_changes(stack):
    (stack.folder / "certificate.pem").write_text("a certificate")
    script = (
        'read -r line < "$1"; echo "$line"; test -s /certificate.pem && test "$line" = "$WORD"'
        ' && ! test -w "$1" && ! test -e /sys/class/net/eth0'
    )
    service = stack.service(
        user="12",
        environment=["WORD=${WORD}"],
        volumes=[f"{stack.folder}/certificate.pem:/certificate.pem:ro", "data:/data"],
    )
    check = {"service": "web", "command": ["sh", "-c", script, "sh", "%s"]}
    file = {"path": "conf/own.txt", "content": "good $word\n", "validate": check}
    options = stack.options({"web": service}, top={"volumes": {"data": {}}}, secrets=secrets(WORD="good $word"))
    options["files"].append(file)

    stack.deploy(options)

    assert (stack.directory / "conf/own.txt").read_text() == "good $word\n"
    tree, serving = stack.tree(), stack.serving()
    file["content"] = "a text that is bad"
    for message in (stack.fail(options), stack.fail(options, check=True)):
        assert "The file conf/own.txt is not valid: sh of web ended with 1: a text that is bad" in message
    assert (stack.tree(), stack.serving()) == (tree, serving)
    file["content"], check["command"] = "good $word\n", ["sh", "-c", "exit 1", "%s"]
    assert stack.deploy(options).changed is False


# ------------------------------------------------------------------------------------------------------- check mode


def test_check_mode_on_an_empty_host_touches_nothing(stack):
    stack.directory.rmdir()
    options = stack.options({"web": stack.service(environment=["A=${A}"])}, secrets=secrets(A=None))

    task = stack.deploy(options, check=True)

    assert set(task.diff["after"]) == {"secret A", "file compose.yaml", "service web", "release"}
    assert (task.result["release"], task.result["services"]) == (None, [])
    assert not stack.directory.exists()
    assert stack.ids() == []


@pytest.mark.parametrize("missing", ["Docker Engine", "Compose"])
def test_check_mode_says_what_it_can_where_something_is_not_installed_yet(stack, missing):
    # A mount namespace hides the program from the module.
    hidden = {"Docker Engine": Path("/var/run/docker.sock").resolve(), "Compose": Path(str(find_compose_plugin()))}
    python = stack.folder / "python-with-less"
    mount = f"mount -t tmpfs none {hidden[missing].parent}"
    python.write_text(f'#!/bin/sh\nexec unshare --mount sh -c \'{mount} && exec /usr/bin/python3 "$@"\' sh "$@"\n')
    python.chmod(0o755)
    interpreter = {"ansible_python_interpreter": str(python)}

    task = stack.run(stack.options(), check=True, extra_vars=interpreter).succeeded().task("Stack")
    real = stack.run(stack.options(), extra_vars=interpreter).task("Stack")

    assert task.changed is True
    assert task.diff["after"]["service web"] == {"state": "running"}
    assert real.status == "failed"
    assert stack.tree() == {}


def test_check_mode_on_a_running_stack_touches_nothing(stack):
    stack.deploy(stack.options(secrets=secrets(A="first-secret")))
    tree, containers = stack.tree(), stack.containers()
    changed = {"web": stack.service(labels={"new": "yes"}), "other": stack.service(image="cvtest-missing:1")}

    task = stack.deploy(stack.options(changed, secrets=secrets(A="second-secret")), check=True)
    absent = stack.deploy({**stack.options(), "state": "absent", "remove_volumes": True}, check=True)

    assert task.diff["after"]["service other"]["image_id"] == "(not on the host yet)"
    assert absent.changed is True
    assert (stack.tree(), stack.containers()) == (tree, containers)


# ------------------------------------------------------------------------------------------------------- absent


def test_absent_keeps_the_data_and_the_secrets_and_takes_nothing_of_others(stack, tmp_path_factory):
    with stack_project(tmp_path_factory.mktemp("neighbour")) as neighbour:
        neighbour.deploy(neighbour.options())
        theirs = (neighbour.tree(), neighbour.containers())
        options = stack.options(
            {"web": stack.service(volumes=["data:/data", "/anonymous"])},
            top={"volumes": {"data": {}}},
            secrets=secrets(A=None),
        )
        absent = stack.absent
        stack.deploy(options)
        files = stack.files()
        docker("pause", f"{stack.name}-web-1")

        alone = {**absent, "remove_volumes": True, "confirm": None}
        everything = (stack.tree(), stack.containers())
        unconfirmed = stack.fail(alone)
        assert [f"container {stack.name}-web-1 (paused)" in unconfirmed, f"volume {stack.name}_data (" in unconfirmed]
        assert stack.deploy(alone, check=True).changed is True  # who only looks confirms nothing
        never = tmp_path_factory.mktemp("never")
        (never / "compose.yaml").touch()
        for foreign in (
            {"project_name": neighbour.name},
            {"project_src": str(neighbour.directory)},
            {"environment_name": "other", "confirm": "other"},
            {"project_name": f"{stack.name}-none", "project_src": str(never)},
        ):
            messages = {
                stack.fail({**absent, "remove_volumes": True, **foreign}, check=check) for check in (True, False)
            }
            assert all("Nothing was changed" in message for message in messages)
            assert len(messages) == 1
        assert (stack.tree(), stack.containers()) == everything
        assert [path.name for path in never.iterdir()] == ["compose.yaml"]

        stack.deploy(absent)
        assert stack.ids() == []
        assert stack.files() == files
        assert docker("volume", "ls", "--quiet", f"--filter=name={stack.name}_data").strip()
        assert stack.deploy(absent).changed is False

        stack.deploy(options)
        assert stack.files() == files
        anonymous = [mount["Name"] for mount in stack.containers()["web"]["Mounts"]]
        (stack.directory / "notes.txt").write_text("of the operator")

        stack.deploy({**absent, "remove_volumes": True})
        assert sorted(path.name for path in stack.directory.iterdir()) == [".convosphere.json", "notes.txt"]
        volumes = docker("volume", "ls", "--quiet").split()
        assert [name for name in anonymous if name in volumes] == []
        assert stack.deploy({**absent, "remove_volumes": True}).changed is False

        (stack.directory / "notes.txt").unlink()
        stack.deploy({**absent, "remove_volumes": True})
        assert not stack.directory.exists()
        assert stack.deploy({**absent, "remove_volumes": True}).changed is False
        assert (neighbour.tree(), neighbour.containers()) == theirs


def test_a_volume_whose_definition_changed_keeps_its_data(stack):
    services = {"web": stack.service(f"touch /data/precious; {OBEYS}", volumes=["data:/data"])}
    stack.deploy(stack.options(services, top={"volumes": {"data": {}}}))
    created = docker("volume", "inspect", "--format={{.CreatedAt}} {{.Mountpoint}}", f"{stack.name}_data")

    stack.deploy(stack.options(services, top={"volumes": {"data": {"labels": {"new": "yes"}}}}))

    assert docker("volume", "inspect", "--format={{.CreatedAt}} {{.Mountpoint}}", f"{stack.name}_data") == created


# ----------------------------------------------------------------------------------------------------------- volumes

USER = "1234:1235"


def test_a_volume_that_its_service_cannot_write_is_given_to_the_user_of_the_service(stack):
    # Docker creates a volume for root if the image has no directory at its place; later its owner is changed.
    options = stack.options(
        {"web": stack.service(user=USER, volumes=["data:/data"], security_opt=["no-new-privileges:true"])},
        top={"volumes": {"data": {}}},
    )
    container, volume = f"{stack.name}-web-1", f"volume {stack.name}_data"
    stack.deploy(options)
    docker("exec", container, "touch", "/data/file")
    docker("run", "--rm", "--user=0", f"--volume={stack.name}_data:/data", stack.image, "chown", "-R", "0:0", "/data")
    expected = {
        "before": {volume: {"writable_by": f"others than user {USER}"}},
        "after": {volume: {"writable_by": f"user {USER}"}},
    }

    check = stack.deploy(options, check=True)
    assert docker("exec", container, "stat", "--format=%u:%g", "/data").strip() == "0:0"
    changed = stack.deploy(options)
    again = stack.deploy(options)

    assert (check.diff, changed.diff) == (expected, expected)
    assert (check.changed, changed.changed, again.changed) == (True, True, False)
    assert docker("exec", container, "stat", "--format=%u:%g", "/data", "/data/file").split() == [USER, USER]


def test_what_is_not_of_the_stack_is_not_given_away(stack, tmp_path):
    # For a directory of the host, and a volume of another project, the deploy fails and names the next action.
    directory, foreign = tmp_path / "shared", f"{stack.name}-foreign"
    directory.mkdir(mode=0o755)
    docker("volume", "create", foreign)
    try:
        messages = [
            stack.fail(stack.options({"web": stack.service(user=USER, volumes=[f"{directory}:/data"])})),
            stack.fail(
                stack.options(
                    {"web": stack.service(user=USER, volumes=["data:/data"])},
                    top={"volumes": {"data": {"external": True, "name": foreign}}},
                )
            ),
        ]
    finally:
        for name in stack.ids():
            docker("rm", "--force", name)
        docker("volume", "rm", foreign)

    for message, what in zip(messages, (f"directory {directory}", f"volume {foreign}"), strict=True):
        assert f"web runs as user {USER} and cannot write /data, which is in the {what}" in message
        assert f"chown -R {USER}" in message
    assert "The volume belongs to another project and was not changed." in messages[1]
    assert directory.stat().st_uid == 0


# -------------------------------------------------------------------------------------------------------------- busy


def test_a_deploy_does_not_fail_on_a_platform_that_is_busy(stack):
    # A health check fails if users have all connections of the platform; without its database the deploy fails.
    ill = stack.service(healthcheck=probe("false"))
    with serving(Platform()) as platform:
        options = stack.options({"backend": ill}, api_url=platform.url)
        platform.ill = {"database"}
        platform.pool = {"pool_size": 5, "checked_out": 15}
        first = stack.deploy(options)
        unchanged = stack.deploy(options)
        platform.pool = {"pool_size": 5, "checked_out": 0}
        broken = stack.fail({**options, "wait_timeout": 3})

    assert "backend did not become healthy within 3 s" in broken
    assert (first.changed, unchanged.changed) == (True, False)
    for result in (first, unchanged):
        (warning,) = result.result["warnings"]
        assert "The platform is busy: 15 connections to its database are in use" in str(warning)
