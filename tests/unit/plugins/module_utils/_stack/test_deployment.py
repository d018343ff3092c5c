# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    ConvosphereError,
    UnhealthyError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_cli
from ansible_collections.convosphere.platform.plugins.module_utils._host import served_release
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deploy_plan, releases, state
from ansible_collections.convosphere.platform.plugins.module_utils._stack import deployment as stack_deployment
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

from support.containers import container, engine

IMAGE = "registry:5000/app:1.0"
GOOD, BAD = "sha256:1234", "sha256:bad0"
OLD = {"compose.yaml": "old", "old.txt": "left over"}
RECORD = {
    "images": {"web": f"{IMAGE}@1234"},
    "files": {name: deploy_plan.digest(text) for name, text in OLD.items()},
}
MODEL = {"services": {"web": {"image": IMAGE}}}


@pytest.fixture
def compose(monkeypatch):
    """Fake a Compose that records each `up`, and fails once for each of its `failures`."""
    mock = Mock(ups=[], failures=[])

    def up(self: Any, files: list[Path], **_options: float) -> None:
        mock.ups.append((dict(self.variables), {file.name: file.read_text() for file in files}))
        if mock.failures:
            raise mock.failures.pop(0)

    monkeypatch.setattr(compose_cli.Compose, "up", up)
    monkeypatch.setattr(compose_cli.Compose, "model", lambda _self, _files: MODEL)
    return mock


def deployment(directory: Path, wait: Any = None, found: Any = None) -> stack_deployment.Deployment:
    """Build a deploy of a new compose.yaml, an override and a new secret over a current release."""
    for name, text in OLD.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o644)
    (directory / ".env").write_text("# mine\nTOKEN=old-token # note\n")
    (directory / ".env").chmod(0o600)
    releases.save(directory / "releases", {"id": "1", **RECORD}, OLD)
    texts = {"compose.yaml": ("new", "0640"), "compose.override.yaml": ("more", "0640")}
    entries = [{"name": "TOKEN", "value": "new-token"}]
    stack = state.Stack("p", directory, "unix:///x", texts, Secrets(directory, entries))
    stack.read_files()
    stack.model = {"services": {"web": {"image": IMAGE}, "new": {"image": IMAGE}}}
    stack.image_ids = {IMAGE: GOOD}
    served = [container("web")]
    stack.containers = {"web": served}
    client = engine(*(served if found is None else found))
    client.api.inspect_image.side_effect = images(GOOD)
    return stack_deployment.Deployment(stack, client, wait or Mock(), Mock(), 5)


def images(tagged: str) -> Any:
    """Fake the engine's answer about images: the tag has this id, and any other reference is an id."""
    return lambda reference: {"Id": tagged if reference == IMAGE else f"sha256:{reference}"}


def tree(directory: Path) -> dict[str, tuple[str, int]]:
    # The ages of the secrets have the time of the run.
    paths = [path for path in directory.iterdir() if path.is_file() and path.name != "secrets.json"]
    return {path.name: (path.read_text(), path.stat().st_mode & 0o777) for path in paths}


def test_a_deploy_writes_what_differs_and_removes_what_is_not_wanted(tmp_path, compose):
    deployment(tmp_path).apply()

    assert tree(tmp_path) == {
        "compose.yaml": ("new", 0o640),
        "compose.override.yaml": ("more", 0o640),
        ".env": ('# mine\nTOKEN="new-token"\n', 0o600),
    }
    assert compose.ups == [({"TOKEN": "new-token"}, {"compose.yaml": "new", "compose.override.yaml": "more"})]


def test_what_compose_let_run_on_is_restarted_where_it_has_a_written_file_mounted(tmp_path, compose):
    deploy = deployment(tmp_path)
    ahead = "2999-01-31T12:00:00Z"  # the clock was set back since: what was written tells
    mounted = {"Mounts": [{"Type": "bind", "Source": f"{tmp_path}/compose.override.yaml"}], "started": ahead}
    hashed = {"labels": {"com.docker.compose.config-hash": "1"}}
    reader, started_anew = (container(name, **mounted, **hashed) for name in ("web", "api"))
    other = container("other", **hashed)
    deploy.stack.containers = {"web": [reader], "api": [container("api")], "other": [other]}
    deploy.stack.model = {"services": {name: {"image": IMAGE} for name in ("web", "api", "other")}}
    deploy.client.containers.list.return_value = [reader, started_anew, other]

    deploy.apply()

    restarted = [item for item in (reader, started_anew, other) if item.client.api.start.called]
    assert restarted == [reader]
    assert reader.client.api.stop.call_count == 1
    assert len(compose.ups) == 1


@pytest.mark.parametrize("step", ["up", "wait", "gate"])
def test_a_deploy_that_fails_puts_everything_back_to_the_letter(tmp_path, compose, step):
    error = CommandError("Cannot bring it up: port is taken", returncode=1)
    wait = Mock(side_effect=[UnhealthyError("web is ill", services=["web"]), None] if step == "wait" else None)
    found = [container("web", Image=BAD)] if step == "gate" else None
    deploy = deployment(tmp_path, wait, found)
    before = tree(tmp_path)
    compose.failures = [error] if step == "up" else []

    with pytest.raises(ConvosphereError, match=r"^The deploy failed. It was rolled back: release 1 serves.\n"):
        deploy.apply()

    assert tree(tmp_path) == before
    variables, files = compose.ups[-1]
    assert variables == {"TOKEN": "old-token"}
    assert files["compose.yaml"] == "old"
    assert "compose.override.yaml" not in files
    assert list(wait.call_args.args[0]) == ["web"]  # the services of before, not the new ones
    assert served_release.current(tmp_path / "releases") == {"id": "1", **RECORD}


def test_the_platform_is_asked_where_the_new_stack_has_it_and_not_on_the_way_back(tmp_path, compose):
    # The previous release may be reached at another port.
    deploy = deployment(tmp_path)
    ask = Mock(side_effect=UnhealthyError("The platform at http://127.0.0.1:18000 is unreachable"))

    with pytest.raises(UnhealthyError, match=r"It was rolled back: release 1 serves\.\nThe platform at .*:18000 is"):
        dataclasses.replace(deploy, ask_platform=ask).apply()

    assert ask.call_count == 1
    assert len(compose.ups) == 2


def test_after_a_deploy_that_was_killed_the_way_back_leads_to_the_release(tmp_path, compose):
    # The files that the killed deploy wrote are already as desired, and must not become the target of the rollback.
    deploy = deployment(tmp_path, Mock(side_effect=[UnhealthyError("ill"), None]))
    (tmp_path / "compose.yaml").write_text("new")
    (tmp_path / "compose.override.yaml").write_text("more")
    (tmp_path / "old.txt").unlink()
    deploy.stack.read_files()

    with pytest.raises(UnhealthyError, match="was rolled back"):
        deploy.apply()

    assert (tmp_path / "compose.yaml").read_text() == "old"
    assert (tmp_path / "old.txt").read_text() == "left over"
    assert not (tmp_path / "compose.override.yaml").exists()
    assert compose.ups[-1][1]["compose.yaml"] == "old"


def test_what_a_killed_deploy_had_brought_up_is_gone_back_from_where_it_is_ill(tmp_path, compose):
    deploy = deployment(tmp_path, Mock(side_effect=[UnhealthyError("ill"), None]))
    (tmp_path / "compose.yaml").write_text("new")
    deploy.stack.read_files()

    with pytest.raises(UnhealthyError, match="It was rolled back: release 1 serves"):
        deploy.complete()

    assert (tmp_path / "compose.yaml").read_text() == "old"
    assert [files["compose.yaml"] for _variables, files in compose.ups] == ["old"]


def test_a_release_that_is_ill_itself_is_nothing_to_go_back_to(tmp_path, compose):
    deploy = deployment(tmp_path, Mock(side_effect=UnhealthyError("ill")))
    stack_deployment.record_release(deploy.stack, environment="prod", released_by="alice", keep=1)

    with pytest.raises(UnhealthyError, match=r"^ill$"):
        deploy.complete()

    assert compose.ups == []


@pytest.mark.parametrize("found", ["of another deploy, killed", "by hand"])
def test_what_never_served_as_a_release_is_not_brought_back_and_that_is_told(tmp_path, compose, found):
    deploy = deployment(tmp_path, Mock(side_effect=[UnhealthyError("ill"), None]))
    (tmp_path / "compose.yaml").write_text(found)
    deploy.stack.read_files()

    with pytest.raises(UnhealthyError, match=r"serves\. The changes found in compose\.yaml, .*, are undone\.\nill$"):
        deploy.apply()

    assert (tmp_path / "compose.yaml").read_text() == "old"
    assert compose.ups[-1][1]["compose.yaml"] == "old"


@pytest.mark.usefixtures("compose")
def test_a_release_that_lost_a_file_is_not_taken_for_one_without(tmp_path):
    deploy = deployment(tmp_path, Mock(side_effect=UnhealthyError("ill")))
    (tmp_path / "compose.yaml").write_text("by hand")
    (tmp_path / "releases/1/compose.yaml").unlink()
    deploy.stack.read_files()

    with pytest.raises(UnhealthyError, match=r"Rolling back to release 1 failed too: .* has no copy of compose\.yaml"):
        deploy.apply()


@pytest.mark.parametrize(
    ("now", "pins"),
    [(GOOD, '{"services": {}}'), (BAD, '{"services": {"web": {"image": "sha256:1234"}}}')],
)
def test_an_image_is_named_by_its_id_only_where_its_tag_moved(tmp_path, compose, now, pins):
    deploy = deployment(tmp_path, Mock(side_effect=[UnhealthyError("ill"), None]))
    deploy.client.api.inspect_image.side_effect = images(now)

    with pytest.raises(UnhealthyError, match="was rolled back"):
        deploy.apply()

    assert pins in compose.ups[-1][1].values()


@pytest.mark.usefixtures("compose")
@pytest.mark.parametrize("before", [None, "# mine\nTOKEN=old # note\n"])
def test_a_secret_that_was_made_up_outlives_a_deploy_that_fails(tmp_path, before):
    # A service may have initialised its data with the secret.
    deploy = deployment(tmp_path, Mock(side_effect=[UnhealthyError("ill"), None]))
    (tmp_path / ".env").unlink()
    if before is not None:
        (tmp_path / ".env").write_text(before)
        (tmp_path / ".env").chmod(0o600)
    deploy.stack.secrets.entries = [{"name": "TOKEN", "value": "new"}, {"name": "MADE", "length": 40}]
    deploy.stack.read_files()

    with pytest.raises(UnhealthyError, match="was rolled back"):
        deploy.apply()

    text = (tmp_path / ".env").read_text()
    assert f'MADE="{deploy.stack.secrets.desired["MADE"]}"\n' in text
    assert text.startswith(before or "# Secrets of this environment")


def test_what_nobody_thought_of_leads_back_too(tmp_path, compose):
    compose.failures = [KeyError("surprise")]
    deploy = deployment(tmp_path)
    before = tree(tmp_path)

    with pytest.raises(
        ConvosphereError, match=r"It was rolled back: release 1 serves.\nUnexpected KeyError: 'surprise'"
    ):
        deploy.apply()

    assert tree(tmp_path) == before
    compose.failures = [KeyError("surprise"), OSError("another")]
    with pytest.raises(ConvosphereError, match="Rolling back to release 1 failed too: another\n"):
        deploy.apply()


def test_a_first_deploy_that_fails_is_left_to_look_at(tmp_path, compose):
    deploy = deployment(tmp_path, Mock(side_effect=UnhealthyError("web is ill", services=["web"])))
    (tmp_path / "releases/current").unlink()

    with pytest.raises(
        UnhealthyError, match=r"No release served before: the containers are kept.*\nweb is ill"
    ) as caught:
        deploy.apply()

    assert caught.value.details == {"services": ["web"]}
    assert len(compose.ups) == 1
    assert (tmp_path / "compose.yaml").read_text() == "new"


def test_a_release_without_containers_did_not_serve(tmp_path, compose):
    deploy = deployment(tmp_path, Mock(side_effect=UnhealthyError("web is ill")))
    deploy.stack.containers = {}

    with pytest.raises(UnhealthyError, match="No release served before: "):
        deploy.apply()

    assert len(compose.ups) == 1


def test_a_way_back_that_fails_is_told_beside_the_first_error(tmp_path, compose):
    compose.failures = [CommandError("first error", returncode=1), CommandError("second error")]

    with pytest.raises(ConvosphereError, match="Rolling back to release 1 failed too: second error\nfirst error"):
        deployment(tmp_path).apply()


@pytest.mark.parametrize(
    ("details", "health", "told"),
    [({"returncode": 1}, "unhealthy", True), ({"returncode": 1}, "starting", False), ({}, "starting", True)],
)
def test_what_compose_waited_for_in_vain_is_explained_by_its_log(tmp_path, compose, details, health, told):
    compose.failures = [CommandError("Compose said no", **details)]
    deploy = deployment(tmp_path, found=[container("web", health=health)])

    with pytest.raises(ConvosphereError, match="Compose said no") as caught:
        deploy.apply()

    assert ("Last lines of p-web-1:\nfirst\nlast" in str(caught.value)) is told


def test_a_release_is_recorded_with_who_and_when(tmp_path):
    deploy = deployment(tmp_path)

    stack_deployment.record_release(deploy.stack, environment="prod", released_by="alice", keep=1)

    record = served_release.current(tmp_path / "releases")
    assert record is not None
    assert (record["environment"], record["released_by"]) == ("prod", "alice")
    assert record["released_at"].endswith("+00:00")
    assert set(record["files"]) == {"compose.yaml", "compose.override.yaml"}
    saved = tmp_path / "releases" / record["id"]
    assert sorted(path.name for path in saved.iterdir()) == ["compose.override.yaml", "compose.yaml", "release.json"]
    assert not (tmp_path / "releases/1").exists()


@pytest.mark.usefixtures("compose")
def test_what_backends_have_in_memory_is_completed_once_all_are_healthy(tmp_path):
    order = Mock()
    deploy = deployment(tmp_path, order.wait)

    dataclasses.replace(deploy, ready=order.ready, ready_again=order.ready_again).apply()

    assert [name for name, *_rest in order.mock_calls] == ["wait", "ready"]
    assert order.ready.call_args.args[0].keys() == {"web"}


def test_new_containers_are_completed_after_their_gate_and_before_anything_reaches_them(tmp_path):
    order = Mock()
    order.rollout.others.return_value = []
    deploy = dataclasses.replace(deployment(tmp_path), ready=order.ready)

    deploy.bring_beside(order.rollout)

    assert [name for name, *_rest in order.mock_calls][-2:] == ["rollout.gate", "ready"]
    order.ready.assert_called_once_with(order.rollout.serving)
    order.rollout.switch.assert_not_called()


@pytest.mark.usefixtures("compose")
def test_a_rollback_completes_them_by_the_way_that_raises_nothing(tmp_path):
    order = Mock()
    order.ready.side_effect = UnhealthyError("The MCP server search is not registered")
    deploy = dataclasses.replace(deployment(tmp_path), ready=order.ready, ready_again=order.ready_again)

    with pytest.raises(UnhealthyError, match=r"It was rolled back: release 1 serves\.\nThe MCP server search is not"):
        deploy.apply()

    assert [name for name, *_rest in order.mock_calls] == ["ready", "ready_again"]
