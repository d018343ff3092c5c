# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module convosphere_service costs."""

from __future__ import annotations

from typing import Any

from support.bench import Contender, Row, playbook_of
from support.environment import Environment, wait_until


def rows(environment: Environment) -> list[Row]:
    """Compare a run that changes nothing with a ping, and a restart of the backend with the one of community.docker."""

    def service(**options: Any) -> dict[str, Any]:
        names = {"project_name": environment.project, "environment_name": environment.name}
        task = {**names, "project_src": str(environment.directory), **options}
        return {"name": "Services", "convosphere.platform.convosphere_service": task}

    def healthy() -> None:
        # Before it is up, the backend does not ignore the signal to stop, and both would restart it at once.
        wait_until(
            lambda: environment.inspect("backend")["State"]["Health"]["Status"] == "healthy", "backend healthy", 120
        )

    container = {
        "name": environment.container("backend"),
        "state": "started",
        "restart": True,
        "stop_timeout": 0,
        "comparisons": {"*": "ignore"},
    }
    restart = service(services=["backend"], state="restarted", stop_timeout=0, wait=False)
    folder = environment.folder
    return [
        Row(
            Contender(
                "convosphere_service with nothing to do", playbook_of(folder, "nothing-to-do", service()), healthy
            ),
            Contender("ping", playbook_of(folder, "ping", {"name": "Ping", "ansible.builtin.ping": {}})),
            limit=1.3,
        ),
        Row(
            Contender("convosphere_service restarts the backend", playbook_of(folder, "restart", restart), healthy),
            Contender(
                "community.docker.docker_container",
                playbook_of(
                    folder, "restart-container", {"name": "Restart", "community.docker.docker_container": container}
                ),
                healthy,
            ),
            limit=0.15,
        ),
    ]
