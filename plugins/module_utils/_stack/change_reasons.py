# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain each change of a deploy's plan: whether the host or the inventory changed since the release, and in what.

The record of the release that serves is the third side: what differs from it on the host was changed there by hand or
by a fault, and what is as recorded waits to be deployed. Pure, except that the time of the file of secrets is read.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .._core.plan import CREATE, DELETE, Change
from .._engine import client, definition
from .deploy_plan import digest
from .state import Stack

HOST = "host"
INVENTORY = "inventory"
BOTH = "both"

#: Where a difference comes from, and a phrase that says what it is.
Reason = tuple[str, str]


@dataclass(frozen=True)
class Reasons:
    """The reasons for the changes of one plan. ``record`` is the release that serves, empty before the first."""

    stack: Stack
    record: Mapping[str, Any]
    #: The changes of the plan, by the name of their object.
    changes: Mapping[str, Change]

    def of(self, change: Change) -> tuple[str, str]:
        """Return the origin of a change, HOST, INVENTORY or BOTH, and its reason in words."""
        kind, _space, name = change.name.partition(" ")
        readers: Mapping[str, Callable[[Change, str], Iterable[Reason]]] = {
            "secret": self._secret,
            "file": self._file,
            "service": self._service,
            "volume": self._volume,
            "edge": self._edge,
            "release": self._release,
        }
        reasons = list(readers.get(kind, self._other)(change, name))
        origins = {origin for origin, _text in reasons}
        return origins.pop() if len(origins) == 1 else BOTH, "; ".join(dict.fromkeys(text for _origin, text in reasons))

    def _secret(self, change: Change, name: str) -> Iterator[Reason]:
        if change.action != CREATE:
            edited = self._edited_secrets()
            yield (HOST, "edited in .env") if edited else (INVENTORY, "has another value in the inventory")
        elif name in (self.record.get("secrets") or ()):
            yield HOST, "missing in .env"
        elif name in self.stack.secrets.generated:
            yield INVENTORY, "will be generated"
        else:
            yield INVENTORY, "new"

    def _edited_secrets(self) -> bool:
        """Return whether the file of the secrets was written after the release was recorded."""
        released, path = self.record.get("released_at"), self.stack.secrets.path
        if not released or not path.exists():
            return False
        written = datetime.fromtimestamp(int(path.stat().st_mtime), timezone.utc)
        return written > datetime.fromisoformat(released)

    def _file(self, change: Change, name: str) -> Iterator[Reason]:
        recorded = (self.record.get("files") or {}).get(name)
        current, desired = self.stack.current_texts.get(name), self.stack.texts.get(name)
        if change.action == CREATE:
            yield (HOST, "deleted on the host") if recorded else (INVENTORY, "new")
        elif desired is None:
            foreign = name in self.stack.foreign
            yield (HOST, "in no release: it will be renamed") if foreign else (INVENTORY, "no longer declared")
        else:
            if self._is_edited(name):
                yield HOST, "edited on the host"
            if digest(desired[0]) != recorded:
                yield INVENTORY, "another text since the last deploy" if recorded else "another text"
            if current == desired[0]:
                yield HOST, f"mode {self.stack.current_modes.get(name)} on the host"

    def _service(self, change: Change, name: str) -> Iterator[Reason]:
        deployed = name in (self.record.get("images") or {})
        if change.action == CREATE:
            yield (HOST, "its container was removed") if deployed else (INVENTORY, "new")
        elif change.action == DELETE:
            yield (INVENTORY, "no longer declared") if deployed else (HOST, "its container belongs to no service")
        else:
            for field in change.after or {}:
                yield from self._field(name, field, change)

    def _field(self, name: str, field: str, change: Change) -> Iterator[Reason]:
        before, after = (change.before or {}).get(field), (change.after or {}).get(field)
        if field in ("image", "image_id"):
            yield self._image(name, change)
        elif field == "configuration":
            yield self._configuration(name, str(before))
        elif field == "state":
            yield HOST, f"its container is {before}"
        elif field == "containers":
            origin = HOST if self._is_declared_as_recorded() else INVENTORY
            yield origin, f"it has {before} containers instead of {after}"
        elif field == "stale_files":
            yield from map(self._stale_file, before or ())
        elif field == "stale_environment":
            yield HOST, f"its container has other variables: {', '.join(before or ())}"
        else:
            yield INVENTORY, field

    def _stale_file(self, name: str) -> Reason:
        """Return why a container has read an older text of a file: it will be written, or was since the start."""
        if f"file {name}" not in self.changes:
            loads = self.stack.edge is not None and self.stack.edge.owns(name)
            return HOST, f"it has not loaded {name}" if loads else f"it started before {name} was written"
        return (HOST if self._is_edited(name) else INVENTORY), f"it reads {name}, which changes"

    def _is_edited(self, name: str) -> bool:
        recorded = (self.record.get("files") or {}).get(name)
        return bool(recorded) and digest(self.stack.current_texts.get(name) or "") != recorded

    def _image(self, name: str, change: Change) -> Reason:
        containers = self.stack.containers.get(name, [])
        running = {
            f"{each.attrs['Config']['Image']}@{each.attrs['Image'].partition(':')[2][:12]}" for each in containers
        }
        recorded = (self.record.get("images") or {}).get(name)
        if recorded and running != {recorded}:
            return HOST, f"its container runs {', '.join(sorted(running))} instead of {recorded}"
        before, after = change.before or {}, change.after or {}
        if "image" in after:
            return INVENTORY, f"image {after['image']} instead of {before.get('image')}"
        return INVENTORY, f"its image has the id {after.get('image_id')} instead of {before.get('image_id')}"

    def _configuration(self, name: str, running: str) -> Reason:
        recorded = (self.record.get("configuration") or {}).get(name)
        by_hand = running != recorded if recorded else self._is_declared_as_recorded()
        return (HOST if by_hand else INVENTORY), ", ".join(self._settings(name))

    def _settings(self, name: str) -> list[str]:
        """Return the names of the settings in which the first container that Compose would replace differs."""
        service, found = self.stack.model["services"][name], self.stack.containers[name]
        same = self.stack.hashes_of(name)
        replaced = [each for each in found if each.labels.get(client.LABEL_CONFIG_HASH) not in same]
        of_image = self.stack.image_variables.get(self.stack.references().get(name, ""), set())
        return definition.differing(service, (replaced or found)[0].attrs, of_image, self.stack.proxies)

    def _is_declared_as_recorded(self) -> bool:
        """Return whether the inventory describes the release that serves, apart from its images."""
        digests = {name: digest(text) for name, (text, _mode) in self.stack.texts.items()}
        secret = any(name.startswith("secret ") for name in self.changes)
        return digests == self.record.get("files") and not secret

    def _volume(self, change: Change, name: str) -> Iterator[Reason]:
        yield HOST, "its service cannot write it"

    def _edge(self, change: Change, name: str) -> Iterator[Reason]:
        """Return why the edge sends requests to other addresses: mostly because services get new containers."""
        services = [self.changes[item] for item in map("service {}".format, self.stack.beside) if item in self.changes]
        if not services:
            missing = "no file of the host names the containers that serve"
            declared = change.action == CREATE and any(name.startswith("file ") for name in self.changes)
            text = missing if change.action == CREATE else "it names other containers than those that serve"
            yield (INVENTORY if declared else HOST), text
        for origin in sorted({self.of(service)[0] for service in services}):
            yield origin, "containers are replaced"

    def _release(self, change: Change, name: str) -> Iterator[Reason]:
        if set(self.changes) == {"release"}:
            yield HOST, "an interrupted deploy brought this up and did not record it"
        else:
            yield INVENTORY, "will be recorded"

    def _other(self, change: Change, name: str) -> Iterator[Reason]:
        yield (HOST if change.action == DELETE else INVENTORY), f"will be {change.action}d"
