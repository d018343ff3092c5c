# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name the containers that serve, in files that the edge reads for each request, so that no reload is needed.

Caddy replaces ``{file.PATH}`` by the text of a file when it connects, and when it checks the health of an upstream
(https://caddyserver.com/docs/conventions#placeholders). A reload opens its ports a second time, and a connection that
arrives in between may be closed before its request was read; this never happens to a file. The files of all services
are in one folder, which the link ``current`` names: replacing the link is the commit point, for all of them at once.

    state/backend.caddy                       to {file./etc/caddy/state/current/backend-1.host}:{…/backend-1.port} …
    state/current -> serving-3f1c2a9be001     the folder of the files
    state/serving-3f1c2a9be001/backend-1.host, backend-1.port, …

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from .._core import files as core_files
from .edge import PLACE, STATE

CURRENT = "current"
SERVING = "serving-"
#: The folder of the state in the container.
INSIDE = f"{PLACE.rpartition('/')[0]}/{STATE[-1]}/{CURRENT}"


def slots_file(directory: Path, service: str) -> Path:
    """Return the file that the Caddyfile imports for a service. It differs only if the number of addresses does."""
    return directory.joinpath(*STATE, f"{service}.caddy")


def read(directory: Path, service: str) -> str | None:
    """Return the addresses that serve a service, separated by spaces; None if no file names any.

    A file of another form, that was written by hand, is returned as it is.
    """
    text = core_files.read_text(slots_file(directory, service))
    if text is None:
        return None
    count = text.count(".host}")
    if text != _slots(service, count):
        return text.partition(" ")[2].strip()
    return " ".join(_address(directory, service, number) for number in range(1, count + 1))


def write(directory: Path, upstreams: Mapping[str, Sequence[str]]) -> None:
    """Name the addresses that serve each service of ``upstreams``. From then on the edge sends new requests there.

    Only if the number of addresses of a service differs, the edge has to be reloaded: until then it knows the old
    number of files, of which each names an address that serves.
    """
    state = directory.joinpath(*STATE)
    if not upstreams or all(read(directory, name) == " ".join(several) for name, several in upstreams.items()):
        return
    texts = {**_texts(state / CURRENT), **_desired(directory, upstreams)}
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:12]
    folder = state / f"{SERVING}{digest}"
    for name, text in texts.items():
        core_files.write_text(folder / name, text, "0644")
    before = (state / CURRENT).resolve().name
    with core_files.changing("upstreams", state):
        folder.chmod(0o755)
        state.chmod(0o755)
        link = state / f".new-{CURRENT}"
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name)
        link.replace(state / CURRENT)
        core_files.sync_directory(state)
    for service, several in upstreams.items():
        text = _slots(service, len(several))
        if core_files.read_text(slots_file(directory, service)) != text:
            core_files.write_text(slots_file(directory, service), text, "0644")
    # An edge on another host does not know when the old containers are drained: its next switch removes the rest.
    prune(directory, keep=before)


def prune(directory: Path, keep: str = "") -> None:
    """Remove the folders from before, but not ``keep``, which a request that began before may still read."""
    state = directory.joinpath(*STATE)
    for old in state.glob(f"{SERVING}*"):
        if old.name not in (keep, (state / CURRENT).resolve().name):
            shutil.rmtree(old, ignore_errors=True)


def _desired(directory: Path, upstreams: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the texts of the files, also of those that the edge knows until it is reloaded."""
    texts = {}
    for service, several in upstreams.items():
        known = (core_files.read_text(slots_file(directory, service)) or "").count(".host}")
        padded = [*several, *[several[0]] * (known - len(several))]
        for number, address in enumerate(padded, 1):
            host, _colon, port = address.rpartition(":")
            texts.update({f"{service}-{number}.host": host, f"{service}-{number}.port": port})
    return texts


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: core_files.read_text(path) or "" for path in folder.glob("*-*.*")}


def _slots(service: str, count: int) -> str:
    places = [f"{INSIDE}/{service}-{number}" for number in range(1, count + 1)]
    return f"to {' '.join(f'{{file.{place}.host}}:{{file.{place}.port}}' for place in places)}\n"


def _address(directory: Path, service: str, number: int) -> str:
    folder = directory.joinpath(*STATE, CURRENT)
    parts = (core_files.read_text(folder / f"{service}-{number}.{part}") or "" for part in ("host", "port"))
    return ":".join(parts)
