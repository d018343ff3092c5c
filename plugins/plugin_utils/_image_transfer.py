# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules convosphere_image and convosphere_image_bundle do on the controller: move archives of images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import image_archive
from ansible_collections.convosphere.platform.plugins.plugin_utils import _bundle_manifest as bundle_manifest

ARCHIVE = "images.tar"


class _TransferAction(ActionBase):
    """An action with a directory on the host that exists during the run."""

    @contextmanager
    def _directory(self) -> Iterator[str]:
        directory = self._make_tmp_path()
        try:
            yield directory
        finally:
            self._remove_tmp_path(directory)

    def _joined(self, directory: str) -> str:
        return str(self._connection._shell.join_path(directory, ARCHIVE))

    def _run_module(self, arguments: Mapping[str, Any], task_vars: Any, *, check: bool = False) -> dict[str, Any]:
        """Run the module; with ``check`` in check mode."""
        before = self._task.check_mode
        self._task.check_mode = check or before
        try:
            return dict(self._execute_module(module_args=dict(arguments), task_vars=task_vars))
        finally:
            self._task.check_mode = before


class BundleAction(_TransferAction):
    """Run the module on the host, fetch the archive that it writes there, and write the manifest beside it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the archive unless it has the same images already."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        archive = _path(arguments, "path")
        if not archive.parent.is_dir():
            raise AnsibleActionFail(f"path: there is no directory {archive.parent} on the controller. Create it.")
        arguments["existing"] = bundle_manifest.image_ids(bundle_manifest.read(archive))
        with self._directory() as directory:
            arguments["path"] = self._joined(directory)
            result = self._run_module(arguments, task_vars)
            if result.get("changed") and not result.get("failed") and not self._task.check_mode:
                self._fetch(arguments, archive, result)
        return result

    def _fetch(self, arguments: Mapping[str, Any], archive: Path, result: Mapping[str, Any]) -> None:
        temporary = bundle_manifest.unfinished(archive)
        try:
            self._connection.fetch_file(arguments["path"], str(temporary))
            if bundle_manifest.sha256(temporary) != result["sha256"]:
                raise AnsibleActionFail(f"The archive {archive} differs from the checksum on the host. Run again.")
            bundle_manifest.move(temporary, archive)
            described = {key: result[key] for key in ("size_bytes", "sha256", "images")}
            origin = {"environment": arguments["environment_name"], "release": arguments.get("release") or None}
            bundle_manifest.write(archive, {**origin, **described})
        except OSError as error:
            raise AnsibleActionFail(f"Cannot write the archive {archive}: {error.strerror or error}") from error
        finally:
            temporary.unlink(missing_ok=True)


class LoadAction(_TransferAction):
    """Run the module, and before that bring to the host the layers of the archive that it lacks."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the module in check mode what the host lacks, then run it with an archive of that."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        on_host = boolean(arguments.get("remote_src") or False, strict=False)
        if arguments.get("source") != "load" or on_host or not arguments.get("archive"):
            return self._run_module(arguments, task_vars)
        archive = self._found(arguments)
        try:
            index = image_archive.read(str(archive))
            arguments.update(archive=str(archive), archive_content=_content(index))
            result = self._run_module(arguments, task_vars, check=True)
            if result.get("failed") or not result.get("changed") or self._task.check_mode:
                return result
            return self._load(index, arguments, result["needed"], task_vars)
        except ConvosphereError as error:
            raise AnsibleActionFail(str(error)) from error

    def _found(self, arguments: Mapping[str, Any]) -> Path:
        given = _path(arguments, "archive")
        if given.is_file():
            return given
        try:
            return Path(self._find_needle("files", str(arguments["archive"])))
        except AnsibleError as error:
            raise AnsibleActionFail(
                f"archive: there is no file {given} on the controller. If it is on the host, set remote_src: true"
                " (in the role stack, stack_image_archive_on_host: true)."
            ) from error

    def _load(
        self, index: image_archive.Index, arguments: dict[str, Any], needed: Mapping[str, Any], task_vars: Any
    ) -> dict[str, Any]:
        """Transfer what the host needs of an archive, and run the module with that."""
        archive = str(arguments["archive"])
        _verify(Path(archive))
        with tempfile.NamedTemporaryFile(prefix="convosphere-", suffix=".tar") as file, self._directory() as directory:
            image_archive.write_reduced(archive, index, needed["images"], needed["layers"], file)
            file.flush()
            size = Path(file.name).stat().st_size
            arguments["archive"] = self._joined(directory)
            self._transfer_file(file.name, arguments["archive"])
            self._fixup_perms2((directory, arguments["archive"]))
            return {**self._run_module(arguments, task_vars), "transferred_bytes": size}


def _path(arguments: Mapping[str, Any], option: str) -> Path:
    value = arguments.get(option)
    if not isinstance(value, str) or not value or "\0" in value:
        raise AnsibleActionFail(f"{option} must be the path of an archive")
    return Path(value).expanduser().absolute()


def _content(index: image_archive.Index) -> dict[str, dict[str, Any]]:
    return {name: {"id": image.id, "layers": list(image.layers)} for image in index.images for name in image.names}


def _verify(archive: Path) -> None:
    """Raise AnsibleActionFail if the archive differs from the checksum in its manifest, if there is one."""
    path = bundle_manifest.path_of(archive)
    if not path.is_file():
        return
    manifest = bundle_manifest.read(archive)
    if manifest is None or bundle_manifest.sha256(archive) != manifest["sha256"]:
        raise AnsibleActionFail(
            f"The archive {archive} differs from the checksum in {path}: it was copied incompletely, or is corrupt."
            " Nothing was changed. Copy both files again."
        )
