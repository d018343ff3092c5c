# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What content costs: 500 assistants beside the least that Ansible needs to bring the list to a module."""

from __future__ import annotations

from typing import Any

from bench_users import list_play, login

from support.bench import Contender, Row
from support.environment import Environment

OWNER = """
INSERT INTO users (id, email, username, auth_provider, status, role, is_verified, failed_login_attempts, language,
  timezone)
VALUES (gen_random_uuid(), 'owner@example.com', 'owner', 'LOCAL', 'ACTIVE', 'USER', false, '0', 'de', 'Europe/Berlin')
ON CONFLICT DO NOTHING
"""


def rows(environment: Environment) -> list[Row]:
    """Compare creating and leaving unchanged with a module that only accepts the list."""
    listing = {"assistants": assistants(500)}
    module = "convosphere.platform.convosphere_assistant"
    listed = list_play(environment, "list", module, login(environment), listing)
    accept = Contender(
        "a module that only accepts the list", list_play(environment, "accept", "accept_list", {}, listing)
    )
    return [
        Row(
            Contender("500 assistants from group_vars, created", listed, lambda: _empty(environment)), accept, limit=1.2
        ),
        Row(Contender("500 assistants from group_vars, unchanged", listed), accept, limit=1.2),
    ]


def assistants(count: int) -> list[dict[str, Any]]:
    """Return assistants with a handful of options each."""
    return [
        {
            "name": f"Assistant {number:03}",
            "owner": "owner",
            "system_prompt": f"You answer questions of department {number % 20}.",
            "model": "gpt-4o",
            "temperature": 0.3,
            "status": "active",
            "tags": [f"department-{number % 20}"],
        }
        for number in range(count)
    ]


def _empty(environment: Environment) -> None:
    environment.sql("TRUNCATE assistants, audit_logs CASCADE")
    environment.sql(OWNER)
