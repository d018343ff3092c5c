# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch one file of a managed host for an action plugin. It passes through the memory of the controller.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def fetch(action: ActionBase, source: str, target: str, what: str, task_vars: dict[str, Any] | None) -> None:
    """Write the file ``source`` of the host to ``target`` on the controller. Raises AnsibleActionFail.

    ``what`` names it in a message.
    """
    task = action._task.copy()
    task.args = {"src": source, "dest": target, "flat": True, "fail_on_missing": True}
    loader = action._shared_loader_obj.action_loader
    plugin = loader.get(
        "ansible.builtin.fetch",
        task=task,
        connection=action._connection,
        play_context=action._play_context,
        loader=action._loader,
        templar=action._templar,
        shared_loader_obj=action._shared_loader_obj,
    )
    fetched = plugin.run(task_vars=task_vars)
    if fetched.get("failed"):
        raise AnsibleActionFail(f"Cannot fetch {what}: {fetched.get('msg')}")
