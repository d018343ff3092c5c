"""MCP servers, in the memory of this process and nowhere else: gone after a restart, as in the platform."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from loguru import logger
from pydantic import BaseModel
from sqlalchemy.engine import Row

from app.auth import CALLER, CALLER_ID

router = APIRouter()
CONNECT_SECONDS = 20
#: The platform's client uses no proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class MCPServerCreate(BaseModel):
    """A server to connect to. There is no field for a header: a token can only be in the URL."""

    server_id: str
    server_url: str
    server_name: str | None = None


@dataclass
class Server:
    """A connected server with the tools and the number of resources that it listed."""

    url: str
    name: str
    tools: list[dict[str, Any]] = field(default_factory=list)
    resources: int = 0


SERVERS: dict[str, Server] = {}
#: The tools by id, which is the server's id, an underscore and the tool's name.
TOOLS: dict[str, dict[str, Any]] = {}


def ask(url: str, number: int, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Send one JSON-RPC request and return its result. A response in any other form than JSON is an error."""
    body = {"jsonrpc": "2.0", "id": number, "method": method, **({"params": parameters} if parameters else {})}
    headers = {"Content-Type": "application/json", "Accept": "*/*"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with DIRECT.open(request, timeout=CONNECT_SECONDS) as answer:
        if answer.headers.get_content_type() != "application/json":
            raise ValueError(f"{method} was answered with {answer.headers.get_content_type()}")
        found: dict[str, Any] = json.load(answer)
    return found.get("result", {})


def listed(url: str, number: int, what: str) -> list[dict[str, Any]]:
    """Return what the server lists. An error counts as an empty list, as in the platform."""
    try:
        found: list[dict[str, Any]] = ask(url, number, f"{what}/list", {}).get(what, [])
    except (OSError, ValueError) as error:
        logger.error(f"Error loading {what} from MCP server: {error}")
        return []
    return found


def offered(server: Server, tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool as REST shows it. Raise TypeError for a property with several types."""
    schema = tool.get("inputSchema", {})
    parameters = []
    for name, each in schema.get("properties", {}).items():
        kind = each.get("type", "string")
        if not isinstance(kind, str):
            raise TypeError(f"type of {name}: str type expected")
        shown = {"name": name, "type": kind, "description": each.get("description", "")}
        parameters.append({**shown, "required": name in schema.get("required", []), "default": each.get("default")})
    name, description = f"mcp_{tool['name']}", tool.get("description", "")
    shown = {"name": name, "description": description, "category": "mcp", "server_name": server.name}
    return {**shown, "parameters": parameters}


def require_admin(caller: Row) -> None:
    """Fail with a 500 for other roles: the platform turns its own 403 into one."""
    if caller.role not in ("SUPER_ADMIN", "ADMIN"):
        raise RuntimeError("only administrators change MCP servers")


def server_body(server_id: str) -> dict[str, Any]:
    """Return a server as REST shows it, with its whole URL."""
    server = SERVERS[server_id]
    shown = {"server_id": server_id, "server_name": server.name, "server_url": server.url, "is_connected": True}
    return {**shown, "tool_count": len(server.tools), "resource_count": server.resources}


@router.post("/servers")
def add_server(body: MCPServerCreate, caller: Row = CALLER) -> dict[str, Any]:
    """Connect to a server; one of the same id is replaced. An odd tool leaves the server registered without tools."""
    require_admin(caller)
    server = Server(body.server_url, body.server_name or body.server_id)
    ask(server.url, 1, "initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {}})
    server.tools = listed(server.url, 2, "tools")
    server.resources = len(listed(server.url, 3, "resources"))
    SERVERS[body.server_id] = server
    for tool in server.tools:
        TOOLS[f"{body.server_id}_{tool['name']}"] = offered(server, tool)
    return server_body(body.server_id)


@router.get("/servers", dependencies=[CALLER_ID])
def list_servers() -> list[dict[str, Any]]:
    """List the servers, to anybody with a valid token."""
    return [server_body(server_id) for server_id in SERVERS]


@router.delete("/servers/{server_id}")
def remove_server(server_id: str, caller: Row = CALLER) -> dict[str, str]:
    """Remove a server, and every tool whose id begins with the server's and an underscore."""
    require_admin(caller)
    if server_id not in SERVERS:
        raise RuntimeError("MCP server not found")
    del SERVERS[server_id]
    for tool_id in [each for each in TOOLS if each.startswith(f"{server_id}_")]:
        del TOOLS[tool_id]
    return {"message": f"MCP server {server_id} removed successfully"}


@router.get("/tools", dependencies=[CALLER_ID])
def list_tools() -> list[dict[str, Any]]:
    """List the tools of all servers, to anybody with a valid token."""
    return [{"id": tool_id, **tool} for tool_id, tool in TOOLS.items()]
