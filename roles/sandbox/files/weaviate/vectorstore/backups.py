"""Weaviate's backup API on a folder: <backups>/<id>/backup_config.json beside <backups>/<id>/classes/<Class>/."""

from __future__ import annotations

import json
import re
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vectorstore.store import Store, StoreError, write_json

BACKUP_ID = re.compile(r"[a-z0-9_-]{1,128}")


class Backups:
    """Copies classes out of a store and back. Work runs in a thread; status tells how far it came."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.restores: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        # What a kill left half-copied is nobody's: it would block its id for ever.
        for leftover in [*folder.glob(".*.partial"), self._incoming]:
            if leftover.exists():
                shutil.rmtree(leftover)

    @property
    def _incoming(self) -> Path:
        return self.store.classes_folder.parent / "restoring"

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a backup {id, include?, exclude?}; StoreError 422 for a bad or used id or an unknown class."""
        key = self._key(str(request.get("id", "")))
        if (self.folder / key).exists() or (self.folder / f".{key}.partial").exists():
            raise StoreError(422, f"backup {key} already exists")
        chosen = self._chosen(request, [item["class"] for item in self.store.classes()])
        threading.Thread(target=self._copy_out, args=(key, chosen)).start()
        return self._answer(key, "STARTED", classes=chosen)

    def status(self, key: str) -> dict[str, Any]:
        """Return the status of a backup; StoreError 404 if there is no such backup."""
        if (self.folder / key / "backup_config.json").exists():
            return self._answer(key, "SUCCESS")
        if (self.folder / f".{self._key(key)}.partial").exists():
            return self._answer(key, "TRANSFERRING")
        raise StoreError(404, f"backup {key} does not exist")

    def restore(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        """Start a restore {include?, exclude?}; a class that is there already makes its status FAILED."""
        config = self.folder / self._key(key) / "backup_config.json"
        if not config.exists():
            raise StoreError(404, f"backup {key} does not exist")
        chosen = self._chosen(request, json.loads(config.read_text("utf-8"))["classes"])
        self.restores[key] = self._answer(key, "TRANSFERRING")
        threading.Thread(target=self._copy_in, args=(key, chosen)).start()
        return self._answer(key, "STARTED", classes=chosen)

    def restore_status(self, key: str) -> dict[str, Any]:
        """Return the status of a restore; StoreError 404 if no restore was requested since the start."""
        if key not in self.restores:
            raise StoreError(404, f"no restore of backup {key}")
        return self.restores[key]

    def _copy_out(self, key: str, chosen: list[str]) -> None:
        staging = self.folder / f".{key}.partial"
        with self.store.lock:
            for name in chosen:
                shutil.copytree(self.store.classes_folder / name, staging / "classes" / name)
        staging.mkdir(exist_ok=True)
        finished = datetime.now(UTC).isoformat()
        write_json(staging / "backup_config.json", {"id": key, "classes": chosen, "completedAt": finished})
        staging.rename(self.folder / key)

    def _copy_in(self, key: str, chosen: list[str]) -> None:
        with self.store.lock:
            taken = [name for name in chosen if (self.store.classes_folder / name / "schema.json").exists()]
            if taken:
                self.restores[key] = self._answer(key, "FAILED", error=f"class {taken[0]} already exists")
                return
            for name in chosen:
                shutil.copytree(self.folder / key / "classes" / name, self._incoming / name)
            for name in chosen:
                (self._incoming / name).rename(self.store.classes_folder / name)
        self.restores[key] = self._answer(key, "SUCCESS")

    def _answer(self, key: str, status: str, **more: Any) -> dict[str, Any]:
        return {"id": key, "backend": "filesystem", "path": str(self.folder / key), "status": status, **more}

    @staticmethod
    def _key(key: str) -> str:
        if not BACKUP_ID.fullmatch(key):
            raise StoreError(422, f"'{key}' is not a valid backup id: lower case letters, digits, - and _")
        return key

    @staticmethod
    def _chosen(request: dict[str, Any], present: list[str]) -> list[str]:
        include, exclude = request.get("include") or present, request.get("exclude") or []
        unknown = sorted({*include, *exclude} - set(present))
        if unknown:
            raise StoreError(422, f"class {unknown[0]} does not exist")
        return [name for name in include if name not in exclude]
