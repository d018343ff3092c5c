# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deploy.yml refuses before it changes anything: the release that serves goes on serving."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from support.playbook import PlaybookRun

NOWHERE = "does-not-exist.example/x:1"


@pytest.fixture
def refused(live) -> Callable[..., str]:
    """Run deploy.yml with these variables, see that it fails and that nothing was touched, and return the message."""

    def run(**variables: Any) -> str:
        before = live.traces()
        deploy = live.run("deploy.yml", extra_vars=variables, verbosity=3)
        assert deploy.rc == 2, deploy.output
        assert live.traces() == before
        return all_messages(deploy)

    return run


def all_messages(run: PlaybookRun) -> str:
    (failure,) = run.failures
    return failure.message + "\n" + "\n".join(map(str, failure.result.get("argument_errors", [])))


def test_a_port_that_someone_else_holds(refused):
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        message = refused(stack_http_port=port)

    assert "cannot carry the environment itest; nothing was changed" in message
    assert f"{port}" in message
    assert f"{os.getpid()}" in message, "the process is not named"


def test_variables_of_the_wrong_type_are_told_all_at_once(refused):
    message = refused(stack_http_port="abc", stack_image_source="pul", stack_wait_timeout="soon")

    words = ("port", "abc", "int", "stack_image_source", "pul", "sandbox", "stack_wait_timeout", "soon")
    assert [word for word in words if word not in message] == [], message


def test_an_override_of_the_wrong_type(refused):
    message = refused(stack_compose_override="mem_limit")

    assert [word for word in ("stack_compose_override", "dict") if word not in message] == [], message


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"services": {"backend": {"mem_limit": ["much"]}}}, ("services.backend.mem_limit", "stack_compose_override")),
        ({"services": {"backend": {"depends_on": ["nobody"]}}}, ("nobody", "stack_compose_override")),
    ],
)
def test_a_compose_value_of_the_wrong_type(refused, override: Mapping[str, Any], words):
    message = refused(stack_compose_override=override)

    assert "Nothing was changed" in message
    assert [word for word in words if word not in message] == [], message


def test_what_cannot_be_deployed_is_refused_before_the_host_is_touched_and_all_at_once(refused):
    message = refused(
        stack_images={"backnd": "x:1", "backend": ""},
        stack_memory={"back": "1g"},
        stack_settings={"A: B": "c", "SECRET_KEY": "x"},
        stack_secrets={"OPENAI_API_KEY": None, "OTHER_KEY": ["a", "list"]},
        stack_edge_denied=["/fine", "/c {"],
        stack_domain="a.example}\n\nevil {",
        stack_tls="acme",
        stack_http_port=0,
        stack_api_port=9999,
        stack_postgres_port="9999",
        stack_log_max_size="10x",
        stack_project_name="x" * 300,
    )

    words = (
        "stack_images names the service 'backnd'; there are agentrepo, backend, edge",
        "stack_images of backend is ''",
        "stack_memory names the service 'back'",
        "stack_settings has 'A: B'",
        "'SECRET_KEY', which is a secret: give it in stack_secrets",
        "'OPENAI_API_KEY' without a value",
        "the value of 'OTHER_KEY' is a list",
        "stack_edge_denied has '/c {'",
        "one host name",
        "stack_http_port is 0",
        "stack_api_port and stack_postgres_port are both 9999",
        "stack_log_max_size is '10x'",
        "(300 characters)",
    )
    assert [word for word in words if word not in message] == [], message


def test_an_image_that_can_be_neither_pulled_nor_built(refused):
    message = refused(stack_image_source="pull", stack_images={"backend": NOWHERE})

    assert NOWHERE in message
    assert "stack_image_source" in message or "pull" in message


@pytest.mark.parametrize("check", [True, False])
def test_an_image_that_has_no_stand_in(live, check):
    # A stand-in replaces the role's own images only: one that the inventory names may be misspelt.
    before = live.traces()
    images = {"agentrepo": NOWHERE, "backend": "does-not-exist.example/bakend:1"}

    run = live.run("deploy.yml", check=check, extra_vars={"stack_agentrepo": True, "stack_images": images})

    assert run.rc == 2
    assert (
        f"{images['backend']}, {NOWHERE} cannot be pulled, and the sandbox has no stand-in" in run.failures[0].message
    )
    assert live.traces() == before


def test_not_enough_space_for_the_images(refused):
    required = {"stack_image_required_bytes": 10**15, "stack_image_source": "pull"}
    message = refused(**required, stack_images={"backend": NOWHERE})

    assert re.search(r"The images need 931322\.6 GiB in \S+, and its file system \S+ has [0-9.]+ GiB free", message), (
        message
    )


def test_a_secrets_file_that_others_may_read(refused, live):
    path = live.directory / ".env"
    path.chmod(0o644)
    try:
        message = refused()
    finally:
        path.chmod(0o600)

    assert f"{path}" in message
    assert "0644" in message or "others" in message


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        (["planted in a list"], ["stack_secrets"]),
        ("planted as text", ["stack_secrets"]),
        (
            {"NAME WITH BLANKS": "planted under a wrong name", "OPENAI_API_KEY": ["planted in", "a list"]},
            ["NAME WITH BLANKS", "OPENAI_API_KEY"],
        ),
    ],
)
def test_secrets_that_cannot_be_kept_are_refused_and_not_shown(live, secrets, words):
    before = live.traces()

    run = live.run("deploy.yml", extra_vars={"stack_secrets": secrets}, verbosity=3, diff=True)

    assert run.rc == 2
    assert [word for word in words if word not in all_messages(run)] == []
    assert "planted" not in run.output
    assert live.traces() == before


def test_stand_ins_where_they_are_not_allowed(refused):
    message = refused(stack_image_source="pull")

    assert "postgres:15" in message
    assert "allow_standins=false refuses" in message


def test_not_enough_space_for_the_stand_ins(refused):
    message = refused(sandbox_required_bytes=10**15, stack_images={"backend": NOWHERE})

    assert "The images need" in message
    assert "free" in message
