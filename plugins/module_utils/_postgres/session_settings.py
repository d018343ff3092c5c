# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set options of the collection's sessions that only a superuser may change, also for client programs.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SETTINGS: dict[str, str] = {
    # Messages in English, also if the server is set to another language: operators search for them.
    "lc_messages": "C",
    # Statements hold e-mail addresses and password hashes, and so do the rows that DETAIL and CONTEXT quote. None of
    # that goes into the server's log, whether a statement fails, waits or is slow, or all are logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "auto_explain.log_min_duration": "-1",  # without effect if that library is not loaded
}

#: A server that does not respond is noticed within two minutes, while sending and while waiting.
BOUNDS: dict[str, Any] = {
    "keepalives_idle": 60,
    "keepalives_interval": 10,
    "keepalives_count": 6,
    "tcp_user_timeout": 120_000,  # in milliseconds
}

# The server refuses a connection with an option that its role may not change: they are set afterwards.
_SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS desired (name, value)"


def prepare(connection: Connection) -> None:
    """Apply SETTINGS to a new connection, if its role may."""
    if not may_set(connection):
        return
    with connection.cursor() as cursor:
        cursor.execute(_SET, (list(SETTINGS), list(SETTINGS.values())))
    connection.commit()  # otherwise the next rollback would undo them


def may_set(connection: Connection) -> bool:
    """Return True if the role of a connection may change SETTINGS."""
    return connection.get_parameter_status("is_superuser") == "on"


def options() -> str:
    """Return the text of PGOPTIONS for SETTINGS."""
    return " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
