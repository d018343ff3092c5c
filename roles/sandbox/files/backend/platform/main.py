"""What the server imports: `uvicorn backend.main:app`, as in the platform's own image."""

from __future__ import annotations

from app.application import create_application

app = create_application()
