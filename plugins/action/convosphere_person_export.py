# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_person_export."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _fetching

#: The prefix of unfinished files, as on managed hosts.
_TEMPORARY = ".convosphere-"


class ActionModule(ActionBase):
    """Brings the archive to ``fetch_to`` on the controller, and leaves nothing on the managed host."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; with ``fetch_to`` into a temporary directory of the host, from which the archive is read."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if "fetch_to" not in arguments or arguments.get("path"):
            return dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        target = _target(str(arguments.pop("fetch_to")), str(arguments.get("environment_name") or ""))
        directory = self._make_tmp_path()
        try:
            arguments["path"] = self._connection._shell.join_path(directory, target.name)
            result = dict(self._execute_module(module_args=arguments, task_vars=task_vars))
            if not result.get("failed"):
                if not self._task.check_mode:
                    self._bring(arguments["path"], target, result, task_vars)
                _rename(result, arguments["path"], str(target))
            return result
        finally:
            self._remove_tmp_path(directory)

    def _bring(self, source: str, target: Path, result: dict[str, Any], task_vars: dict[str, Any] | None) -> None:
        """Read the archive into a file of mode 0600 under a temporary name, and rename it if its checksum is right."""
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=_TEMPORARY)
        os.close(descriptor)
        try:
            _fetching.fetch(self, source, temporary, "the archive of the person", task_vars)
            Path(temporary).chmod(0o600)
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _target(fetch_to: str, environment: str) -> Path:
    """Return the path of the archive on the controller. Raises AnsibleActionFail without a directory for it."""
    path = Path(fetch_to).expanduser().absolute()
    if fetch_to and path.is_dir():
        return path / f"{environment}-person-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.tar"
    if fetch_to and path.parent.is_dir() and not fetch_to.endswith("/"):
        return path
    raise AnsibleActionFail(
        f"fetch_to is '{fetch_to}': give an existing directory on the controller, or a path in one. Nothing was read."
    )


def _rename(result: dict[str, Any], source: str, target: str) -> None:
    """Name the archive on the controller in the result and its diff."""
    result["path"] = target
    after = (result.get("diff") or {}).get("after") or {}
    if source in after:
        after[target] = after.pop(source)
