# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the chunks of documents as objects of the class Knowledge in Weaviate, which the platform searches.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .._app.api_client import Answer, Api
from .._core.errors import ApiError, InputError
from .chunker import Chunk
from .document_spec import part_id

NAME = "Knowledge"
#: The number of objects in one request.
BATCH = 100
_SECONDS = 120
_PROPERTIES = ("doc_id", "content", "source", "metadata")


class Vectors:
    """The class Knowledge of one Weaviate."""

    def __init__(self, url: str, key: str | None) -> None:
        if "@" in urlsplit(url).netloc:
            raise InputError("weaviate_url must not hold a password", hint="Set weaviate_api_key.")
        self.api = Api(url, timeout=_SECONDS, validate_certs=True, token=key)

    def vectorizer(self) -> str | None:
        """Return the vectorizer of the class, None without the class. Raises ApiError."""
        answer = self.api.get(f"/v1/schema/{NAME}")
        if answer.status == 404:
            return None
        return str(_checked(answer, f"read the class {NAME} of the vector store").json().get("vectorizer"))

    def create(self, vectorizer: str) -> None:
        """Create the class. Raises ApiError with the reason of Weaviate, such as a module that is not enabled."""
        properties = [
            {
                "name": name,
                "dataType": ["text"],
                # An id and a path are found as a whole, and are no words to search for.
                "tokenization": "word" if name == "content" else "field",
                **({} if name == "content" else _skipped(vectorizer)),
            }
            for name in _PROPERTIES
        ]
        body = {"class": NAME, "vectorizer": vectorizer, "properties": properties}
        _checked(self.api.post("/v1/schema", body), f"create the class {NAME} of the vector store")

    def replace(self, document: str, source: str, chunks: Sequence[Chunk], metadata: str) -> None:
        """Replace the objects of a document. Interrupted, it is repeated with the same result."""
        self.remove(document)
        objects = [
            {
                "class": NAME,
                "id": part_id(document, number),
                "properties": {"doc_id": document, "content": chunk.content, "source": source, "metadata": metadata},
            }
            for number, chunk in enumerate(chunks)
        ]
        step = f"write the objects of {source} to the vector store"
        for start in range(0, len(objects), BATCH):
            answer = self.api.post("/v1/batch/objects", {"objects": objects[start : start + BATCH]})
            problems = list(_refused(_checked(answer, step).json()))
            if problems:
                raise ApiError(f"Cannot {step}: {problems[0]}", hint="Correct it, and run it again.")

    def remove(self, document: str) -> None:
        """Remove the objects of a document."""
        where = {"path": ["doc_id"], "operator": "Equal", "valueText": document}
        answer = self.api.delete("/v1/batch/objects", {"match": {"class": NAME, "where": where}})
        _checked(answer, f"remove the objects of document {document} from the vector store")


def _skipped(vectorizer: str) -> dict[str, Any]:
    """Return the setting that keeps a property out of the vector."""
    return {} if vectorizer == "none" else {"moduleConfig": {vectorizer: {"skip": True}}}


def _refused(results: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for item in results:
        errors = (item.get("result") or {}).get("errors") or {}
        yield from (str(error.get("message")) for error in errors.get("error") or ())


def _checked(answer: Answer, step: str) -> Answer:
    if answer.status >= 300:
        hint = "Set weaviate_api_key." if answer.status in (401, 403) else None
        text = answer.text.strip()[:300]
        raise ApiError(f"Cannot {step}: {answer.status}: {text}", hint=hint, status=answer.status)
    return answer
