# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write conversations into one file that only its owner can read, under a temporary name until it is complete.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._postgres.connection import Database
from . import export_format, export_rows, selection
from .selection import Selection

MODE = "0600"


class ExportRun(Work):
    """One run of convosphere_conversation_export."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.check_mode = call.check_mode
        self.dest = Path(call.params["dest"])
        self.write = export_format.FORMATS[call.params["format"]]
        # One transaction reads what is counted, compared and written.
        self.database = Database(call.params, read_only=True)
        self.selection = Selection()
        self.counts: dict[str, int] = {}
        self.checksum: str | None = None

    def plan(self) -> Plan:
        """Count what is selected; if the file exists, compare its checksum with that of the export."""
        self._refuse()
        self.database.read_to_the_end()
        selection.refuse_other_tables(self.database)
        self.selection = selection.read(self.database, self.params, datetime.now(timezone.utc))
        self.counts = export_rows.count(self.database, self.selection)
        name = str(self.dest)
        if not self.dest.is_file():
            return make_plan({name: {**self.counts, "mode": MODE}}, {})
        self.checksum = files.sha256(self._pieces())
        current = {"sha256": files.sha256(files.chunks(self.dest)), "mode": files.mode_of(self.dest)}
        return make_plan({name: {"sha256": self.checksum, "mode": MODE}}, {name: current})

    def apply(self, plan: Plan) -> None:
        """Write the file and rename it, or give it its mode if nothing else differs."""
        changed = next(iter(plan)).after or {}
        with files.changing("export", self.dest.parent):
            if set(changed) == {"mode"}:
                self.dest.chmod(int(MODE, 8))
                return
            self.checksum = self._write()

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the path, the counts, and the checksum and size of the file, unless check mode did not write it."""
        return {"dest": str(self.dest), **self.counts, "sha256": self.checksum, "size_bytes": self._size(plan)}

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _refuse(self) -> None:
        if not self.dest.is_absolute():
            raise InputError(f"dest is {self.dest}, which is no absolute path")
        if self.dest.is_symlink() or (self.dest.exists() and not self.dest.is_file()):
            raise InputError(f"dest {self.dest} is no regular file", hint="Nothing was changed. Give another path.")
        if not self.dest.parent.is_dir():
            raise InputError(f"The directory of dest, {self.dest.parent}, does not exist", hint="Create it first.")

    def _pieces(self) -> Iterator[bytes]:
        return export_format.encoded(self.write(export_rows.read(self.database, self.selection)))

    def _write(self) -> str:
        """Write the file under a name that the next run replaces, should this one be killed; return its checksum."""
        digest, partial = hashlib.sha256(), self.dest.with_name(f"{files.TEMPORARY}{self.dest.name}")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, int(MODE, 8)), "wb") as file:
            try:
                for piece in self._pieces():
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                if not _is(partial, file.fileno()):
                    raise ConvosphereError(f"Another run writes {self.dest}", hint="Run it again after its end.")
                partial.replace(self.dest)
            finally:
                if _is(partial, file.fileno()):
                    partial.unlink()
        files.sync_directory(self.dest.parent)
        return digest.hexdigest()

    def _size(self, plan: Plan) -> int | None:
        return self.dest.stat().st_size if not (plan.changed and self.check_mode) else None


def _is(path: Path, descriptor: int) -> bool:
    """Return whether a path is still that of an open file."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor))
