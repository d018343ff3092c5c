# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the list of users from the controller to the module, and says who it is that runs it."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Runs the module of the same name, with ``users_file`` on the managed host and ``audit_actor`` filled in."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the file, decrypt it, copy it where the host is another one; then run the module."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = dict(self._task.args)
        if not arguments.get("audit_actor"):
            arguments["audit_actor"] = f"{getpass.getuser()}@{socket.gethostname()}"
        temporary = None
        try:
            if arguments.get("users_file") and not self._is_true(arguments.get("remote_src")):
                try:
                    source = self._find_needle("files", str(Path(arguments["users_file"]).expanduser()))
                    # The same file where it is plain, a decrypted copy where it is a vault.
                    local = self._loader.get_real_file(source)
                except AnsibleError as error:
                    return {"failed": True, "changed": False, "msg": f"users_file: {error}"}
                if self._can_read(local, source):
                    arguments["users_file"] = local
                else:
                    temporary = self._make_tmp_path()
                    arguments["users_file"] = self._copy(local, source, temporary)
            return self._execute_module(
                module_name="convosphere.platform.convosphere_user", module_args=arguments, task_vars=task_vars
            )
        finally:
            self._loader.cleanup_all_tmp_files()
            if temporary:
                self._remove_tmp_path(temporary)

    def _is_true(self, value: Any) -> bool:
        from ansible.module_utils.parsing.convert_bool import boolean

        return bool(boolean(value, strict=False)) if value is not None else False

    def _can_read(self, local: str, source: str) -> bool:
        """Whether the module runs on this machine, under a user who may read the file, by its own name."""
        becomes = self._play_context.become and self.get_become_option("become_user") not in (None, "root")
        return self._connection.transport == "local" and not becomes and local == source

    def _copy(self, local: str, source: str, temporary: str) -> str:
        """Copy the file into the task's own directory on the host, which nobody else may read."""
        path = self._connection._shell.join_path(temporary, Path(source).name)
        self._transfer_file(local, path)
        self._fixup_perms2((temporary, path))
        return path
