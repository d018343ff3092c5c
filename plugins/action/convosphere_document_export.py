# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the module convosphere_document_export."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_export
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _document_places, _fetching
from ansible_collections.convosphere.platform.plugins.plugin_utils._document_places import Places

_MIB = 1024**2
#: The default of the module.
_MAX_MIB = 1024
_ARCHIVE = "documents.tar"


class ActionModule(ActionBase):
    """Brings the files that differ to ``dest`` on the controller, and leaves nothing on the managed host."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the module for the documents, then for archives with the files that differ."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        result = dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        if not arguments.get("dest") or arguments.get("archive") or result.get("failed"):
            return result
        root = Path(str(arguments.pop("dest"))).expanduser().absolute()
        try:
            places = Places(root, result["documents"], result["lost"])
            differing = places.differing(result["documents"])
            _refuse_large(differing, int(arguments.pop("max_mib", _MAX_MIB)))
            written = {one["id"] for one in differing}
            if not self._task.check_mode:
                written = set(self._brought(places, differing, arguments, task_vars))
                _leave_out(result, [one for one in differing if one["id"] not in written])
            places.refuse_same_files()
        except ConvosphereError as error:
            raise AnsibleActionFail(f"Cannot export documents: {error}") from error
        result["folders"] = [
            _with_src(entry, f"{root.name}/{places.folder(entry).name}") for entry in result["folders"]
        ]
        changes = {str(places.paths[one["id"]]): {"sha256": one["sha256"]} for one in differing if one["id"] in written}
        shown = {"diff": {"before": {}, "after": changes}} if changes else {}
        return {**result, "changed": bool(changes), "written": sorted(changes), "unused": places.unused(), **shown}

    def _brought(
        self,
        places: Places,
        documents: Sequence[Mapping[str, Any]],
        arguments: Mapping[str, Any],
        task_vars: dict[str, Any] | None,
    ) -> Iterator[str]:
        """Write the files of documents, some at a time; yield the ids of those whose content is right."""
        if not documents:
            return
        remote = self._make_tmp_path()
        try:
            for batch in _document_places.batches(documents):
                archive = self._connection._shell.join_path(remote, _ARCHIVE)
                given = {**arguments, "archive": archive, "ids": [one["id"] for one in batch]}
                done = self._execute_module(module_args=given, task_vars=task_vars)
                if done.get("failed"):
                    raise AnsibleActionFail(f"Cannot read the files of documents: {done.get('msg')}")
                with tempfile.TemporaryDirectory() as here:
                    local = Path(here) / _ARCHIVE
                    _fetching.fetch(self, archive, str(local), "the files of documents", task_vars)
                    yield from places.write(local, batch)
        finally:
            self._remove_tmp_path(remote)


def _with_src(entry: Mapping[str, Any], src: str) -> dict[str, Any]:
    """Return a folder with its path behind the options that name it."""
    first = {option: entry[option] for option in ("source", "owner")}
    return {**first, "src": src, **entry}


def _refuse_large(documents: Sequence[Mapping[str, Any]], limit: int) -> None:
    """Raise AnsibleActionFail if the files to bring are larger than ``limit`` MiB."""
    size = sum(one["size"] for one in documents)
    if size > limit * _MIB:
        raise AnsibleActionFail(
            f"The files of {len(documents)} documents to export have {-(-size // _MIB)} MiB, and max_mib is {limit}. "
            "Nothing was written. Raise max_mib, or export without documents."
        )


def _leave_out(result: dict[str, Any], lost: Sequence[Mapping[str, Any]]) -> None:
    """Take documents whose files are not the ones that were stored out of the folders, and name them."""
    if not lost:
        return
    gone = {one["id"] for one in lost}
    result["documents"] = [one for one in result["documents"] if one["id"] not in gone]
    result["folders"], result["remarks"] = document_export.folders(result["documents"])
    result["lost"] = [*result["lost"], *({name: one[name] for name in ("source", "owner", "name")} for one in lost)]
    names = [(one["owner"], document_export.LOST, f"{one['source']}/{one['name']}") for one in lost]
    result["not_exported"] = [*result["not_exported"], *document_export.reasons(names)]
