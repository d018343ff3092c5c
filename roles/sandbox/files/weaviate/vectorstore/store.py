"""Classes and objects as JSON files: classes/<Class>/schema.json and classes/<Class>/objects/<id>.json."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")


class StoreError(Exception):
    """A request that cannot be met: carries the HTTP status (404 or 422) that tells why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def write_json(path: Path, value: Any) -> None:
    """Write a value so that a reader, or a start after a crash, sees the old file or the new one, never a part."""
    staging = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with staging.open("w", encoding="utf-8") as stream:
        json.dump(value, stream)
        stream.flush()
        os.fsync(stream.fileno())
    staging.replace(path)


class Store:
    """The data folder. Every method is safe to call from several threads."""

    def __init__(self, root: Path) -> None:
        self.classes_folder = root / "classes"
        self.classes_folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()

    def classes(self) -> list[dict[str, Any]]:
        """Return every class definition, by name."""
        with self.lock:
            return [json.loads(path.read_text("utf-8")) for path in sorted(self.classes_folder.glob("*/schema.json"))]

    def one_class(self, name: str) -> dict[str, Any]:
        """Return one definition; StoreError 404 if there is no such class."""
        with self.lock:
            return json.loads((self._folder(name) / "schema.json").read_text("utf-8"))

    def create_class(self, definition: dict[str, Any]) -> dict[str, Any]:
        """Add a class and return it with its defaults; StoreError 422 for a bad name or one that is taken."""
        name = str(definition.get("class", ""))
        name = name[:1].upper() + name[1:]
        if not CLASS_NAME.fullmatch(name):
            raise StoreError(422, f"'{name}' is not a valid class name")
        with self.lock:
            folder = self.classes_folder / name
            if (folder / "schema.json").exists():
                raise StoreError(422, f"class name {name} already exists")
            (folder / "objects").mkdir(parents=True, exist_ok=True)
            created = {"vectorizer": "none", "vectorIndexType": "hnsw", "properties": [], **definition, "class": name}
            write_json(folder / "schema.json", created)
        return created

    def delete_class(self, name: str) -> None:
        """Remove a class with its objects; removing one that is not there is no error, as in Weaviate."""
        with self.lock:
            if CLASS_NAME.fullmatch(name) and (self.classes_folder / name).exists():
                shutil.rmtree(self.classes_folder / name)

    def objects(self, name: str | None, limit: int) -> list[dict[str, Any]]:
        """Return up to limit objects, of one class or of all, by id."""
        with self.lock:
            folder = self._folder(name) if name else self.classes_folder
            files = sorted(folder.glob("objects/*.json" if name else "*/objects/*.json"))[:limit]
            return [json.loads(path.read_text("utf-8")) for path in files]

    def one_object(self, name: str, key: str) -> dict[str, Any]:
        """Return one object; StoreError 404 if there is no such object."""
        with self.lock:
            path = self._object_path(name, key)
            if not path.exists():
                raise StoreError(404, f"no object {key} in class {name}")
            return json.loads(path.read_text("utf-8"))

    def create_object(self, value: dict[str, Any]) -> dict[str, Any]:
        """Add an object {class, id?, properties?, vector?}; its class is made where it is missing."""
        name = str(value.get("class", ""))
        key = str(value.get("id") or uuid.uuid4())
        with self.lock:
            if not (self.classes_folder / name / "schema.json").exists():
                name = self.create_class({"class": name})["class"]
            path = self._object_path(name, key)
            if path.exists():
                raise StoreError(422, f"id '{key}' already exists")
            now = int(time.time() * 1000)
            created = {"properties": {}, "vector": [], **value, "class": name, "id": key}
            created.update(creationTimeUnix=now, lastUpdateTimeUnix=now)
            write_json(path, created)
        return created

    def replace_object(self, name: str, key: str, value: dict[str, Any]) -> dict[str, Any]:
        """Replace an object's properties and vector; StoreError 404 when there is none."""
        with self.lock:
            old = self.one_object(name, key)
            new = {"properties": {}, "vector": [], **value, "class": name, "id": key}
            new.update(creationTimeUnix=old["creationTimeUnix"], lastUpdateTimeUnix=int(time.time() * 1000))
            write_json(self._object_path(name, key), new)
        return new

    def write_objects(self, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add or replace many objects; each has the result of its own, as in Weaviate."""
        return [{**self._written(value), "result": {"status": "SUCCESS"}} for value in values]

    def delete_matching(self, match: dict[str, Any]) -> dict[str, Any]:
        """Remove the objects of a class of which one property has a text; StoreError 422 for any other condition."""
        name, where = str(match.get("class", "")), match.get("where", {})
        path, wanted = where.get("path") or [], where.get("valueText")
        if where.get("operator") != "Equal" or len(path) != 1 or not isinstance(wanted, str):
            raise StoreError(422, "only an equal text of one property can be matched here")
        with self.lock:
            found = [item for item in self.objects(name, sys.maxsize) if item["properties"].get(path[0]) == wanted]
            for item in found:
                self.delete_object(name, item["id"])
        return {"match": match, "results": {"matches": len(found), "successful": len(found), "failed": 0}}

    def delete_object(self, name: str, key: str) -> None:
        """Remove an object; StoreError 404 when there is none."""
        with self.lock:
            self.one_object(name, key)
            self._object_path(name, key).unlink()

    def count(self) -> int:
        """Count the objects in all classes."""
        return sum(1 for _path in self.classes_folder.glob("*/objects/*.json"))

    def _written(self, value: dict[str, Any]) -> dict[str, Any]:
        name, key = str(value.get("class", "")), str(value.get("id", ""))
        with self.lock:
            known = key and self._object_path(name, key).exists()
            return self.replace_object(name, key, value) if known else self.create_object(value)

    def _folder(self, name: str) -> Path:
        folder = self.classes_folder / name
        if not CLASS_NAME.fullmatch(name) or not (folder / "schema.json").exists():
            raise StoreError(404, f"class {name} does not exist")
        return folder

    def _object_path(self, name: str, key: str) -> Path:
        try:
            canonical = str(uuid.UUID(key))
        except ValueError:
            raise StoreError(422, f"'{key}' is not a UUID") from None
        return self._folder(name) / "objects" / f"{canonical}.json"
