# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find and delete objects of the vector store by what they were made of: documents and conversations.

The platform reads three classes. Which of them exist, and what wrote their objects, differs by site.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from .._core.errors import ApiError
from .api_client import Api

#: The classes, and the properties that name the document or conversation of an object. The id of an object may be too.
CLASSES = {
    "ChatMessage": ("conversation_id", "user_id"),
    "Document": ("doc_id", "document_id", "user_id"),
    "Knowledge": ("doc_id", "document_id", "user_id"),
}
#: The number of objects of one answer.
PAGE = 1000
#: Objects come in the order of their ids, after this one.
_FIRST = "00000000-0000-0000-0000-000000000000"


def find(api: Api, classes: Collection[str], ids: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the class and the content of each object that is, or names as its origin, one of ``ids``.

    ``classes`` are those that the store has. Raises ApiError.
    """
    return [
        (name, item)
        for name, properties in CLASSES.items()
        if name in classes
        for item in _objects(api, name)
        if _names_one(item, properties, ids)
    ]


def delete(api: Api, found: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Delete objects; one that is gone already is no error. Raises ApiError."""
    for name, item in found:
        answer = api.delete(f"/v1/objects/{quote(name)}/{quote(str(item['id']))}")
        if answer.status >= 300 and answer.status != 404:
            raise ApiError(f"Cannot delete an object of {name} in the vector store: {answer.status}")


def _objects(api: Api, name: str) -> Iterator[dict[str, Any]]:
    after = _FIRST
    while True:
        answer = api.get(f"/v1/objects?class={quote(name)}&limit={PAGE}&after={quote(after)}")
        if answer.status != 200:
            raise ApiError(f"Cannot list the objects of {name} in the vector store: {answer.status}")
        page = answer.json().get("objects") or []
        yield from page
        if len(page) < PAGE or str(page[-1]["id"]) == after:
            return
        after = str(page[-1]["id"])


def _names_one(item: dict[str, Any], properties: Sequence[str], ids: Collection[str]) -> bool:
    given = item.get("properties") or {}
    return item["id"] in ids or any(str(given.get(name)) in ids for name in properties)
