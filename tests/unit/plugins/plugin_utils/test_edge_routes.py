# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._edge_defaults import DENIED
from ansible_collections.convosphere.platform.plugins.plugin_utils._edge_routes import (
    METHODS,
    Route,
    idle,
    reason,
    rules,
)

from support.collection import ROOT

DOCS = (ROOT / "docs/edge.md").read_text()


@pytest.mark.parametrize(
    ("text", "methods", "paths"),
    [
        ("/a", [], ["/a", "/a/"]),
        ("/a/", [], ["/a", "/a/"]),
        ("/a/*", [], ["/a", "/a/*"]),
        ("/a/*/verify", [], ["/a/*/verify", "/a/*/verify/"]),
        ("PUT /a-b/c.d_e~", ["PUT"], ["/a-b/c.d_e~", "/a-b/c.d_e~/"]),
        ("post,put,POST /a", ["POST", "PUT"], ["/a", "/a/"]),
        ("GET /a", ["GET", "HEAD"], ["/a", "/a/"]),
        ("GET,HEAD /a", ["GET", "HEAD"], ["/a", "/a/"]),
    ],
)
def test_a_route_becomes_matchers_of_the_edge(text, methods, paths):
    assert Route.parse(text).matcher() == {"methods": methods, "paths": paths}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an entry is a text"),
        ("GET POST /a", "an entry is a text"),
        (7, "an entry is a text"),
        ({"path": "/a"}, "an entry is a text"),
        ("FETCH /a", "'FETCH' is not a method: give GET, HEAD"),
        ("GET, /a", "'' is not a method"),
        ("a", "a path begins with /"),
        ("/", "a path begins with /"),
        ("/a{b}", "a path begins with /"),
        ("/a*", "a path begins with /"),
        ("/a/../b", "a path begins with /"),
        ("/a//b", "a path begins with /"),
        ("/a%2fb", "a path begins with /"),
        ('/a"', "a path begins with /"),
        ("/a\n/b\n/c", "an entry is a text"),
        ("/a/*/b/*", "with * as a segment it covers one path"),
    ],
)
def test_an_unreadable_entry_is_refused_with_the_reason(text, said):
    assert (reason(text) or "").startswith(said)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("/a", "/A", True),
        ("/a", "/b", False),
        ("/a", "/a/b", False),
        ("/a/*", "/a/b/c", True),
        ("/a/*", "/a", True),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/d", False),
        ("/a/*", "/b/*", False),
        ("POST /a", "PUT /a", False),
        ("POST /a", "/a", True),
    ],
)
def test_routes_overlap_if_a_request_matches_both(one, other, overlap):
    assert Route.parse(one).overlaps(Route.parse(other)) is overlap
    assert Route.parse(other).overlaps(Route.parse(one)) is overlap


def test_an_exception_applies_only_to_the_entries_that_it_overlaps():
    found = rules(["/own/*"], ["PUT /api/v1/ai-models/*", "/own/status"])

    lifted = {rule["reason"]: rule["exceptions"] for rule in found if rule["exceptions"]}
    assert list(lifted.values()) == [
        [{"methods": ["PUT"], "paths": ["/api/v1/ai-models", "/api/v1/ai-models/*"]}],
        [{"methods": [], "paths": ["/own/status", "/own/status/"]}],
    ]
    assert len(found) == len(DENIED) + 1


def test_an_exception_that_nothing_covers_is_idle():
    assert idle(["/own"], ["/own", "GET /api/v1/users", "/own/deeper"]) == ["/own/deeper"]


def test_every_default_entry_is_documented_with_its_reason():
    table = [tuple(row) for row in re.findall(r"^\| (`.+?) \| (.+) \|$", DOCS, re.MULTILINE)]

    assert table == [("<br>".join(f"`{route}`" for route in routes.split("\n")), reason) for routes, reason in DENIED]


def test_the_default_entries_are_routes_of_the_platform_in_plain_form():
    routes = [Route.parse(text) for entry, _reason in DENIED for text in entry.split("\n")]

    assert all(route.path.startswith("/api/v1/") for route in routes)
    assert all(set(route.methods) <= set(METHODS) for route in routes)
    assert all(reason.endswith(".") and "\n" not in reason for _routes, reason in DENIED)


def test_the_documented_example_is_accepted():
    import yaml

    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)[0])

    denied, allowed = example["stack_edge_denied"], example["stack_edge_allowed"]
    assert [text for text in [*denied, *allowed] if reason(text)] == []
    assert idle(denied, allowed) == []


@pytest.mark.parametrize(
    "request_line",
    [
        "POST /api/v1/rag/retrieve",
        "DELETE /api/v1/rag/configs/one",
        "POST /api/v1/intelligence/summarize",
        "GET /api/v1/intelligence/summary/some-id",
        "GET /api/v1/assistants/default",
        "GET /api/v1/statistics/recent-activity",
        "GET /api/v1/statistics/overview",
        "PUT /api/v1/knowledge/settings",
        "POST /api/v1/ai-models",
        "PUT /api/v1/ai-models/some-id",
        "PUT /api/v1/ai-models/some-id/default",
        "DELETE /api/v1/ai-models/some-id",
        "GET /api/v1/mcp/servers",
        "GET /api/v1/mcp/servers/search/resources",
        "POST /api/v1/mcp/servers/search/resources/some-uri/read",
    ],
)
def test_content_that_the_platform_gives_or_leaves_to_everybody_is_denied(request_line):
    assert is_denied(request_line)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /api/v1/assistants",
        "GET /api/v1/assistants/default/id",
        "GET /api/v1/statistics/user",
        "GET /api/v1/knowledge/settings",
        "GET /api/v1/ai-models",
        "GET /api/v1/tools",
        "GET /api/v1/mcp/tools",
    ],
)
def test_content_that_the_frontend_reads_is_not_denied(request_line):
    assert not is_denied(request_line)


def is_denied(request_line: str) -> bool:
    """Return whether the deny list of the collection alone answers this request with 403."""
    asked = Route.parse(request_line)
    return any(Route.parse(text).overlaps(asked) for routes, _reason in DENIED for text in routes.split("\n"))
