# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE
from ansible_collections.convosphere.platform.plugins.module_utils._stack import (
    deploy_plan,
    image_checks,
    releases,
    state,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets
from docker.errors import ImageNotFound

from support.containers import container

IMAGE = "registry:5000/app:1.0"
GOOD = "sha256:1234"
HASH = "com.docker.compose.config-hash"
FILE = {"path": "compose.yaml", "content": "services: {}\n", "mode": "0640"}


def stack_of(directory: Path, texts: Any = None, entries: Any = ()) -> state.Stack:
    return state.Stack(
        "p", directory, "unix:///x", texts or {"compose.yaml": ("services: {}\n", "0640")}, Secrets(directory, entries)
    )


def running(stack: state.Stack, services: dict[str, Any], **containers: Any) -> state.Stack:
    """Complete the stack as Compose and the engine would describe it."""
    stack.model = {"services": {name: {"image": IMAGE, **service} for name, service in services.items()}}
    stack.hashes = dict.fromkeys(services, "0123456789abcdef")
    stack.image_ids = {IMAGE: GOOD}
    stack.containers = {name: list(found) for name, found in containers.items()}
    return stack


def like(status: str = "running", config: str = "0123456789abcdef", **more: Any) -> Any:
    return container("web", status, labels={HASH: config}, **more)


def services_plan(stack: state.Stack) -> Any:
    return deploy_plan._services(stack)


# ------------------------------------------------------------------------------------------------------- the stack


def test_files_are_those_that_are_wanted_or_that_the_release_brought(tmp_path):
    releases.save(tmp_path / "releases", {"id": "1", "files": {"old.txt": "x", "gone.txt": "y"}}, {})
    for name in ("compose.yaml", "old.txt", "notes.txt"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o644)
    stack = stack_of(tmp_path)

    stack.read_files()
    plan = deploy_plan.plan(stack, engine_read=False)

    assert stack.current_texts == {
        "compose.yaml": "compose.yaml",
        "old.txt": "old.txt",
        "gone.txt": None,
        "compose.override.yaml": None,
    }
    assert plan.names(UPDATE) == ["file compose.yaml", "release"]
    assert plan.names(DELETE) == ["file old.txt"]


def test_an_override_that_is_not_wanted_is_removed_whoever_wrote_it(tmp_path):
    # Compose reads the file whenever it is called without a list of files.
    (tmp_path / "compose.override.yaml").write_text("services: {}")
    stack = stack_of(tmp_path)

    stack.read_files()

    assert deploy_plan.plan(stack, engine_read=False).names(DELETE) == ["file compose.override.yaml"]


def test_only_given_secrets_are_written_and_the_rest_of_the_file_is_known(tmp_path):
    (tmp_path / ".env").write_text("A=old-value\nPLAIN='x y'\nFOLLOWS=${A}\n")
    (tmp_path / ".env").chmod(0o600)
    stack = stack_of(tmp_path, entries=[{"name": "A", "value": "new-value"}])

    stack.read_files()

    assert stack.secrets.desired == {"A": "new-value"}
    # FOLLOWS is left to Compose, which reads it from the file.
    assert stack.compose.variables == {"A": "new-value", "PLAIN": "x y"}
    assert stack.compose_with({}).variables == {"A": "old-value", "PLAIN": "x y"}


def test_what_is_masked_is_every_secret_of_before_and_after_and_no_short_setting(tmp_path):
    (tmp_path / ".env").write_text("A=old-value\nPORT=8080\nOTHER_TOKEN=of-the-operator\n")
    (tmp_path / ".env").chmod(0o600)
    stack = stack_of(tmp_path, entries=[{"name": "A", "value": "new/value"}, {"name": "PIN", "value": "1 2"}])
    stack.read_files()

    assert set(stack.secrets.values()) == {"old-value", "new/value", "1 2", "of-the-operator"}


def test_compose_files_are_in_the_order_in_which_they_are_merged(tmp_path):
    texts = dict.fromkeys(("compose.override.yaml", "Caddyfile", "compose.yaml"), ("", "0640"))

    found = stack_of(tmp_path, texts).compose_files()

    assert [file.name for file in found] == ["compose.yaml", "compose.override.yaml"]


@pytest.mark.parametrize(
    ("file", "part"),
    [
        *(
            (({"path": path}), f"The file '{path}' cannot be")
            for path in ("/etc/x", "../x", "a/../../x", ".env", ".lock")
        ),
        ({"content": {"services": {}}}, "The content of compose.yaml is not text"),
        ({"path": "releases/1/compose.yaml"}, "The file 'releases/1/compose.yaml' cannot be"),
        *(
            ({"mode": mode}, f"The mode of compose.yaml is {mode}")
            for mode in ("416", "640", "u=rw", "0999", "", "00640")
        ),
        ({"path": "Caddyfile"}, "There is no compose.yaml in files"),
    ],
)
def test_files_that_cannot_be_are_refused(file, part):
    with pytest.raises(InputError) as caught:
        state.texts_of([{**FILE, **file}])

    assert part in str(caught.value)


def test_all_that_is_wrong_with_files_is_told_at_once():
    with pytest.raises(InputError, match=r"3 problems: .*'/x'.*mode of Caddyfile.*no compose.yaml"):
        state.texts_of([{**FILE, "path": "/x"}, {**FILE, "path": "Caddyfile", "mode": "7"}])


def test_files_that_can_be_are_taken():
    files = [FILE, {**FILE, "path": "conf/..dots", "mode": "0644"}]

    assert state.texts_of(files) == {
        "compose.yaml": ("services: {}\n", "0640"),
        "conf/..dots": ("services: {}\n", "0644"),
    }


def test_an_image_is_known_by_whatever_refers_to_it():
    client = Mock()
    client.api.inspect_image.side_effect = [{"Id": GOOD}, ImageNotFound("no such image")]

    assert state.image_id(client, "docker.io/library/redis@sha256:12") == GOOD
    assert state.image_id(client, "redis") is None


def test_every_missing_image_is_named(tmp_path):
    stack = running(stack_of(tmp_path), {})
    stack.image_ids = {"b:1": None, IMAGE: GOOD, "a:1": None}

    with pytest.raises(InputError, match="The host has no image a:1, b:1"):
        image_checks.refuse_missing_images(stack)


def test_an_image_that_is_to_come_is_not_missing(tmp_path):
    stack = running(stack_of(tmp_path), {})
    stack.image_ids = {"b:1": None, "a:1": None}

    with pytest.raises(InputError, match="The host has no image b:1\\. "):
        image_checks.refuse_missing_images(stack, ["a:1"])


@pytest.mark.parametrize("other", ["sha256:5678", None])
def test_the_schema_of_another_image_is_refused_whether_all_images_are_there_or_not(tmp_path, other):
    stack = running(stack_of(tmp_path), {"web": {}})
    stack.schema = {"image_id": GOOD}

    stack.image_ids = {IMAGE: GOOD, "sidecar": other}
    image_checks.refuse_schema_of_another_image(stack, "web")
    stack.image_ids = {IMAGE: "sha256:1", "sidecar": other}
    with pytest.raises(InputError, match="image sha256:1234, which no service of the stack has"):
        image_checks.refuse_schema_of_another_image(stack, "web")


def test_a_database_host_records_the_schema_of_backends_on_other_hosts_and_their_image(tmp_path):
    stack = running(stack_of(tmp_path), {"web": {}}, web=[like()])
    stack.read_files()
    stack.schema = {"image_id": "sha256:0123456789abcdef", "heads": ["a"]}

    image_checks.refuse_schema_of_another_image(stack, "backend")

    assert deploy_plan.desired_release(stack)["schema_image"] == "0123456789ab"
    releases.save(stack.releases, {"id": "1", "schema": stack.schema, **deploy_plan.desired_release(stack)}, {})
    assert "release" in deploy_plan.plan(stack, engine_read=True).unchanged
    stack.schema = {"image_id": "sha256:another00000", "heads": ["a"]}
    assert "release" in deploy_plan.plan(stack, engine_read=True).names(UPDATE)
    stack.schema = {"image_id": stack.image_ids[IMAGE], "heads": ["a"]}
    assert "schema_image" not in deploy_plan.desired_release(stack)


def test_every_standin_is_named(tmp_path):
    stack = running(stack_of(tmp_path), {})
    stack.image_ids = {"b:1": "sha256:b", "missing:1": None, "real:1": "sha256:c", "a:1": "sha256:a"}
    standin, real = {"Labels": {"org.convosphere.sandbox": "true"}}, {"Labels": None}
    client = Mock()
    client.api.inspect_image.side_effect = lambda found: {"Config": real if found == "sha256:c" else standin}

    with pytest.raises(InputError, match=r"stand-ins.*: a:1, b:1\. Nothing"):
        image_checks.refuse_standins(stack, client)
    stack.image_ids = {"real:1": "sha256:c", "missing:1": None}
    image_checks.refuse_standins(stack, client)


# ------------------------------------------------------------------------------------------------------- the plan


def test_a_service_that_is_as_it_shall_be_is_left_alone(tmp_path):
    plan = services_plan(running(stack_of(tmp_path), {"web": {}}, web=[like()]))

    assert plan.changed is False


@pytest.mark.parametrize(
    ("found", "service", "before", "after"),
    [
        ([like("exited")], {}, {"state": "exited"}, {"state": "running"}),
        ([like(), like("exited")], {"scale": 2}, {"state": "exited, running"}, {"state": "running"}),
        ([like(), like()], {}, {"containers": 2}, {"containers": 1}),
        ([like()], {"deploy": {"replicas": 2}}, {"containers": 1}, {"containers": 2}),
        ([like(config="fedcba9876543210")], {}, {"configuration": "fedcba987654"}, {"configuration": "0123456789ab"}),
        ([like(Image="sha256:5678")], {}, {"image_id": "5678"}, {"image_id": "1234"}),
    ],
)
def test_what_differs_is_what_the_diff_shows(tmp_path, found, service, before, after):
    plan = services_plan(running(stack_of(tmp_path), {"web": service}, web=found))

    assert plan.diff() == {"before": {"service web": before}, "after": {"service web": after}}


@pytest.mark.parametrize(
    ("config", "stale"), [("0123456789abcdef", {"stale_files": ["own.txt"]}), ("fedcba9876543210", None)]
)
def test_a_file_that_is_rewritten_restarts_what_has_it_mounted_unless_that_is_recreated(tmp_path, config, stale):
    stack = running(stack_of(tmp_path, {"own.txt": ("new", "0640")}), {"web": {}})
    (tmp_path / "own.txt").write_text("by hand")
    stack.read_files()
    stack.containers = {"web": [like(config=config, Mounts=[{"Type": "bind", "Source": f"{tmp_path}/own.txt"}])]}

    diff = services_plan(stack).diff()

    assert diff["before"]["service web"] == (stale or {"configuration": "fedcba987654"})
    assert diff["after"]["service web"] == ({"stale_files": []} if stale else {"configuration": "0123456789ab"})


def test_a_service_that_is_not_wanted_is_removed_and_a_new_one_created(tmp_path):
    stack = running(
        stack_of(tmp_path), {"new": {}, "none": {"scale": 0}, "idle": {"scale": 0}}, old=[like()], idle=[like()]
    )

    plan = services_plan(stack)

    assert plan.names(CREATE) == ["service new"]
    assert sorted(plan.names(DELETE)) == ["service idle", "service old"]


def test_a_service_of_a_profile_that_was_started_by_hand_is_left_alone(tmp_path):
    text = "services: {web: {image: a}, admin: {image: a, profiles: [tools]}}"
    stack = running(
        stack_of(tmp_path, {"compose.yaml": (text, "0640")}), {"web": {}}, web=[like()], admin=[like()], gone=[like()]
    )

    assert services_plan(stack).names(DELETE) == ["service gone"]


@pytest.mark.parametrize(("exit_code", "changed"), [(0, False), (1, True)])
def test_a_job_that_ended_well_is_not_started_again(tmp_path, exit_code, changed):
    after = {"web": {"depends_on": {"job": {"condition": "service_completed_successfully"}}}, "job": {}}
    stack = running(stack_of(tmp_path), after, web=[like()], job=[like("exited", exit_code=exit_code)])

    assert services_plan(stack).changed is changed


def test_an_image_that_is_not_there_yet_is_told_as_such(tmp_path):
    stack = running(stack_of(tmp_path), {"web": {}})
    stack.image_ids = {IMAGE: None}

    assert services_plan(stack).diff()["after"]["service web"]["image_id"] == "(not on the host yet)"
    assert deploy_plan.images_of(stack) == {"web": f"{IMAGE}@(not on the host yet)"}


def test_a_release_is_told_by_its_images_and_files(tmp_path):
    stack = running(stack_of(tmp_path), {"web": {}}, web=[like()])
    stack.read_files()
    releases.save(stack.releases, {"id": "1", **deploy_plan.desired_release(stack)}, {})

    digest = hashlib.sha256(b"services: {}\n").hexdigest()[:12]
    assert deploy_plan.desired_release(stack) == {"images": {"web": f"{IMAGE}@1234"}, "files": {"compose.yaml": digest}}
    assert "release" in deploy_plan.plan(stack, engine_read=True).unchanged
    stack.image_ids = {IMAGE: "sha256:5678"}
    assert "release" in deploy_plan.plan(stack, engine_read=True).names(UPDATE)


def test_a_release_is_told_by_the_revisions_of_its_schema_where_they_are_known(tmp_path):
    stack = running(stack_of(tmp_path), {"web": {}}, web=[like()])
    stack.read_files()
    releases.save(stack.releases, {"id": "1", **deploy_plan.desired_release(stack)}, {})
    assert "release" in deploy_plan.plan(stack, engine_read=True).unchanged

    stack.schema = {"heads": ["a", "b"]}

    assert deploy_plan.desired_release(stack)["schema_revisions"] == ["a", "b"]
    assert "release" in deploy_plan.plan(stack, engine_read=True).names(UPDATE)


@pytest.mark.parametrize(
    ("text", "names"),
    [("services: {a: {}, b: {}}", ["a", "b"]), ("services:", []), ("", []), ("x-y: 1", [])],
)
def test_services_are_known_without_compose(tmp_path, text, names):
    stack = stack_of(tmp_path, {"compose.yaml": (text, "0640"), "compose.override.yaml": ("services: {}", "0640")})

    assert deploy_plan.services_of(stack) == names


@pytest.mark.parametrize("text", ["services: [", "a string", "[1]", "services: 1"])
def test_what_is_no_compose_file_is_bad_input(tmp_path, text):
    with pytest.raises(InputError, match=r"compose\.yaml is not a Compose file"):
        deploy_plan.services_of(stack_of(tmp_path, {"compose.yaml": (text, "0640")}))
