"""WebSockets: one that answers every message with itself, for trying what a proxy does to an open connection."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

router = APIRouter()


@router.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Send every text back until the client closes the connection."""
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return
