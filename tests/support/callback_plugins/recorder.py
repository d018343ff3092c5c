# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes every task's result to a file, beside the output that an operator sees.

It also spares what a run would do again and again: packing a module that another run of the session has packed,
compiling what a module or a collection imports, since Ansible keeps no byte code of either, and loading a filter in the
process of each task.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import marshal
import os
import time
import zipfile
import zlib
from functools import partial, partialmethod
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader
from ansible.utils.collection_loader import _collection_finder

DOCUMENTATION = r"""
name: recorder
type: aggregate
short_description: Record every task's result for a test
description:
  - Appends one JSON object a result to the file that the environment variable E(RECORDER_FILE) names.
  - Keeps packed modules in the directory that E(RECORDER_MODULES) names, if it is set.
"""

READ_CODE = """
import marshal, zipimport, zlib

def _code_of(path, source, *more, compiled=zipimport._compile_source):
    try:
        with open(f"{folder}/{{zlib.crc32(source)}}-{{len(source)}}", "rb") as file:
            return marshal.loads(file.read())
    except OSError:
        return compiled(path, source, *more)

zipimport._compile_source = _code_of
"""


def _share_modules(folder: Path) -> None:
    """Link the place where a run keeps the modules that it packed to one for all runs with the same collection."""
    path = importlib.import_module("ansible_collections.convosphere.platform").__path__[0]
    shared = folder / hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:16]
    shared.mkdir(parents=True, exist_ok=True)
    (Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache").symlink_to(shared)


def _load_filters() -> None:
    """Load the collection's filters in the process from which Ansible forks one for each task."""
    filter_loader.get("convosphere.platform.report")  # Ansible looks into all files for the name of one


def _add_module(folder: Path, add: Any, archive: zipfile.ZipFile, *arguments: Any) -> None:
    """Complete a packed module, and keep in `folder` the code of its sources, for modules that run on this machine."""
    add(archive, *arguments)
    folder.mkdir(exist_ok=True)
    for name in archive.namelist():
        source = archive.read(name)
        path = folder / f"{zlib.crc32(source)}-{len(source)}"
        if not path.exists():
            unfinished = path.with_name(f"{path.name}.{os.getpid()}")
            unfinished.write_bytes(marshal.dumps(compile(source, name, "exec", dont_inherit=True)))
            unfinished.rename(path)
    package = archive.read("ansible/__init__.py").decode() + READ_CODE.format(folder=folder)
    # A module begins with this. Another version of Python ignores it; 1 says that the source need not be the same.
    compiled = marshal.dumps(compile(package, "ansible/__init__.py", "exec", dont_inherit=True))
    archive.writestr("ansible/__init__.pyc", MAGIC_NUMBER + bytes([1, 0, 0, 0]) + bytes(8) + compiled)


def _code(loader: Any, compiled: Any, fullname: str) -> Any:
    """Return the code of a collection's module, from byte code if there is any of this source."""
    path = loader._source_code_path
    return SourceFileLoader(fullname, path).get_code(fullname) if path else compiled(loader, fullname)


def _keep_byte_code(folder: Path) -> None:
    """Have this run, and the modules that it packs, use byte code."""
    if not isinstance(module_common._add_module_to_zip, partial):
        module_common._add_module_to_zip = partial(_add_module, folder, module_common._add_module_to_zip)
        loader = _collection_finder._AnsibleCollectionPkgLoaderBase
        loader.get_code = partialmethod(_code, loader.get_code)


class CallbackModule(CallbackBase):
    """Write one line for each result, secrets already censored by Ansible."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        if os.environ.get("RECORDER_MODULES"):
            _keep_byte_code(Path(os.environ["RECORDER_MODULES"]) / "code")
            _share_modules(Path(os.environ["RECORDER_MODULES"]))
        self._tasks = 0

    def _write(self, **line: Any) -> None:
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    def _record(self, status: str, result: Any) -> None:
        task = result.task
        self._write(
            kind="task", name=task.get_name(), action=task.action, host=result.host.get_name(), status=status,
            result=dict(result.result),
        )  # fmt: skip

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Record that a task starts, for a test that ends the run there.

        Load the filters before the seventh: a short run would only lose by it.
        """
        self._write(kind="start", name=task.get_name(), at=time.time())
        self._tasks += 1
        if self._tasks == 7:
            _load_filters()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that succeeded."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed, rescued or not."""
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task whose condition was false."""
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a task whose host did not answer."""
        self._record("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the recap: counts by host."""
        for host in stats.processed:
            self._write(kind="recap", host=host, counts=stats.summarize(host))
