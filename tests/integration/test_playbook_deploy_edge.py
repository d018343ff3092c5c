# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edge lets through and what it answers itself, by requests to a running edge."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._edge_defaults import DENIED
from ansible_collections.convosphere.platform.plugins.plugin_utils._edge_routes import Route

from support.compose_project import docker
from support.environment import Environment, wait_until
from support.playbook import run_playbook

FORBIDDEN = (403, b"Forbidden")
ROUTES = [Route.parse(text) for routes, _reason in DENIED for text in routes.split("\n")]
#: What callers can write instead of a path, and the backend reads as that path.
SPELLINGS = ("{}", "{}/", "{}?a=b", "/.{}", "/api/..{}", "/{}", "{upper}", "{encoded}")
SETTINGS: dict[str, Any] = {
    "stack_wait_timeout": 400,
    "stack_edge_denied": ["POST,PUT /api/v1/auth/me", "/api/v1/config/*"],
    "stack_edge_allowed": ["PUT /api/v1/knowledge/settings", "/api/v1/rag/configs", "POST /api/v1/users"],
}


def ask(port: int, method: str, path: str, body: bytes = b"{}") -> tuple[int, bytes]:
    """Send one request with the path exactly as it is written; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_denied(port: int, method: str, path: str) -> bool:
    """Decide whether the edge itself refuses a request; the answer to HEAD has no body."""
    status, body = ask(port, method, path)
    return (status, body) == FORBIDDEN or (method == "HEAD" and status == 403 and not body)


def spelled(path: str) -> list[str]:
    """Return a path in every spelling."""
    encoded = "/api/" + "".join(f"%{ord(letter):02x}" for letter in path.removeprefix("/api/"))
    return [text.format(path, upper=path.upper(), encoded=encoded) for text in SPELLINGS]


def sample(route: Route) -> str:
    """Return a path that the route matches."""
    return route.path.replace("*", "one")


def test_every_default_entry_is_refused_for_each_of_its_methods_in_every_spelling(live):
    let_through = [
        (method, path)
        for route in ROUTES
        for method in route.matcher()["methods"] or ("GET", "POST", "PUT", "DELETE")
        for path in [*spelled(sample(route)), *(spelled(sample(route) + "/deeper") if route.deep else [])]
        if not is_denied(live.http_port, method, path)
    ]

    assert let_through == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/users/me/password"),
        ("GET", "/api/v1/users/00000000-0000-0000-0000-000000000000"),
        ("GET", "/api/v1/knowledge/settings"),
        ("GET", "/api/v1/ai-models/"),
        ("GET", "/api/v1/assistants/default/id"),
        ("GET", "/api/v1/statistics/user"),
        ("POST", "/api/v1/search/knowledge"),
        ("GET", "/api/v1/usersso"),
    ],
)
def test_what_lies_beside_a_denied_route_reaches_the_backend(live, method, path):
    # Any answer is right if it is the same as without the edge.
    assert ask(live.http_port, method, path)[0] == ask(live.api_port, method, path)[0]
    assert not is_denied(live.http_port, method, path)


def test_the_host_itself_reaches_what_the_edge_denies(live):
    assert is_denied(live.http_port, "GET", "/api/v1/users/")
    status, body = ask(live.api_port, "GET", "/api/v1/users/")
    assert (status, json.loads(body)) == (403, {"detail": "errors.not_authenticated"})


def test_after_an_error_of_the_backend_the_next_request_reaches_it_too(live):
    # The backend closes the connection after an error, and a POST cannot be sent a second time.
    answers = [
        ask(live.http_port, "POST", "/api/v1/auth/refresh", b'{"refresh_token": "x"}')[0] for _each in range(100)
    ]

    assert set(answers) == {500}


@pytest.fixture(scope="module")
def other_edge(itest: Environment, deploys: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a second edge before the same backend, with additions to the deny list and exceptions; return its port."""
    deploys.first.succeeded()
    run = itest.run("deploy.yml", extra_vars=SETTINGS, check=True, diff=True).succeeded()
    (after,) = [task.diff["after"] for task in run.tasks if _has_caddyfile(task.diff)]
    content = after["file edge/Caddyfile"]["content"]
    # Requests are held for a quarter of the time that a deploy gives the backend to start.
    assert any(f"lb_try_duration {SETTINGS['stack_wait_timeout'] // 4}s" in line for line in content)
    folder = tmp_path_factory.mktemp("edge")
    (folder / "Caddyfile").write_text("\n".join(content))
    name = f"{itest.project}-other-edge"
    docker(
        *("run", "--detach", "--name", name, f"--network={itest.project}_default", "--publish=127.0.0.1::80"),
        *(f"--volume={folder}:/etc/caddy:ro", itest.inspect("edge")["Config"]["Image"]),
        *("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
    )
    try:
        port = int(docker("port", name, "80/tcp").splitlines()[0].rpartition(":")[2])
        wait_until(lambda: _answers(port), "the second edge answers")
        yield port
    finally:
        docker("rm", "--force", "--volumes", name)


@pytest.mark.parametrize(
    ("method", "path", "denied"),
    [
        # The site's own entries.
        ("POST", "/api/v1/auth/me", True),
        ("PUT", "/api/v1/auth/me/", True),
        ("GET", "/api/v1/auth/me", False),
        ("GET", "/api/v1/config/", True),
        ("GET", "/api/v1/config/deeper", True),
        # Its exceptions let through one method, or one path, and nothing beside it.
        ("PUT", "/api/v1/knowledge/settings", False),
        ("PATCH", "/api/v1/knowledge/settings", True),
        ("GET", "/api/v1/rag/configs", False),
        ("GET", "/api/v1/rag/configs/one", True),
        ("POST", "/api/v1/rag/retrieve", True),
        ("POST", "/api/v1/users/", False),
        ("GET", "/api/v1/users/", True),
        ("POST", "/api/v1/users/sso", True),
        # The rest of the list is as it is without them.
        ("GET", "/api/v1/statistics/recent-activity", True),
    ],
)
def test_additions_and_exceptions_apply_per_route_and_method(other_edge, method, path, denied):
    assert is_denied(other_edge, method, path) is denied


def test_the_filter_shows_the_list(tmp_path: Path):
    # The task is the filter's example.
    tasks = [
        {
            "name": "Show",
            "ansible.builtin.debug": {
                "msg": "{{ [] | convosphere.platform.edge_rules(allowed=['GET /api/v1/monitoring/*']) }}"
            },
        }
    ]
    found = run_playbook(tasks, tmp_path).succeeded().task("Show").result["msg"]

    assert [rule["reason"] for rule in found] == [reason for _routes, reason in DENIED]
    assert [rule["exceptions"] for rule in found if rule["exceptions"]] == [
        [{"methods": ["GET", "HEAD"], "paths": ["/api/v1/monitoring", "/api/v1/monitoring/*"]}]
    ]


def _has_caddyfile(diff: object) -> bool:
    return isinstance(diff, dict) and "file edge/Caddyfile" in (diff.get("after") or {})


def _answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/")[0] == 200
    except OSError:
        return False
