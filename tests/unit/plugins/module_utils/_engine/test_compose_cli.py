# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import command
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CommandError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_cli

PROJECT = compose_cli.Compose("p", Path("/srv/p"), "unix:///engine.sock", {"TOKEN": "a-secret", "DOCKER_HOST": "mine"})
FILES = [Path("/srv/p/compose.yaml"), Path("/srv/p/compose.override.yaml")]


@pytest.fixture
def run(monkeypatch):
    """Replace the function that runs programs by one that records its calls."""
    mock = Mock(return_value="{}")
    monkeypatch.setattr(command, "run", mock)
    return mock


def test_variables_are_given_by_environment_and_never_as_arguments(run):
    PROJECT.up(FILES, timeout=5)

    (arguments,) = run.call_args.args
    environment = run.call_args.kwargs["environment"]
    assert arguments[:4] == ["docker", "compose", "--project-name=p", "--project-directory=/srv/p"]
    assert [item for item in arguments if item.startswith("--file")] == [f"--file={file}" for file in FILES]
    assert not [item for item in arguments if "a-secret" in item]
    assert environment["TOKEN"] == "a-secret"
    assert environment["DOCKER_HOST"] == "unix:///engine.sock"
    assert environment["COMPOSE_PROFILES"] == ""


def test_bringing_up_neither_pulls_nor_builds_and_removes_orphans(run):
    PROJECT.up(FILES, timeout=5)

    assert run.call_args.kwargs["timeout"] == 5
    assert {"--detach", "--remove-orphans", "--no-build", "--pull", "never"} <= set(run.call_args.args[0])


def test_hashes_are_by_service(run):
    run.return_value = "web 1a2b\nother 3c4d\n\n"

    assert PROJECT.hashes(FILES) == {"web": "1a2b", "other": "3c4d"}


def test_an_invalid_project_is_bad_input_in_the_words_of_compose(run):
    run.side_effect = CommandError("Cannot read", returncode=15, stderr="services.web.mem_limit must be a string")

    with pytest.raises(InputError, match=r"p is not valid: services\.web\.mem_limit must be a string"):
        PROJECT.model(FILES)


def test_a_program_that_is_missing_is_no_bad_input(run):
    run.side_effect = CommandError("the program docker is not installed")

    with pytest.raises(CommandError, match="not installed"):
        PROJECT.model(FILES)


def test_the_services_of_an_invalid_project_are_refused_without_its_secrets(run, tmp_path):
    (tmp_path / ".env").write_text('TOKEN="a-long-secret"\n')
    run.side_effect = CommandError("Cannot read", returncode=15, stderr="services.web.ports invalid: a-long-secret")

    with pytest.raises(InputError, match=r"services\.web\.ports invalid: \*{8}\. Correct the Compose files"):
        compose_cli.services_in(tmp_path)
