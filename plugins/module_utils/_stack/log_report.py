# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the newest records of the containers of a stack, without the secrets of the stack.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._app import log_records
from .._app.log_selection import Pattern, Selection
from .._core import timestamps
from .._core.errors import EngineError, InputError
from .._core.redaction import HIDDEN, Masker, encodings, mask_foreign, names_secret
from .._engine import container_logs
from .._engine import project as engine_project
from . import known_secrets

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The most records and bytes that a run may return, which Ansible holds in memory several times.
MOST_RECORDS, MOST_BYTES = 100_000, 64 * 2**20
#: For so few records without a filter, only the newest lines are read: so many for each record, and so many more.
_FEW, _LINES_A_RECORD, _MORE_LINES = 5000, 4, 400
_CUT = " ... (cut)"


class LogReport:
    """The records of one project, as the options of convosphere_log_info choose them."""

    def __init__(self, client: DockerClient, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.now = datetime.now(timezone.utc)
        #: Why the log of a container could not be read, by the name of the container.
        self.unreadable: dict[str, str] = {}
        self.read: list[str] = []

    def report(self, hide: Callable[..., None]) -> dict[str, Any]:
        """Return the return values of the module. ``hide`` gets the secrets, to mask them in errors as well."""
        request = Request.of(self.params, self.now)
        project = engine_project.read_project(self.client, self.params["project_name"], self.params["project_src"])
        given = self.params["services"] or []
        unknown = [] if self.params["strict"] else [name for name in given if name not in project.services]
        known = [name for name in given if name not in unknown]
        services = [] if unknown and not known else [project.services[name] for name in project.chosen(known)]
        containers = [(service.name, item) for service in services for item in service.containers]
        source = Path(self.params["project_src"]) if self.params["project_src"] else project.source
        values = known_secrets.of_stack(source, [item for _service, item in containers])
        hide(*values)
        chosen = self._select(containers, request, text_masker(values))
        return {
            "exists": bool(project.services),
            "records": chosen.chosen,
            "truncated": chosen.truncated,
            "containers": self.read,
            "unknown": unknown,
            "unreadable": self.unreadable,
        }

    def _select(self, containers: list[tuple[str, Container]], request: Request, masker: Masker) -> Selection:
        mask = partial(mask_records, masker=masker)
        selection = Selection(self.params["tail"], self.params["max_bytes"], mask, request.pattern)
        with request.pattern.bounded() if request.pattern else nullcontext():
            for service, container in containers:
                origin = {"service": service, "container": str(container.name)}
                try:
                    found, has_older = request.records(container)
                    selection.add(found, origin, has_older=has_older)
                    self.read.append(origin["container"])
                except EngineError as error:  # a driver that cannot be read, or a container that is gone
                    self.unreadable[origin["container"]] = str(error)
        return selection


class Request:
    """Which records are request: since when, of which level, with which pattern, and how many."""

    def __init__(self, since: float | None, level: str | None, pattern: Pattern | None, tail: int) -> None:
        self.since = since
        self.level = level
        self.pattern = pattern
        self.tail = tail

    @classmethod
    def of(cls, params: Mapping[str, Any], now: datetime) -> Request:
        """Check the options. Raises InputError with all of their problems."""
        problems = []
        for name, most in (("tail", MOST_RECORDS), ("max_bytes", MOST_BYTES)):
            if not 1 <= params[name] <= most:
                problems.append(f"{name} is {params[name]}: give a number from 1 to {most}")
        since, pattern = None, None
        try:
            since = timestamps.since("since", params["since"], now).timestamp() if params["since"] else None
        except InputError as error:
            problems.append(str(error))
        try:
            pattern = Pattern(params["pattern"]) if params["pattern"] else None
        except InputError as error:
            problems.append(str(error))
        if problems:
            raise InputError.of(problems)
        return cls(since, params["level"], pattern, params["tail"])

    def records(self, container: Container) -> tuple[Iterable[log_records.Record], bool]:
        """Return the records of a container, oldest first, and whether there are older ones that were not read."""
        if self.level is None and self.pattern is None and self.tail <= _FEW:
            most = self.tail * _LINES_A_RECORD + _MORE_LINES
            lines = list(container_logs.read(container, since=self.since, tail=most))
            newest = list(log_records.once(log_records.records(lines)))
            if len(lines) < most:
                return newest, False
            if len(newest) > self.tail:  # the first one may be the end of a longer one
                return newest[1:], True
        found = log_records.records(container_logs.read(container, since=self.since), self.level)
        return log_records.once(found), False


def text_masker(known: Sequence[str]) -> Masker:
    """Return a masker of ``known`` secrets in all their spellings, also those that other programs write."""
    masker = Masker()
    masker.add([*known, *encodings(known)])
    return masker


def masked(value: Any, masker: Masker) -> Any:
    """Return a structure without the secrets that ``masker`` knows, and without what has the form of one."""
    return _foreign(masker.mask(value))


def mask_records(found: Sequence[tuple[dict[str, Any], bool]], masker: Masker) -> list[dict[str, Any]]:
    """Mask records, each with whether it was cut: then a secret may be cut too, so that the ends are left out."""
    longest = max((len(spelling) for spelling in masker.known), default=0)
    records = masked([_with_masked_names(record, masker) for record, _is_cut in found], masker)
    return [_shortened(record, longest) if is_cut else record for record, (_record, is_cut) in zip(records, found)]


def _with_masked_names(record: dict[str, Any], masker: Masker) -> dict[str, Any]:
    """Mask a secret that is the name of a field, where a program logs what it was given."""
    return {**record, "fields": _named(record["fields"], masker)} if record.get("fields") else record


def _named(value: Any, masker: Masker) -> Any:
    if isinstance(value, Mapping):
        return {masker.mask(str(name)): _named(item, masker) for name, item in value.items()}
    return [_named(item, masker) for item in value] if isinstance(value, list) else value


def _foreign(value: Any) -> Any:
    if isinstance(value, str):
        return mask_foreign(value)
    if isinstance(value, Mapping):
        return {
            mask_foreign(str(key)): _hidden(item) if names_secret(str(key)) else _foreign(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_foreign(item) for item in value]
    return value


def _hidden(value: Any) -> Any:
    """Return a structure without any of its texts and numbers."""
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(item) for item in value]
    return value if value is None or value == "" or isinstance(value, bool) else HIDDEN


def _shortened(record: Mapping[str, Any], longest: int) -> dict[str, Any]:
    """Leave out the end of each line of a record that may have been cut."""
    lines = [
        line if len(line) < container_logs.LONGEST_LINE // 8 else line[: max(0, len(line) - longest)] + _CUT
        for line in str(record["message"]).split("\n")
    ]
    return {**record, "message": "\n".join(lines)}
