# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of the soak: what happens to an environment while it has visitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Images that an event deploys, each a service's image with these lines of a Dockerfile.
VARIANTS: dict[str, tuple[str, ...]] = {
    "backend:upgraded": ("LABEL soak=upgraded",),
    "frontend:upgraded": ("LABEL soak=upgraded",),
    "edge:upgraded": ("LABEL soak=upgraded",),
    "backend:crashing": ("USER root", "RUN echo 'raise SystemExit(1)' > /app/backend/main.py", "USER app"),
    "backend:unmigratable": (
        "USER root",
        'RUN printf \'from alembic import op\\nrevision = "soak"\\ndown_revision = "2025_08_14_add_agents"\\n'
        'def upgrade():\\n    op.execute("SELECT 1/0")\\n\' > /app/backend/alembic/versions/soak.py',
        "USER app",
    ),
}


def image(variant: str) -> str:
    """Return the reference of a variant."""
    return f"convosphere-soak/{variant}"


@dataclass(frozen=True)
class Event:
    """A run of a playbook. What a successful deploy was given is given to all later ones."""

    name: str
    playbook: str = "deploy.yml"
    variables: Mapping[str, Any] = field(default_factory=dict)
    fails: bool = False
    #: Whether requests that are no reads may fail: those that a lost host had taken are not sent again.
    loses_writes: bool = False
    #: Whether requests may fail: there is nothing beside what exists once. How many fail is to be documented.
    interrupts: bool = False

    def happen(self, live: Any, kept: dict[str, Any]) -> tuple[float, list[str]]:
        """Let it happen. Return the seconds of the run, and what was not as it should be."""
        deploys = self.playbook == "deploy.yml"
        given = combined(kept, self.variables) if deploys else dict(self.variables)
        run = live.run(self.playbook, extra_vars=given)
        problems = []
        if (run.rc != 0) is not self.fails:
            problems.append(f"rc {run.rc}: {run.failures[0].message[:200] if run.failures else ''}")
        if deploys and not self.fails:
            kept.update(given)
        return run.seconds, problems


def combined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of both; dictionaries are merged."""
    merged = dict(first)
    for name, value in second.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    return merged


EVENTS = (
    Event("unchanged deploy"),
    Event("changed setting", variables={"stack_settings": {"LOG_LEVEL": "WARNING"}}),
    Event("changed secret", variables={"stack_secrets": {"OPENAI_API_KEY": "planted-openai-key"}}),
    Event("upgrade of the backend", variables={"stack_images": {"backend": image("backend:upgraded")}}),
    Event("upgrade of the frontend", variables={"stack_images": {"frontend": image("frontend:upgraded")}}),
    Event("changed Caddyfile", variables={"stack_edge_denied": ["/api/v1/agents/*"]}),
    Event("restart of the backend", "services.yml", {"service": "backend", "state": "restarted"}),
    Event("upgrade of the edge", variables={"stack_images": {"edge": image("edge:upgraded")}}, interrupts=True),
    Event("restart of PostgreSQL", "services.yml", {"service": "postgres", "state": "restarted"}, interrupts=True),
    Event("crashing backend", variables={"stack_images": {"backend": image("backend:crashing")}}, fails=True),
    Event(
        "backend that hangs in its start",
        variables={"stack_extra_settings": {"SANDBOX_NEVER_HEALTHY": "1"}, "stack_wait_timeout": 60},
        fails=True,
    ),
    Event(
        "migration that fails",
        variables={"stack_images": {"backend": image("backend:unmigratable")}, "stack_skip_backup_gate": True},
        fails=True,
    ),
)
