# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import file_validation, state
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

IMAGE = "caddy:2"
FILE = {"path": "conf/Caddyfile", "content": "ü", "validate": {"service": "edge", "command": ["caddy", "--c=%s", "x"]}}


def stack_of(directory: Path, **service: Any) -> state.Stack:
    stack = state.Stack("p", directory, "unix:///x", {"compose.yaml": ("", "0640")}, Secrets(directory, []))
    stack.model = {"services": {"edge": {"image": IMAGE, **service}}}
    stack.image_ids = {IMAGE: "sha256:1234"}
    return stack


@pytest.fixture
def client():
    mock = Mock()
    container = mock.containers.create.return_value
    container.wait.return_value = {"StatusCode": 0}
    container.logs.return_value = b"first\n\nline 3: bad word \xff\n"
    return mock


def test_the_candidate_is_put_in_and_the_container_removed(tmp_path, client):
    volumes = [
        {"type": "bind", "source": str(tmp_path), "target": "/host"},
        {"type": "bind", "source": str(tmp_path / "missing"), "target": "/missing"},
        {"type": "volume", "source": "data", "target": "/data"},
    ]
    stack = stack_of(tmp_path, volumes=volumes, environment={"A": "x$$y", "B": None}, user="12")

    file_validation.refuse_invalid(stack, client, [FILE, {"path": "other", "content": "", "validate": None}])

    client.containers.create.assert_called_once()
    assert client.containers.create.call_args.args == ("sha256:1234",)
    options = client.containers.create.call_args.kwargs
    assert options["entrypoint"] == ["caddy", "--c=/convosphere-trial/Caddyfile", "x"]
    assert options["volumes"] == {str(tmp_path): {"bind": "/host", "mode": "ro"}}
    assert (options["environment"], options["user"], options["network_mode"]) == ({"A": "x$y"}, "12", "none")
    container = client.containers.create.return_value
    folder, data = container.put_archive.call_args.args
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert folder == "/"
        assert archive.extractfile("convosphere-trial/Caddyfile").read() == "ü".encode()
    container.remove.assert_called_once_with(v=True, force=True)


def test_a_bad_file_is_told_in_the_words_of_the_program(tmp_path, client):
    container = client.containers.create.return_value
    container.wait.return_value = {"StatusCode": 3}

    with pytest.raises(InputError, match=r"(?s)conf/Caddyfile is not valid: caddy of edge ended with 3: .*line 3: bad"):
        file_validation.refuse_invalid(stack_of(tmp_path), client, [FILE])

    container.remove.assert_called_once_with(v=True, force=True)


def test_a_program_that_does_not_end_is_removed_too(tmp_path, client):
    container = client.containers.create.return_value
    container.wait.side_effect = TimeoutError("no answer")

    with pytest.raises(EngineError, match="failed to validate conf/Caddyfile in a container of edge: no answer"):
        file_validation.refuse_invalid(stack_of(tmp_path), client, [FILE])

    container.remove.assert_called_once_with(v=True, force=True)


@pytest.mark.parametrize("why", ["unchanged", "no image", "no container wanted"])
def test_what_cannot_or_need_not_be_tried_is_not(tmp_path, client, why):
    stack = stack_of(tmp_path, **({"scale": 0} if why == "no container wanted" else {}))
    if why == "unchanged":
        stack.current_texts = {"conf/Caddyfile": "ü"}
    if why == "no image":
        stack.image_ids = {IMAGE: None}

    file_validation.refuse_invalid(stack, client, [FILE])

    client.containers.create.assert_not_called()
