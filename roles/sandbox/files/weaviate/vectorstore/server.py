"""The HTTP face of the store: routes, API keys and JSON in and out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vectorstore.backups import Backups
from vectorstore.store import Store, StoreError

LOGGER = logging.getLogger("vectorstore")
# (status, body): a body of None is sent as no content at all.
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Access:
    """Who may call: anybody, or only a bearer of one of the keys."""

    anonymous: bool
    keys: frozenset[str]

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Access:
        """Read Weaviate's own AUTHENTICATION_* settings."""
        keys = (
            env.get("AUTHENTICATION_APIKEY_ALLOWED_KEYS", "")
            if env.get("AUTHENTICATION_APIKEY_ENABLED") == "true"
            else ""
        )
        anonymous = env.get("AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED", "true") == "true"
        return cls(anonymous, frozenset(key.strip() for key in keys.split(",") if key.strip()))

    def allows(self, header: str) -> bool:
        """Return whether an Authorization header may pass. Refuse a wrong key even if anonymous calls are allowed."""
        return header.removeprefix("Bearer ") in self.keys if header else self.anonymous


class Api:
    """Maps method and path to the store's operations."""

    def __init__(self, store: Store, backups: Backups | None, version: str) -> None:
        self.store = store
        self.version = version
        self._backups = backups
        one_class, one_object = r"/v1/schema/([^/]+)", r"/v1/objects/([^/]+)/([^/]+)"
        self.routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", r"/v1/\.well-known/(?:ready|live)", lambda _call: (200, {})),
            (
                "GET",
                r"/v1/meta",
                lambda _call: (200, {"hostname": "http://[::]:8080", "modules": {}, "version": version}),
            ),
            ("GET", r"/v1/nodes", lambda _call: (200, self.nodes())),
            ("GET", r"/v1/schema", lambda _call: (200, {"classes": store.classes()})),
            ("POST", r"/v1/schema", lambda call: (200, store.create_class(call.body))),
            ("GET", one_class, lambda _call, name: (200, store.one_class(name))),
            ("DELETE", one_class, lambda _call, name: (200, store.delete_class(name))),
            ("GET", r"/v1/objects", self.list_objects),
            ("POST", r"/v1/objects", lambda call: (200, store.create_object(call.body))),
            ("GET", one_object, lambda _call, name, key: (200, store.one_object(name, key))),
            ("PUT", one_object, lambda call, name, key: (200, store.replace_object(name, key, call.body))),
            ("DELETE", one_object, lambda _call, name, key: (204, store.delete_object(name, key))),
            ("POST", r"/v1/batch/objects", lambda call: (200, store.write_objects(call.body.get("objects", [])))),
            ("DELETE", r"/v1/batch/objects", lambda call: (200, store.delete_matching(call.body.get("match", {})))),
            ("POST", r"/v1/backups/filesystem", lambda call: (200, self.backups.create(call.body))),
            ("GET", r"/v1/backups/filesystem/([^/]+)", lambda _call, key: (200, self.backups.status(key))),
            (
                "POST",
                r"/v1/backups/filesystem/([^/]+)/restore",
                lambda call, key: (200, self.backups.restore(key, call.body)),
            ),
            (
                "GET",
                r"/v1/backups/filesystem/([^/]+)/restore",
                lambda _call, key: (200, self.backups.restore_status(key)),
            ),
        ]

    @property
    def backups(self) -> Backups:
        """The backup folder; StoreError 422 where the module is not enabled."""
        if self._backups is None:
            raise StoreError(
                422,
                "backup-filesystem: set ENABLE_MODULES and BACKUP_FILESYSTEM_PATH, did you enable the right module?",
            )
        return self._backups

    def nodes(self) -> dict[str, Any]:
        """Return the only node, with its counts."""
        stats = {"objectCount": self.store.count(), "shardCount": len(self.store.classes())}
        return {
            "nodes": [{"name": "node1", "status": "HEALTHY", "version": self.version, "stats": stats, "shards": []}]
        }

    def list_objects(self, call: Call) -> Answer:
        """Return objects of one class or of all, 25 unless the request has a limit."""
        found = self.store.objects(call.query.get("class"), int(call.query.get("limit", "25")))
        return 200, {"objects": found, "totalResults": len(found)}

    def answer(self, method: str, path: str, call: Call) -> Answer:
        """Run the operation; refusals become Weaviate's error body {error: [{message}]}."""
        known = [(verb, matched, run) for verb, shape, run in self.routes if (matched := re.fullmatch(shape, path))]
        for verb, matched, run in known:
            if verb == method:
                try:
                    return run(call, *matched.groups())
                except StoreError as error:
                    return error.status, {"error": [{"message": str(error)}]}
        return (
            (405, {"code": 405, "message": "method not allowed"})
            if known
            else (404, {"code": 404, "message": f"path {path} was not found"})
        )


@dataclass(frozen=True)
class Call:
    """What a route may want to know of its request."""

    query: dict[str, str]
    body: dict[str, Any]


class Server(ThreadingHTTPServer):
    """Finishes the requests in flight before it closes."""

    daemon_threads = False


def build_server(store: Store, backups: Backups | None, access: Access, version: str) -> Server:
    """Build a server bound to port 8080 of every interface."""
    api = Api(store, backups, version)

    class Handler(BaseHTTPRequestHandler):
        # Idle keep-alive connections would hold up an orderly stop.
        protocol_version = "HTTP/1.0"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.rstrip("/") or "/"
            if not path.startswith("/v1/.well-known/") and not access.allows(self.headers.get("Authorization", "")):
                self.reply(401, {"code": 401, "message": "anonymous access not enabled, or the API key is not known"})
                return
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(raw or b"{}")
            except ValueError as error:
                self.reply(422, {"error": [{"message": f"the body is not JSON: {error}"}]})
                return
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            self.reply(*api.answer(self.command, path, Call(query, body)))

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        def reply(self, status: int, body: Any) -> None:
            payload = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        def log_message(self, template: str, *values: Any) -> None:
            if "/.well-known/" not in self.path:
                LOGGER.info("%s %s", self.address_string(), template % values)

    return Server(("", 8080), Handler)
