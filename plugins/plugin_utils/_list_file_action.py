# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules with a list in a file do on the controller: bring the file to them, and say who runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _operator


class ListFileAction(ActionBase):
    """Runs the module of the same name with its file on the managed host, and ``audit_actor`` filled in.

    ``FILE_OPTION`` is the name of the option with the file's path.
    """

    FILE_OPTION = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the file, decrypt it, copy it where the host is another one; then run the module."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        refuse_dates(arguments)
        if not arguments.get("audit_actor"):
            arguments["audit_actor"] = _operator.actor(task_vars or {})
        temporary: list[str] = []
        try:
            if arguments.get(self.FILE_OPTION) and not boolean(arguments.get("remote_src") or False, strict=False):
                arguments[self.FILE_OPTION] = self._brought(arguments[self.FILE_OPTION], temporary)
            return dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        finally:
            self._loader.cleanup_all_tmp_files()
            for directory in temporary:
                self._remove_tmp_path(directory)

    def _brought(self, path: str, temporary: list[str]) -> str:
        """Return the path of the file for the module; add a directory that is created for it to ``temporary``."""
        if not isinstance(path, str) or "\0" in path:
            raise AnsibleActionFail(f"{self.FILE_OPTION} must be the path of a file")
        here = Path(path).expanduser().absolute()
        try:
            # A file in the working directory of the run comes first: an operator who names one means that.
            source = str(here) if here.is_file() else self._find_needle("files", path)
            # The same path if the file is plain, that of a decrypted copy if it is encrypted.
            readable = self._loader.get_real_file(source)
        except AnsibleError as error:
            raise AnsibleActionFail(f"{self.FILE_OPTION}: {error}") from error
        if readable == source and self._is_here():
            return str(source)
        temporary.append(self._make_tmp_path())
        copy = str(self._connection._shell.join_path(temporary[0], Path(source).name))
        self._transfer_file(readable, copy)
        # Only the user whom the module runs as may read it.
        self._fixup_perms2((temporary[0], copy))
        return copy

    def _is_here(self) -> bool:
        """Whether the module runs on this machine, as a user who reads what the controller reads."""
        becomes = self._task.become and self.get_become_option("become_user") not in (None, "root")
        return bool(self._connection.transport == "local" and not becomes)


def refuse_dates(arguments: Mapping[str, Any]) -> None:
    """Raise AnsibleActionFail for each date that YAML made of a text without quotes.

    Here, because on the way to the module Ansible makes texts of them, which are not what was written.
    """
    places = [f"{place}: quote {value}" for place, value in _dates(arguments, "")]
    if places:
        raise AnsibleActionFail(f"A text is a date because it is not quoted, {', '.join(places)}. Nothing was changed.")


def _dates(value: Any, place: str) -> Iterator[tuple[str, date]]:
    """Yield the dates in a structure, each with its place: ``users[3] (ada@example.com).employee_id``."""
    if isinstance(value, date):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _dates(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            name = (item.get("email") or item.get("name")) if isinstance(item, Mapping) else None
            yield from _dates(item, f"{place}[{index}]{f' ({name})' if name else ''}")
