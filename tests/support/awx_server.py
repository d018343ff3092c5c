# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer requests in the place of AWX: objects, tokens, surveys, nodes of workflows, previews, and refusals.

It is a contract, written from measurements of AWX 24.6.2: what it accepts, refuses and stores otherwise than sent. No
job ever runs. The modules of awx.awx that call it are the real ones.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support import awx_credentials, awx_rules

USER, PASSWORD = "admin", "planted-password"
#: The fields that hold the id of another object, with the kinds that it can be of.
KEYS = {
    "organization": ("organizations",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "execution_environment": ("execution_environments",),
    "credential_type": ("credential_types",),
    "credential": ("credentials",),
    "unified_job_template": ("job_templates", "workflow_job_templates", "workflow_approval_templates"),
    "workflow_job_template": ("workflow_job_templates",),
}
TYPES = {"inventories": "inventory", "tokens": "o_auth2_access_token"}
EDGES = ("success_nodes", "failure_nodes", "always_nodes")
UNIQUE = {"schedules": "unified_job_template", "inventory_sources": "inventory"}


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class Awx:
    """The objects, and what is done with them."""

    def __init__(self, playbooks: list[str]) -> None:
        self.playbooks = playbooks
        self.items: dict[int, dict[str, Any]] = {}
        self.kinds: dict[int, str] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.links: dict[tuple[int, str], list[int]] = {}
        #: Method and path of each request that was not a GET.
        self.writes: list[str] = []
        #: The fields that are stored otherwise than sent, by kind: to test that they are read back.
        self.distorted: dict[str, dict[str, Any]] = {}
        for each in awx_credentials.built_in_types():
            self.create("credential_types", each)

    def create(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Create an object and return it as the interface does."""
        self._check(kind, fields, None)
        number = max(self.items, default=0) + 1
        self.items[number], self.kinds[number] = {}, kind
        if kind == "workflow_job_template_nodes":
            fields = {"identifier": f"node-{number}", **fields}
        self._store(number, fields)
        if kind == "projects" and fields.get("scm_type"):
            update = self.create("project_updates", {"name": "update", "status": "successful", "project": number})
            self.items[number] |= {"scm_revision": "", "update": update["id"]}
        return self.shown(number)

    def change(self, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Change fields of an object and return it."""
        self._check(self.kinds[number], {**self.items[number], **fields}, number)
        self._store(number, fields)
        return self.shown(number)

    def remove(self, number: int) -> None:
        """Remove an object, and what depends on it."""
        used = [each for each, item in self.items.items() if item.get("inventory") == number]
        if self.kinds[number] == "inventories" and any(self.kinds[each] == "job_templates" for each in used):
            raise Refused(409, {"error": "Resource is being used by other resources."})
        doomed = {"inventory": "inventory_sources", "unified_job_template": "schedules"}
        for key, kind in {**doomed, "workflow_job_template": "workflow_job_template_nodes"}.items():
            for each in [
                each for each, item in self.items.items() if item.get(key) == number and self.kinds[each] == kind
            ]:
                self.remove(each)
        if self.kinds[number] == "credential_types" and self.find("credentials", credential_type=number):
            raise Refused(403, {"detail": "Credential types that are in use cannot be deleted"})
        for item in self.items.values():
            if self.kinds[number] == "credentials" and item.get("credential") == number:
                item["credential"] = None
        del self.items[number], self.kinds[number]
        self.links = {at: [each for each in found if each != number] for at, found in self.links.items()}

    def find(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the objects of a kind, by fields."""
        kinds = KEYS["unified_job_template"] if kind == "unified_job_templates" else (kind,)
        numbers = [number for number, each in self.kinds.items() if each in kinds]
        return [item for item in map(self.shown, numbers) if all(_matches(item, *each) for each in wanted.items())]

    def shown(self, number: int) -> dict[str, Any]:
        """Return an object as the interface shows it."""
        kind = self.kinds[number]
        item = awx_credentials.shown(kind, self.items[number], self._type_of(self.items[number]))
        url = f"/api/v2/{kind}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/", "update": f"{url}update/"}
        summary = {key: self._summary(item[key]) for key in KEYS if item.get(key)}
        if kind == "projects" and item.get("update") and not item["scm_revision"]:
            summary["current_update"] = {"id": item["update"]}
        if kind == "workflow_job_template_nodes" and item.get("unified_job_template"):
            template = item["unified_job_template"]
            related["unified_job_template"] = f"/api/v2/{self.kinds[template]}/{template}/"
        edges = {edge: self.links.get((number, edge), []) for edge in EDGES} if "nodes" in kind else {}
        kind_of = {"id": number, "type": TYPES.get(kind, kind[:-1]), "url": url}
        return {**kind_of, **item, **edges, "related": related, "summary_fields": summary}

    def _type_of(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        return self.items.get(fields.get("credential_type", 0))

    def survey(self, number: int, spec: dict[str, Any]) -> None:
        """Store a survey. The default of a password is encrypted."""
        for question in spec.get("spec", []):
            if question["type"] == "password" and question.get("default"):
                question["default"] = "$encrypted$"
        self.surveys[number] = spec

    def _summary(self, number: int) -> dict[str, Any]:
        job_types = {"workflow_approval_templates": "workflow_approval", "job_templates": "job"}
        job_type = job_types.get(self.kinds[number], "")
        return {"id": number, "name": self.items[number]["name"], "unified_job_type": job_type}

    def _store(self, number: int, fields: dict[str, Any]) -> None:
        kind = self.kinds[number]
        if "rrule" in fields:
            fields = {**fields, "rrule": awx_rules.stored(fields["rrule"])}
        fields = awx_credentials.kept(kind, fields, self.items[number])
        initial = {"kind": ""} if kind == "inventories" else {}
        self.items[number] = {**initial, **self.items[number], **fields, **self.distorted.get(kind, {})}

    def synchronise(self, number: int) -> dict[str, Any]:
        """Synchronise a project, and return the update, which has ended."""
        self.items[number]["scm_revision"] = "0123456789abcdef"
        fields = {"status": "successful", "finished": "now", "failed": False, "scm_revision": "0123456789abcdef"}
        return {**self.shown(self.items[number]["update"]), **fields}

    def _check(self, kind: str, fields: dict[str, Any], number: int | None) -> None:
        scope = UNIQUE.get(kind, "organization")
        name = fields.get("name")
        twins = [each for each, item in self.items.items() if self.kinds[each] == kind and item.get("name") == name]
        twins = [each for each in twins if each != number and self.items[each].get(scope) == fields.get(scope)]
        if name and kind not in ("project_updates", "workflow_approval_templates") and twins:
            raise Refused(400, {"__all__": [f"{kind} with this {scope} and Name already exists."]})
        refused = awx_credentials.problem(kind, fields, self._type_of(fields))
        if refused:
            raise Refused(400, refused)
        if kind == "job_templates":
            self._check_template(fields)
        if kind == "schedules":
            self._check_schedule(fields)

    def _check_template(self, fields: dict[str, Any]) -> None:
        project = self.items[fields["project"]]
        if not project.get("scm_revision") or fields["playbook"] not in self.playbooks:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _check_schedule(self, fields: dict[str, Any]) -> None:
        found = awx_rules.problem(fields["rrule"])
        if found:
            raise Refused(400, {"rrule": [found]})
        number = fields["unified_job_template"]
        template = self.items[number]
        project = self.items.get(template.get("project", 0), {"scm_type": "git"})
        if not project.get("scm_type"):
            raise Refused(400, {"unified_job_template": ["Manual Project cannot have a schedule set."]})
        questions = self.surveys.get(number, {}).get("spec", []) if template.get("survey_enabled") else []
        given = fields.get("extra_data") or {}
        asked = {question["variable"]: question for question in questions}
        others = sorted(set(given) - set(asked))
        if others and not template.get("ask_variables_on_launch"):
            text = f"Variables {', '.join(others)} are not allowed on launch."
            raise Refused(400, {"extra_data": [text]})
        missing = [name for name, each in asked.items() if each["required"] and name not in given]
        if missing:
            raise Refused(400, {"variables_needed_to_start": [f"'{name}' value missing" for name in missing]})
        for name, value in given.items():
            wrong = asked.get(name, {}).get("type") == "multiplechoice" and value not in asked[name]["choices"]
            if wrong:
                raise Refused(400, {"variables_needed_to_start": [f"Value {value} for '{name}' not in choices."]})
        for name in ("limit", "job_type"):
            if fields.get(name) and not template.get(f"ask_{name}_on_launch"):
                raise Refused(400, {name: ["Field is not configured to prompt on launch."]})


def _matches(item: dict[str, Any], name: str, value: Any) -> bool:
    if name in ("page_size", "page", "or__id"):
        return True
    if name.endswith("__startswith"):
        return str(item.get(name.partition("__")[0], "")).startswith(value)
    return str(item.get(name.removeprefix("or__"), "")) == str(value)


class _Handler(BaseHTTPRequestHandler):
    awx: Awx

    def do_GET(self) -> None:
        """Answer any request."""
        self._answer()

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""

    def _answer(self) -> None:
        method = self.command
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = urlsplit(self.path)
        if method != "GET" and not path.path.endswith("/preview/"):
            self.awx.writes.append(f"{method} {re.sub(r'[0-9]+', '*', path.path)}")
        try:
            self._authenticate()
            status, found = self._route(method, path.path.strip("/").split("/")[2:], dict(parse_qsl(path.query)), body)
        except Refused as refused:
            status, found = refused.status, refused.body
        content = b"" if status == 204 else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _authenticate(self) -> None:
        kind, _blank, value = self.headers.get("Authorization", "").partition(" ")
        tokens = [item["token"] for item in self.awx.find("tokens")]
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if not (kind == "Bearer" and value in tokens) and not (kind == "Basic" and value == pair):
            raise Refused(401, {"detail": "Authentication credentials were not provided."})

    def _route(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        awx = self.awx
        if parts == ["schedules", "preview"]:
            found = awx_rules.problem(body["rrule"])
            if found:
                raise Refused(400, {"rrule": [found]})
            return 200, {"local": [], "utc": awx_rules.preview(body["rrule"])}
        if len(parts) == 1 and method == "POST":
            if parts[0] == "tokens":
                body["token"] = f"planted-token-{len(awx.writes)}"
            return 201, awx.create(parts[0], body)
        if len(parts) == 1:
            return 200, _page(awx.find(parts[0], **query))
        number = int(parts[1])
        if number not in awx.items:
            raise Refused(404, {"detail": "Not found."})
        return self._sub(method, number, parts[2], body) if len(parts) > 2 else self._item(method, number, body)

    def _item(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            self.awx.remove(number)
            return 204, None
        if self.awx.kinds[number] == "project_updates":
            return 200, self.awx.synchronise(self.awx.items[number]["project"])
        return 200, self.awx.change(number, body) if method == "PATCH" else self.awx.shown(number)

    def _sub(self, method: str, number: int, name: str, body: Any) -> tuple[int, Any]:
        awx = self.awx
        if name == "survey_spec":
            if method == "POST":
                awx.survey(number, body)
            elif method == "DELETE":
                awx.surveys.pop(number, None)
            return 200, awx.surveys.get(number, {})
        if name == "update":
            return 202, awx.synchronise(number)
        if name == "workflow_nodes":
            return 200, _page(awx.find("workflow_job_template_nodes", workflow_job_template=number))
        if name == "create_approval_template":
            made = awx.create("workflow_approval_templates", body)
            awx.items[number]["unified_job_template"] = made["id"]
            return 201, made
        links = awx.links.setdefault((number, name), [])
        if method == "GET":
            return 200, _page([awx.shown(each) for each in links])
        if body.get("disassociate"):
            links.remove(body["id"])
        else:
            links.append(body["id"])
        return 204, None


def _page(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(items), "next": None, "previous": None, "results": items}


@contextmanager
def awx_server(playbooks: list[str]) -> Iterator[tuple[str, Awx]]:
    """Yield the address of a server, and its objects."""
    awx = Awx(playbooks)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"awx": awx}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", awx
    finally:
        server.shutdown()
        server.server_close()
