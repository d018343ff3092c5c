# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the objects of one environment from the REST interface of AWX. Nothing is written.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin

from ansible.module_utils.urls import ConnectionError as UnreachableError
from ansible.module_utils.urls import open_url

from .._core.errors import ApiError, InputError

#: The fields that are compared as they are, by kind.
FIELDS = {
    "credential_types": ("description", "kind", "inputs", "injectors"),
    "credentials": ("description", "inputs"),
    "notification_templates": ("description", "notification_type", "notification_configuration"),
    "execution_environments": ("description", "image"),
    "projects": ("description", "scm_type", "scm_url", "scm_branch"),
    "inventories": ("description",),
    "inventory_sources": ("description", "source", "source_path", "overwrite", "overwrite_vars", "update_on_launch"),
    "job_templates": (
        "description",
        "playbook",
        "job_type",
        "limit",
        "ask_limit_on_launch",
        "ask_job_type_on_launch",
        "ask_variables_on_launch",
        "ask_inventory_on_launch",
        "survey_enabled",
    ),
    "workflow_job_templates": ("description",),
    "schedules": ("description", "rrule", "extra_data", "enabled"),
}
#: The fields that name another object, by kind.
NAMES = {
    "credentials": ("organization", "credential_type"),
    "notification_templates": ("organization",),
    "projects": ("organization", "credential"),
    "inventories": ("organization",),
    "inventory_sources": ("inventory", "source_project"),
    "job_templates": ("organization", "inventory", "project", "execution_environment"),
    "workflow_job_templates": ("organization",),
    "schedules": ("inventory",),
}
#: When a notification is sent.
EVENTS = ("started", "success", "error")
_PAGE = 200
_TIMES = 3


class Client:
    """Requests to one AWX, with a token or a password."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.host: str = params["controller_host"].rstrip("/")
        self.timeout: float = params["request_timeout"]
        self.validates: bool = params["validate_certs"]
        self.headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if params["controller_oauthtoken"]:
            self.headers["Authorization"] = f"Bearer {params['controller_oauthtoken']}"
        else:
            pair = f"{params['controller_username']}:{params['controller_password']}".encode()
            self.headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"

    def get(self, path: str, **query: Any) -> Any:
        """Return the answer to a GET. Raises ApiError."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a POST. Raises ApiError."""
        return self._send("POST", path, json.dumps(body).encode())

    def all(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the results of all pages."""
        page = self.get(path, page_size=_PAGE, **query)
        while True:
            if not isinstance(page, dict) or "results" not in page:
                raise ApiError(f"{self.host} does not answer as AWX does", hint="Check scheduler_awx_host.")
            yield from page["results"]
            if not page.get("next"):
                return
            page = self.get(page["next"])

    def _send(self, method: str, path: str, body: bytes | None) -> Any:
        url = urljoin(f"{self.host}/api/v2/", path) if path.startswith("/") else f"{self.host}/api/v2/{path}"
        try:
            answer = open_url(
                url,
                data=body,
                headers=self.headers,
                method=method,
                timeout=self.timeout,
                validate_certs=self.validates,
                use_netrc=False,
            )
            return json.loads(answer.read() or b"{}")
        except HTTPError as error:
            raise self._refused(method, path, error) from error
        except (UnreachableError, URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ApiError(
                f"Cannot reach AWX at {self.host}: {reason}", hint="Check scheduler_awx_host, and its certificate."
            ) from error

    def _refused(self, method: str, path: str, error: HTTPError) -> ApiError:
        text = error.read().decode(errors="replace")[:500]
        hints = {
            401: "Check the token, or the user and the password.",
            403: "The user needs the rights of an administrator.",
        }
        message = f"AWX at {self.host} answered {method} {path.partition('?')[0]} with {error.code}: {text}"
        return ApiError(message, hint=hints.get(error.code), status=error.code, body=text)


def read(client: Client, params: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the objects by kind and name, each as its comparable fields."""
    env, prefix = params["prefix"], {"name__startswith": f"{params['prefix']} "}
    asked: dict[str, dict[str, Any]] = {
        "organizations": {"name": params["organization"]},
        "credential_types": prefix,
        "credentials": prefix,
        "notification_templates": prefix,
        "execution_environments": {"name": params["execution_environment"] or "-"},
        "projects": {"name": params["project"]},
        "inventories": {"name": env},
        "inventory_sources": {"name": env},
        "job_templates": prefix,
        "workflow_job_templates": prefix,
        "schedules": prefix,
    }
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for kind, query in asked.items():
        items = [item for item in client.all(f"{kind}/", **query) if not item.get("pending_deletion")]
        _refuse_doubled(kind, items)
        found[kind] = {item["name"]: _fields(client, kind, item) for item in items}
    return found


def previews(client: Client, rules: list[str]) -> dict[str, dict[str, Any]]:
    """Return for each rule the next times in UTC that AWX finds, or why AWX refuses it."""
    found: dict[str, dict[str, Any]] = {}
    for rule in rules:
        try:
            found[rule] = {"utc": client.post("schedules/preview/", {"rrule": rule})["utc"][:_TIMES], "error": ""}
        except ApiError as error:
            if error.details.get("status") != 400:
                raise
            found[rule] = {"utc": [], "error": error.details["body"]}
    return found


def _refuse_doubled(kind: str, items: list[dict[str, Any]]) -> None:
    names = [item["name"] for item in items]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(
            f"AWX has several {kind.replace('_', ' ')} with the name {doubled[0]}",
            hint="Names must be unique over all organizations. Rename or remove the others.",
        )


def _fields(client: Client, kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    related = item.get("summary_fields", {})
    fields = {name: item[name] if item.get(name) is not None else "" for name in FIELDS.get(kind, ())}
    fields.update({name: related.get(name, {}).get("name", "") for name in NAMES.get(kind, ())})
    if kind == "projects":
        fields["synchronised"] = bool(item.get("scm_revision"))
    if kind == "job_templates":
        fields.update(_template_fields(client, item))
    if kind == "workflow_job_templates":
        fields.update(nodes=_nodes(client, item), **_notifications(client, f"{kind}/{item['id']}"))
    if kind == "schedules":
        fields["template"] = related.get("unified_job_template", {}).get("name", "")
        fields.update({name: item.get(name) or "" for name in ("limit", "job_type")})
    return fields


def _template_fields(client: Client, item: Mapping[str, Any]) -> dict[str, Any]:
    path = f"job_templates/{item['id']}"
    return {
        "extra_vars": _variables(item.get("extra_vars") or ""),
        "survey": client.get(f"{path}/survey_spec/"),
        "credentials": sorted(each["name"] for each in client.all(f"{path}/credentials/")),
        **_notifications(client, path),
    }


def _notifications(client: Client, path: str) -> dict[str, list[str]]:
    """Return the names of the notifications of a template by their event."""
    return {
        f"notifications_{event}": sorted(each["name"] for each in client.all(f"{path}/notification_templates_{event}/"))
        for event in EVENTS
    }


def _variables(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:  # YAML, which the role does not write
        return text


def _nodes(client: Client, item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    nodes = list(client.all(f"workflow_job_templates/{item['id']}/workflow_nodes/"))
    names = {node["id"]: node["identifier"] for node in nodes}
    kinds = {"workflow_approval": "workflow_approval", "job": "job_template"}
    found = {}
    for node in nodes:
        template = node["summary_fields"].get("unified_job_template", {})
        found[node["identifier"]] = {
            "template": template.get("name", ""),
            "kind": kinds.get(template.get("unified_job_type", ""), ""),
            "success": sorted(names[each] for each in node["success_nodes"]),
            "failure": sorted(names[each] for each in node["failure_nodes"]),
        }
    return found
