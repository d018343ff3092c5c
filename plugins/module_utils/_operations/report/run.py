# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report and the metrics of one maintenance run, and remove the oldest reports.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..._core import files
from ..._core.errors import InputError
from ..._core.plan import DELETE, Plan, make_plan
from ..._core.timestamps import parse_time
from ..._core.work import Invocation, Work
from ..._host import environment_directory
from ..._host.system_directories import unsuitable
from . import document as report_document
from . import facts, metrics, page, store

_PRIVATE, _PUBLIC = "0640", "0644"
METRICS_SUFFIX = ".prom"


class ReportRun(Work):
    """One run of convosphere_report."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.directory = Path(self.params["reports_dir"])
        self.metrics = Path(self.params["metrics_file"]) if self.params["metrics_file"] else None
        self.document: dict[str, Any] = {}
        #: The text of each file, with its mode, in the order in which they are written.
        self.texts: dict[Path, tuple[str, str]] = {}
        self.surplus: list[store.Report] = []

    def plan(self) -> Plan:
        """Compose the report, and compare its files with those that exist."""
        self._refuse()
        run = self.params["run"]["id"]
        reports = store.read(self.directory, self.params["environment_name"])
        earlier = [each for each in reports if each.document["run"] != run]
        before = [each for each in earlier if each.document["ended"] <= self.params["run"]["ended"]]
        previous = before[-1].document if before else None
        self.document = report_document.compose(self.params, facts.read(self.params, previous), previous)
        self.surplus = store.surplus(reports, run, self.params["reports_kept"])
        self.texts = dict(self._files())
        return self._compare()

    def apply(self, plan: Plan) -> None:
        """Write the files, and then remove the surplus ones. The document comes last of a report that is removed."""
        files.make_private(self.directory)
        files.remove_temporary(self.directory)
        changed = {change.name for change in plan}
        if self.metrics and str(self.metrics) in changed:
            _make_readable(self.metrics.parent)
        for path, (text, mode) in self.texts.items():
            if str(path) in changed:
                files.write_text(path, text, mode)
        for report in self.surplus:
            files.remove(report.page)
            files.remove(report.path)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the verdict and the paths."""
        path, html = store.paths(self.directory, self.params["run"]["id"])
        return {
            "verdict": self.document["verdict"],
            "findings": self.document["findings"],
            "json": str(path),
            "html": str(html),
            "metrics_file": str(self.metrics) if self.metrics else None,
            "removed": [each.document["run"] for each in self.surplus] if plan.names(DELETE) else [],
        }

    def _refuse(self) -> None:
        """Raise InputError for options that cannot be used, before anything is read."""
        environment = self.params["environment_name"]
        environment_directory.refuse_foreign_directory(Path(self.params["project_src"]), environment, "project_src")
        environment_directory.refuse_foreign_backups(Path(self.params["backup_dir"]), environment)
        store.refuse_unusable(self.params["run"]["id"])
        problems = [*self._problems()]
        if problems:
            raise InputError.of(problems)
        for path in store.paths(self.directory, self.params["run"]["id"]):
            self._refuse_other(path, environment)
        self._refuse_other_metrics(environment)

    def _problems(self) -> Iterator[str]:
        unfit = unsuitable(self.directory)
        if unfit:
            yield f"reports_dir: {unfit}"
        for name in ("started", "ended"):
            try:
                parse_time(self.params["run"][name])
            except ValueError:
                yield f"run.{name} is '{self.params['run'][name]}': give a time in UTC such as 2026-11-29T06:00:00Z"
        if self.metrics and not self.metrics.is_absolute():
            yield f"metrics_file is {self.metrics}, which is no absolute path"
        elif self.metrics and self.metrics.suffix != METRICS_SUFFIX:
            yield f"metrics_file is {self.metrics}: node_exporter reads only files that end with {METRICS_SUFFIX}"

    def _refuse_other(self, path: Path, environment: str) -> None:
        """Raise InputError if a file of the report exists and is not a report of this environment."""
        content = files.read_bytes(path)
        if content is None or path.suffix != store.DOCUMENT:
            return
        known = store.parse(content)
        if known is None or known["environment"] != environment:
            raise InputError(
                f"{path} is not a report of {environment}",
                hint="Nothing was changed. Give reports_dir a directory of its own, or move the file away.",
            )

    def _refuse_other_metrics(self, environment: str) -> None:
        """Raise InputError if the file of the metrics exists and has those of another environment or program."""
        text = files.read_text(self.metrics) if self.metrics else None
        if text and not metrics.is_of(text, environment):
            raise InputError(
                f"metrics_file {self.metrics} has other metrics than those of {environment}",
                hint="Nothing was changed. Give each environment of a host a file of its own, or move the file away.",
            )

    def _files(self) -> Iterator[tuple[Path, tuple[str, str]]]:
        path, html = store.paths(self.directory, self.params["run"]["id"])
        yield path, (store.render(self.document), _PRIVATE)
        yield html, (page.render(self.document), _PRIVATE)
        if self.metrics:
            yield self.metrics, (metrics.render(self.document), _PUBLIC)

    def _compare(self) -> Plan:
        """Return a plan with the checksum and the mode of each file; their texts are too long for a diff."""
        desired: dict[str, Mapping[str, Any] | None] = {
            str(path): {"sha256": files.sha256([text.encode()]), "mode": mode}
            for path, (text, mode) in self.texts.items()
        }
        current = dict(_current(path) for path in self.texts if path.is_file())
        for report in self.surplus:
            for each in (report.page, report.path):
                if each.is_file():
                    desired[str(each)] = None
                    current.update([_current(each)])
        return make_plan(desired, current)


def _current(path: Path) -> tuple[str, dict[str, Any]]:
    return str(path), {"sha256": files.sha256([files.read_bytes(path) or b""]), "mode": files.mode_of(path)}


def _make_readable(directory: Path) -> None:
    """Create the directory of the metrics, if it is missing, so that node_exporter's user can read it."""
    with files.changing("metrics", directory):
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
