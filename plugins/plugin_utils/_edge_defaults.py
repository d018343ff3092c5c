# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deny list of the edge for the platform 0.1.2-beta, with the reason of each entry. Documented in docs/edge.md.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

#: (routes, one a line, as ``_edge_routes.Route.parse`` reads them; reason). Each was tried on the platform itself.
DENIED: tuple[tuple[str, str], ...] = (
    (
        "/api/v1/auth/register/*",
        "Without a login, anyone creates an account; any password is accepted.",
    ),
    (
        "/api/v1/users/sso/*",
        "Without a login, anyone creates a super_admin.",
    ),
    (
        "/api/v1/users/authenticate/*",
        "Without a login, five wrong passwords lock any account and break the list of users for everybody.",
    ),
    (
        "POST /api/v1/users",
        "Any user creates a super_admin: the platform does not check the caller's role.",
    ),
    (
        "GET /api/v1/users",
        "Any user reads the names, e-mail addresses and roles of all users.",
    ),
    (
        "POST /api/v1/users/*/verify",
        "Any user marks the e-mail address of any account as verified.",
    ),
    (
        "/api/v1/rag/*",
        "Without a login, anyone searches the knowledge base and changes the retrieval configurations.",
    ),
    (
        "/api/v1/intelligence/*",
        "Without a login, anyone asks for summaries and analyses of conversations, which may call a paid provider.",
    ),
    (
        "GET /api/v1/assistants/default",
        "Without a login, anyone reads the whole system prompt of the default assistant.",
    ),
    (
        "GET /api/v1/statistics/overview\nGET /api/v1/statistics/recent-activity",
        "Any user reads the beginnings of the newest messages of all users.",
    ),
    (
        "/api/v1/search/conversation/*\n/api/v1/knowledge/conversation/*",
        "Any user searches the messages of all users.",
    ),
    (
        "PUT,PATCH /api/v1/knowledge/settings",
        "Any user changes the settings of the knowledge base; keys that are left out are reset.",
    ),
    (
        "POST,PUT,PATCH,DELETE /api/v1/ai-models/*",
        "Any user creates, changes and deletes the AI models and sets the default one.",
    ),
    (
        "PUT,PATCH,DELETE /api/v1/agents/*",
        "Any user changes and deletes the agents of others and the built-in ones.",
    ),
    (
        "GET /api/v1/mcp/servers",
        "Any user reads the URLs of the MCP servers, the only place for their tokens.",
    ),
    (
        "/api/v1/mcp/servers/*/resources\n/api/v1/mcp/servers/*/resources/*/read",
        "Any user lists and reads the resources of the MCP servers, with the token of the platform.",
    ),
    (
        "/api/v1/monitoring/*",
        "Any user reads and exports the host's figures; each request stops the whole backend for about a second.",
    ),
)
