# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import API_OPTIONS, Answer, Api
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError, InputError

BOTS = ("bot", "crawl", "spider", "scan", "nmap", "curl", "sqlmap", "nikto")


class Server(ThreadingHTTPServer):
    """Answers `answers[path]` as (status, headers, body), and keeps the headers of each request."""

    answers: dict[str, tuple[int, dict[str, str], bytes]]
    requests: list[tuple[str, dict[str, str]]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answers[self.path]
        self.send_response(status)
        # As the platform's own server does when it is asked to: else a client may use again what is about to be closed.
        closing = {"Connection": "close"} if self.headers.get("Connection") == "close" else {}
        for name, value in {"Content-Length": str(len(body)), **closing, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.answers, found.requests = {"/ok": (200, {}, b'{"a": 1}')}, []
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def api(url: str | Server, **options: Any) -> Api:
    address = url if isinstance(url, str) else f"http://127.0.0.1:{url.server_port}"
    return Api(address, **{"timeout": 20, "validate_certs": True, **options})


def test_an_answer_is_json_with_its_time(server):
    answer = api(server).get("/ok")

    assert (answer.status, answer.json()) == (200, {"a": 1})
    assert 0 < answer.seconds < 5


def test_what_the_request_filter_sees(server):
    api(server).get("/ok")

    headers = server.requests[0][1]
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert headers["Connection"] == "close"
    assert "X-Forwarded-Host" not in headers
    assert not [word for word in BOTS if word in headers["User-Agent"].lower()]


def test_neither_a_proxy_nor_netrc_stands_between_the_host_and_itself(server, monkeypatch, tmp_path: Path):
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert api(server).get("/ok").status == 200
    assert "Authorization" not in server.requests[0][1]


def test_a_proxy_is_used_for_other_hosts(monkeypatch, server):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    server.answers["http://platform.example.org/ok"] = (200, {}, b"{}")

    assert api("http://platform.example.org").get("/ok").json() == {}


def test_redirects_are_followed(server):
    server.answers["/users"] = (307, {"Location": "/ok"}, b"")

    assert api(server).get("/users").json() == {"a": 1}


def test_after_an_error_the_next_request_has_a_connection_of_its_own(server):
    server.answers["/broken"] = (500, {"Connection": "close"}, b"{}")

    assert [api(server).get(path).status for path in ("/broken", "/ok")] == [500, 200]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b"Invalid host header", "use the loopback address"),
        (b"Invalid request", "X-Forwarded-Host"),
        (b"<html>Bad gateway</html>", "returned 400 and no JSON: '<html>Bad gateway</html>'"),
    ],
)
def test_what_is_no_json_is_shown_and_explained(server, body, hint):
    server.answers["/x"] = (400, {}, body)

    with pytest.raises(ApiError, match=hint) as caught:
        api(server).get("/x").json()
    assert caught.value.details == {"status": 400}


def test_nobody_there():
    with pytest.raises(ApiError, match=r"^http://127\.0\.0\.1:9/x does not answer: \[Errno 111\] Connection refused$"):
        api("http://127.0.0.1:9").get("/x")


def test_an_unknown_name():
    with pytest.raises(ApiError, match=r"does not answer: .*(not known|resolution)"):
        api("http://no-such-host.invalid").get()


def test_somebody_there_who_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ApiError, match=r"does not answer within 0\.2 s"):
            api(url, timeout=0.2).get()


def test_no_tls_where_it_is_expected(server):
    with pytest.raises(ApiError, match=r"No trusted connection to https://.*validate_certs"):
        api(f"https://127.0.0.1:{server.server_port}").get()


def test_validate_certs_is_obeyed(server):
    seen = {}

    def get(_session: object, _url: str, **options: Any) -> Any:
        seen.update(options)
        raise ApiError("enough")

    for wanted in (True, False):
        with patch("requests.Session.get", get), pytest.raises(ApiError):
            api(server, validate_certs=wanted).get()
        assert seen["verify"] is wanted


def test_a_missing_library_is_named():
    with patch.dict("sys.modules", {"requests": None}), pytest.raises(ApiError, match="python3-requests"):
        api("http://127.0.0.1:9").get()


@pytest.mark.parametrize("url", ["localhost:18000", "127.0.0.1", "ftp://a", "http://", ""])
def test_a_url_that_is_none(url):
    with pytest.raises(InputError, match="is not a URL of the form"):
        api(url)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("https://platform.example.org", False),
        ("http://10.0.0.1", False),
    ],
)
def test_which_hosts_are_this_one(url, local):
    assert api(url).local is local


def test_made_of_a_modules_options():
    params = {name: option["default"] for name, option in API_OPTIONS.items()}

    assert (Api.of(params).url, Api.of(params).timeout) == ("http://127.0.0.1:18000", 15)
    assert Api.of(params, "https://edge.example.org/").url == "https://edge.example.org"


def test_a_long_answer_is_cut():
    with pytest.raises(ApiError) as caught:
        Answer("http://x", 502, "x" * 1000, 0.1).json()
    assert len(str(caught.value)) < 300
