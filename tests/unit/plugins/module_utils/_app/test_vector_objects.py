# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the vector store by their origin. The store is a mock here; test_restore_platform.py uses the stand-in."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import vector_objects
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import Answer
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError


class Store:
    """The two requests that are needed, as Weaviate answers them: objects in the order of their ids, by pages."""

    def __init__(self, **classes: list[dict[str, Any]]) -> None:
        self.classes = classes
        self.deleted: list[str] = []
        self.status = 204

    def get(self, path: str) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        found = sorted(self.classes[query["class"]], key=lambda item: str(item["id"]))
        page = [item for item in found if item["id"] > query["after"]][: int(query["limit"])]
        return Answer(path, 200, json.dumps({"objects": page}), 0.0)

    def delete(self, path: str) -> Answer:
        self.deleted.append(path)
        return Answer(path, self.status, "", 0.0)


def item(number: int, **properties: str) -> dict[str, Any]:
    return {"id": f"id-{number:04}", "properties": properties}


def test_objects_of_all_pages_are_found_by_id_and_by_origin(monkeypatch):
    monkeypatch.setattr(vector_objects, "PAGE", 10)
    store: Any = Store(
        Knowledge=[*(item(number) for number in range(25)), item(30, doc_id="d"), item(31, doc_id="other")],
        ChatMessage=[item(1, conversation_id="c"), item(2)],
    )

    found = vector_objects.find(store, ["Knowledge", "ChatMessage", "Other"], {"d", "c", "id-0024"})

    assert [(name, each["id"]) for name, each in found] == [
        ("ChatMessage", "id-0001"),
        ("Knowledge", "id-0024"),
        ("Knowledge", "id-0030"),
    ]


def test_an_object_that_is_gone_is_no_error_and_a_refusal_is_one():
    store: Any = Store()
    store.status = 404
    vector_objects.delete(store, [("Knowledge", item(1))])
    assert store.deleted == ["/v1/objects/Knowledge/id-0001"]

    store.status = 403
    with pytest.raises(ApiError, match="Cannot delete an object of Knowledge in the vector store: 403"):
        vector_objects.delete(store, [("Knowledge", item(1))])
