# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server on a port of 127.0.0.1, moto's, which refuses, waits or disappears on request."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

ACCESS_KEY = "planted-access"
SECRET_KEY = "planted-secret-of-the-storage"  # noqa: S105 - of the tests' own server

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Fault:
    """What happens to requests of one method whose path and query hold a text: an S3 error, or a wait for `go_on`.

    `after` requests of that kind pass before it.
    """

    method: str
    where: str
    status: str = ""
    code: str = ""
    after: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def meets(self, method: str, address: str) -> bool:
        """Return whether the fault applies to this request."""
        if method != self.method or self.where not in address:
            return False
        self.after -= 1
        return self.after < 0


class ObjectStorage:
    """One server with a bucket of its own. `requests` are the method, path and query of all there were.

    With `damage` it keeps something else than it was sent.
    """

    def __init__(self, certificate: tuple[str, str] | None = None) -> None:
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.damage = False
        self.certificate = certificate
        self.bucket = f"test-{uuid.uuid4().hex[:12]}"
        self.server = make_server(
            "127.0.0.1",
            0,
            self._with_faults(DomainDispatcherApplication(create_backend_app)),
            threaded=True,
            request_handler=MotoRequestHandler,
            ssl_context=certificate,
        )
        self.endpoint = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def client(self) -> Any:
        """A client of boto3 for this server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            verify=self.certificate and self.certificate[0],
        )

    def target(self, **options: Any) -> dict[str, Any]:
        """Return the options of a module that copies to it."""
        login = {"endpoint_url": self.endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        return {"bucket": self.bucket, "prefix": "backups/dev", **login, **options}

    def content(self) -> dict[str, bytes]:
        """Return all objects of the bucket by key."""
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            item["Key"]: self.client.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read() for item in found
        }

    def fail(self, method: str, where: str, status: str = "", code: str = "", after: int = 0) -> Fault:
        """Have requests refused with an HTTP status, such as "403 Forbidden", or held without one."""
        fault = Fault(method, where, status, code, after)
        self.faults.append(fault)
        return fault

    def count(self, method: str, where: str) -> int:
        """Count the matching requests."""
        return sum(item.startswith(f"{method} ") and where in item for item in self.requests)

    def stop(self) -> None:
        """End it: nothing listens on its port any more."""
        for fault in self.faults:
            fault.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _with_faults(self, application: Application) -> Application:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            method, address = environ["REQUEST_METHOD"], f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
            self.requests.append(f"{method} {address}")
            for fault in self.faults:
                if fault.meets(method, address):
                    fault.reached.set()
                    if not fault.status:
                        fault.go_on.wait(60)
                        break
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    start_response(fault.status, [("Content-Type", "application/xml")])
                    text = f"<Error><Code>{fault.code}</Code><Message>said by the storage</Message></Error>"
                    return [] if method == "HEAD" else [text.encode()]
            if self.damage and "partNumber=" in address:
                length = int(environ["CONTENT_LENGTH"])
                content = bytearray(environ["wsgi.input"].read(length))
                content[0] ^= 1
                environ["wsgi.input"] = io.BytesIO(content)
            return application(environ, start_response)

        return answer


@contextmanager
def object_storage(certificate: tuple[str, str] | None = None) -> Iterator[ObjectStorage]:
    """Yield a server with an empty bucket. `certificate` are the files of one for 127.0.0.1 and of its key, for TLS."""
    storage = ObjectStorage(certificate)
    try:
        storage.client.create_bucket(Bucket=storage.bucket)
        yield storage
    finally:
        storage.stop()
