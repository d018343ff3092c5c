# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each route of content answers to each role: before there is a row, and when there is one.

This is the table that the modules for content rely on. It holds for the sandbox, and for ConvoSphere itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.content_rows import ROLES, SHOWN, key

#: A caller without a login.
ANONYMOUS = "anonymous"
#: Asks a route as a role: the status, and the body as JSON, None for any other.
Ask = Callable[[str, str, str, Any], tuple[int, Any]]
USERS = tuple(ROLES)
ADMINS = ("admin", "super_admin")
OTHERS = tuple(role for role in ROLES if role != "owner")
EVERYONE = (*ROLES, ANONYMOUS)


@dataclass(frozen=True)
class Route:
    """A route: the status for each role with and without rows, and who sees which object of SHOWN at which place.

    ``place`` is empty for a body that is the object itself, ``[]`` for a list, ``name`` for a part, ``name[]`` for a
    list in a part. ``more`` is what a role sees otherwise.
    """

    method: str
    path: str
    status: Mapping[str, int]
    before: Mapping[str, int]
    shown: str = ""
    place: str = ""
    seen_by: tuple[str, ...] = ()
    more: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    body: Any = None

    @property
    def title(self) -> str:
        """The route as it is written in a report."""
        return f"{self.method} {self.path}"


def all_users(status: int, anonymous: int = 403, **other: int) -> dict[str, int]:
    """Return one status for all roles, another one for callers without a login, and those of single roles."""
    return {**dict.fromkeys(USERS, status), ANONYMOUS: anonymous, **other}


def shows(path: str, shown: str, place: str, seen_by: Iterable[str] = USERS, **options: Any) -> Route:
    """Return a route that works with and without rows, for all users unless ``status`` and ``before`` differ."""
    status = options.pop("status", all_users(200))
    before = options.pop("before", status)
    return Route("GET", path, status, before, shown, place, tuple(seen_by), **options)


def never(method: str, path: str, status: int = 500, anonymous: int = 403, body: Any = None) -> Route:
    """Return a route that answers the same whether there is a row or not."""
    answers = all_users(status, anonymous)
    return Route(method, path, answers, answers, body=body)


_SEARCH = {"query": "Grüße", "limit": 5}
_CAN_USE = {role: {"can_use": role == "admin"} for role in ROLES}
ROUTES = (
    # Assistants are listed to their owner, whatever is public; one by one, public ones are shown to all.
    shows("/assistants/", "assistant", "[]", ["owner"]),
    shows("/assistants/", "private", "[]", ["owner"]),
    shows(f"/assistants/{key('assistant')}", "assistant", "", before=all_users(500)),
    shows(
        f"/assistants/{key('private')}",
        "private",
        "",
        ["owner"],
        status=all_users(500, owner=200),
        before=all_users(500),
    ),
    shows("/assistants/default", "assistant", "", EVERYONE, status=all_users(200, 200), before=all_users(404, 404)),
    shows("/assistants/default/id", "default", "", ["owner"], status=all_users(404, owner=200), before=all_users(404)),
    never("GET", "/assistants/public", 500, 500),
    never("GET", "/assistants/status/list", 200, 200),
    never("GET", "/assistants/models", 422),
    # Tools are listed to all, disabled ones too; those that need a login are usable for the role admin alone.
    shows("/tools/", "tool", "[]", more=_CAN_USE),
    shows(f"/tools/{key('tool')}", "tool", "", more=_CAN_USE, before=all_users(404)),
    never("GET", "/tools/categories/list", 200, 200),
    never("POST", f"/tools/{key('tool')}/execute", 400, 400),
    # Models: all users read and write them, and no figure is one.
    shows("/ai-models/", "model", "[]"),
    shows(f"/ai-models/{key('model')}", "model", "", before=all_users(404)),
    never("GET", f"/ai-models/{key('model')}/costs", 200),
    never("GET", f"/ai-models/{key('model')}/usage", 200),
    never("GET", f"/ai-models/{key('model')}/performance", 200),
    never("GET", "/ai-models/providers"),
    # Knowledge: the settings work, documents and tags never.
    shows("/knowledge/settings", "settings", ""),
    never("GET", "/knowledge/documents", 422, 422),
    never("GET", f"/knowledge/documents/{key('document')}"),
    never("GET", f"/knowledge/documents/{key('document')}/download"),
    never("POST", f"/knowledge/documents/{key('document')}/process"),
    never("DELETE", f"/knowledge/documents/{key('document')}", 200),
    never("GET", "/knowledge/processing/engines", 500, 500),
    never("GET", "/knowledge/processing/jobs"),
    never("GET", "/knowledge/tags"),
    never("POST", "/search/knowledge", 200, body=_SEARCH),
    never("POST", "/knowledge/knowledge", 200, body=_SEARCH),
    never("POST", "/search/conversation", 200, body=_SEARCH),
    # Domain groups: only the list.
    shows("/domain-groups/", "domain", "domains[]", ["owner", *ADMINS]),
    never("GET", f"/domain-groups/{key('domain')}"),
    never("GET", f"/domain-groups/{key('domain')}/members"),
    never("GET", f"/domain-groups/{key('domain')}/resources"),
    never("GET", "/domain-groups/hierarchy"),
    never("GET", "/domain-groups/stats"),
    # Audit rules: nothing.
    never("GET", "/audit/audit/policies"),
    never("GET", f"/audit/audit/policies/{key('policy')}"),
    never("GET", "/audit/audit/retention"),
    never("GET", "/audit/audit/alerts"),
    never("GET", "/audit/audit/logs"),
    # Conversations: one's own; administrators list those of others.
    shows("/conversations/", "conversation", "conversations[]", ["owner"]),
    shows(
        f"/conversations/?user_id={key('users/owner')}",
        "conversation",
        "conversations[]",
        ["owner", *ADMINS],
        status=all_users(403, owner=200, admin=200, super_admin=200),
    ),
    shows(
        f"/conversations/{key('conversation')}",
        "conversation",
        "",
        ["owner"],
        status=all_users(500, owner=200),
        before=all_users(500),
    ),
    never("GET", f"/conversations/{key('conversation')}/messages"),
    shows("/chat/conversations", "chat", "conversations[]", ["owner"]),
    # Statistics of the whole platform to all users, with the beginnings of all messages. The filter of requests refuses
    # the word system.
    shows("/statistics/overview", "totals", "systemStats"),
    shows("/statistics/overview", "message", "recentActivity[]"),
    shows("/statistics/recent-activity", "message", "[]"),
    shows("/statistics/user", "own totals", "", ["owner"]),
    never("GET", "/statistics/system-health", 400, 400),
)


def found(body: Any, place: str, shown: Mapping[str, Any]) -> Any:
    """Return the object at a place, or of a list that with the id of the shown one; None if it is not there."""
    name, is_list, _end = place.partition("[]")
    part = body.get(name) if name and isinstance(body, Mapping) else body
    if not is_list:
        return part
    return next((item for item in part or () if item.get("id") == shown.get("id")), None)


def problems(route: Route, role: str, status: int, body: Any, *, is_before: bool = False) -> list[str]:
    """Return how an answer differs from the table."""
    expected = (route.before if is_before else route.status)[role]
    who = f"{route.title} as {role}{' before the write' if is_before else ''}"
    if status != expected:
        return [f"{who}: {status} instead of {expected}"]
    if not route.shown or is_before or status != 200:
        return []
    shown = {**SHOWN[route.shown], **route.more.get(role, {})}
    there = found(body, route.place, shown)
    if role not in route.seen_by:
        seen = isinstance(there, Mapping) and all(there.get(name) == value for name, value in shown.items())
        return [f"{who}: shows {route.shown}"] if seen else []
    if not isinstance(there, Mapping):
        return [f"{who}: does not show {route.shown}"]
    return [
        f"{who}: {name} of {route.shown} is {str(there.get(name))[:80]!r} instead of {str(value)[:80]!r}"
        for name, value in shown.items()
        if there.get(name) != value
    ]


def compare(ask: Ask, *, is_before: bool = False) -> list[str]:
    """Ask every route as every role; return how the answers differ from the table."""
    differing: list[str] = []
    for route in ROUTES:
        for role in EVERYONE:
            status, body = ask(role, route.method, route.path, route.body)
            differing += problems(route, role, status, body, is_before=is_before)
    return differing
