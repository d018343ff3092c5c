# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._stack import known_secrets, secret_record


def test_the_secrets_of_a_stack_are_those_of_its_file_and_of_its_containers(tmp_path):
    (tmp_path / ".env").write_text('SECRET_KEY="now-planted"\nHTTP_PORT=8080\nSHORT=abc\n')
    variables = ["SECRET_KEY=old-planted", "MODE=production", "API_TOKEN=token-planted", "URL=redis://:in-a-url@redis"]
    container: Any = SimpleNamespace(attrs={"Config": {"Env": variables}})

    found = known_secrets.of_stack(tmp_path, [container])

    assert found == ["in-a-url", "now-planted", "old-planted", "token-planted"]
    assert known_secrets.of_stack(None, []) == []


def test_without_an_engine_the_values_of_a_rotation_are_known_also_if_another_file_is_corrupt(tmp_path):
    (tmp_path / ".env").write_text("SECRET_KEY=now-planted\n")
    previous = {"REDIS_PREVIOUS_PASSWORD": Secret("ends-planted")}
    rotation = secret_record.Rotation({"SECRET_KEY": Secret("new-planted")}, "2026-11-29T10:00:00Z", previous=previous)
    secret_record.write(tmp_path, secret_record.Record(rotation=rotation))
    release = tmp_path / "releases/current"
    release.mkdir(parents=True)
    (release / "release.json").write_text("{")

    assert known_secrets.of_stack(tmp_path, []) == ["ends-planted", "new-planted", "now-planted"]


@pytest.mark.parametrize(
    ("environment", "values"),
    [
        ("{SMTP_PASSWORD: planted-value, MODE: production}", {"planted-value"}),
        ("[API_TOKEN=planted=value, MODE, SMTP_PASSWORD]", {"planted=value"}),
        ("!override {SMTP_PASSWORD: planted$$value}", {"planted$value"}),
        ("{SMTP_PASSWORD: '${SMTP_PASSWORD}', API_TOKEN: short}", set()),
        ("", set()),
    ],
)
def test_the_values_that_a_compose_file_gives_itself_are_known(environment, values):
    text = f"services:\n  app:\n    image: x\n    environment: {environment}\n  other: {{image: y}}\n"

    assert known_secrets.in_compose_file(text) == values


@pytest.mark.parametrize("text", ["", "a: [", ":80 {\n}\n", "services: 1\n", "services: {app: null}\n"])
def test_another_file_gives_no_values(text):
    assert known_secrets.in_compose_file(text) == set()
