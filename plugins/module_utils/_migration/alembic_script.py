# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read or migrate revisions inside the backend's image, with its Python, the standard library and its alembic.

The program reads one line of JSON and writes one. The line has the address and password of the database, which are in
no file, argument or setting of the container. The image's alembic.ini is used, with another address in memory. When the
input ends, the caller has ended: then the program ends too, and PostgreSQL rolls back.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

SHOWN = 2000  # characters of a failed statement
#: Parts that PostgreSQL and SQLAlchemy add to a message, and that may quote rows, such as password hashes.
_WITH_DATA = re.compile(r"\n(?:DETAIL|CONTEXT|QUERY|WHERE):|\n?\[(?:SQL|parameters):")
#: How many seconds the code of each revision took.
_SECONDS: dict[str, float] = {}


def main() -> None:
    """Answer one request: ``{"do": revisions|upgrade|downgrade, ...}`` with ``{"done": ...}`` or ``{"error": ...}``."""
    # Output of env.py and of the application must not mix with the answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_input, args=(sys.stdin,), daemon=True).start()
    os.environ.update(request.get("environment") or {})
    sys.path.insert(0, str(Path.cwd()))
    answer: dict[str, Any]
    try:
        done = _revisions() if request["do"] == "revisions" else _migrate(request)
        answer = {"done": done, "seconds": _SECONDS}
    except BaseException as error:  # noqa: BLE001 - also sys.exit in env.py is reported to the caller
        answer = {"error": _described(error)}
    answers.write(json.dumps(answer) + "\n")
    answers.close()
    os._exit(0)  # the application may have started threads that do not end


def _end_with_the_input(stream: TextIO) -> None:
    while stream.read(4096):
        pass
    os._exit(3)


def _configuration() -> Any:
    from alembic.config import Config

    return Config(str(Path("alembic.ini").absolute()))


def _revisions() -> list[dict[str, Any]]:
    """Return all revisions of the image, newest first, each with its SQL, without a database."""
    from alembic.script import ScriptDirectory

    return [
        {
            "id": script.revision,
            "down": _listed(script.down_revision),
            "depends_on": _listed(script.dependencies),
            "doc": script.doc,
            "sql": _sql_of(script),
        }
        for script in ScriptDirectory.from_config(_configuration()).walk_revisions()
    ]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _sql_of(script: Any) -> str | None:
    """Return the statements of a revision's upgrade; None if it reads the database before they are known."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer, "literal_binds": True}
    try:
        context = MigrationContext.configure(dialect_name="postgresql", opts=options)
        with Operations.context(context):
            script.module.upgrade()
    except Exception:  # noqa: BLE001 - a revision may fail in any way without a database
        return None
    return buffer.getvalue().strip()


def _migrate(request: Mapping[str, Any]) -> list[str]:
    """Migrate the database to each of ``targets``, one after the other, each in one transaction."""
    from alembic import command

    url = _url(request["url"])
    # The platform's settings require it, and an env.py that reads it must find the same database.
    os.environ["DATABASE_URL"] = url
    configuration = _configuration()
    configuration.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    if request["do"] == "upgrade":
        _measure(configuration)
    for target in request["targets"]:
        getattr(command, request["do"])(configuration, target)
    return list(request["targets"])


def _measure(configuration: Any) -> None:
    """Note how many seconds the code of each revision takes, also if all of them run in one transaction."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(configuration)
    for script in scripts.walk_revisions():
        script.module.upgrade = _timed(script.revision, script.module.upgrade)
    # alembic's command reads the directory again, and would load the code without the measurement.
    ScriptDirectory.from_config = classmethod(lambda _class, _configuration: scripts)


def _timed(revision: str, upgrade: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        began = time.monotonic()
        try:
            return upgrade(*arguments, **options)
        finally:
            _SECONDS[revision] = time.monotonic() - began

    return run


def _url(parts: Mapping[str, Any]) -> str:
    """Return the URL of ``parts``, by the names of sqlalchemy.engine.URL.

    The login is quoted here: SQLAlchemy 1.4 does not escape a percent sign, and reads it as an escape.
    """
    from sqlalchemy.engine import URL

    words = [quote(parts[name], safe="") for name in ("username", "password") if parts[name] is not None]
    url = URL.create(**{**parts, "username": None, "password": None}).render_as_string()
    return url.replace("//", f"//{':'.join(words)}@", 1)


def _described(error: BaseException) -> dict[str, Any]:
    """Return the revision, the database's message and code, and the statement of an error, without data."""
    original = getattr(error, "orig", None) or error
    return {
        "kind": type(original).__name__,
        "said": _said(original),
        "sqlstate": getattr(original, "pgcode", None) or getattr(original, "sqlstate", None),
        "statement": " ".join(str(getattr(error, "statement", None) or "").split())[:SHOWN] or None,
        "revision": _failing_revision(error),
    }


def _said(error: BaseException) -> str:
    """Return the message of an error without any row."""
    diagnosis = getattr(error, "diag", None)
    return _WITH_DATA.split(getattr(diagnosis, "message_primary", None) or str(error))[0].strip()


def _failing_revision(error: BaseException) -> str | None:
    """Return the revision whose code raised the error."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name in ("upgrade", "downgrade") and "down_revision" in frame.f_globals:
            return str(frame.f_globals.get("revision"))
    return None


if __name__ == "__main__":
    main()
