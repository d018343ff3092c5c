# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn documents in the database into folders as convosphere_document takes them. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from . import document_folder
from .document_plan import file_state
from .document_spec import NOTES, SHARED

#: The number of documents that a reason names.
_NAMED = 5
FOREIGN = "convosphere_document did not write them, for example because they were uploaded in the user interface"
LOST = "their files are not those that were written: they are gone, or have another content"
Document = Mapping[str, Any]
#: Size and overlap, as convosphere_document notes them.
_CHUNKING = re.compile("[0-9]{1,9}/[0-9]{1,9}")


def exported(row: Mapping[str, Any], folder: str | None) -> dict[str, Any] | str:
    """Return a document as an export has it, or why it cannot be exported.

    ``folder`` is the source that created it, by its mark.
    """
    notes = row["metadata"][NOTES]
    if folder is None:
        return "the database does not say to which folder they belong"
    if not str(row["source"]).startswith(f"{folder}/"):
        return f"their source does not begin with {folder}/"
    name = row["source"][len(folder) + 1 :]
    parts = name.split("/")
    if any(part.startswith(".") or not part for part in parts) or document_folder.problem(name, row["file_size"]):
        return "their source is no path of a text file in a folder"
    if not notes.get("sha256") or not _CHUNKING.fullmatch(str(notes.get("chunking"))):
        return "the database does not have the checksum of the file, or how it was cut"
    return {
        "id": row["id"],
        "owner": row["owner"],
        "source": folder,
        "name": name,
        "sha256": notes["sha256"],
        "size": row["file_size"],
        "title": row["title"] if row["title"] != notes.get("title") else None,
        "fields": {option: _field(option, row[option]) for option in SHARED},
        "chunking": notes["chunking"],
        "vectors": notes.get("vectors"),
    }


def is_stored(row: Mapping[str, Any], stored: Collection[str], address: str) -> bool:
    """Return whether a document's file is among ``stored``, the names of the files of the store at ``address``."""
    return file_state(row["id"], row["file_path"], stored, address) == "stored"


def folders(documents: Iterable[Document]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the folders, sorted by source and owner, and what an operator has to know about them."""
    grouped: dict[tuple[str, str], list[Document]] = {}
    for document in sorted(documents, key=lambda one: str(one["name"])):
        grouped.setdefault((document["source"], document["owner"]), []).append(document)
    remarks: list[str] = []
    return [_folder(*key, grouped[key], remarks) for key in sorted(grouped)], remarks


def several(documents: Iterable[Document]) -> set[str]:
    """Return the ids of documents that have the same owner and source: convosphere_document refuses these."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in documents:
        found.setdefault((one["owner"], one["source"], one["name"]), []).append(one["id"])
    return {identifier for ids in found.values() if len(ids) > 1 for identifier in ids}


def reasons(left_out: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Return how many documents of an owner are not exported for a reason, and the first names.

    ``left_out`` has owner, reason and name.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for owner, reason, name in left_out:
        found.setdefault((owner, reason), []).append(name)
    return [
        {"owner": owner, "reason": reason, "count": len(names), "names": sorted(names)[:_NAMED]}
        for (owner, reason), names in sorted(found.items())
    ]


def _field(option: str, value: Any) -> Any:
    """Return a field, None for an empty one. Databases sort tags by their languages, an export does not."""
    if value in ("", []):
        return None
    return sorted(value) if option == "tags" else value


def _folder(source: str, owner: str, documents: Sequence[Document], remarks: list[str]) -> dict[str, Any]:
    chunking = _most_common([one["chunking"] for one in documents])
    vectors = _most_common([one["vectors"] for one in documents])
    shared = {option: _shared(option, [one["fields"][option] for one in documents]) for option in SHARED}
    overrides = {one["name"]: own for one in documents if (own := _own(one, shared))}
    for option, value in (("chunking", chunking), ("vectors", vectors)):
        others = [one["name"] for one in documents if one[option] != value]
        if others:
            remarks.append(
                f"{source} ({owner}): {option} of {len(others)} documents is another one than {value}, and content.yml "
                f"would change it: {', '.join(others[:_NAMED])}"
            )
    if vectors:
        remarks.append(
            f"{source} ({owner}) has objects in {vectors}: add weaviate_api_key if the vector store needs a key"
        )
    size, overlap = chunking.split("/")
    entry = {
        "source": source,
        "owner": owner,
        **shared,
        "chunk_size": int(size),
        "chunk_overlap": int(overlap),
        "weaviate_url": vectors,
        "overrides": overrides or None,
    }
    return {option: value for option, value in entry.items() if value is not None}


def _own(document: Document, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a document has otherwise than its folder. An empty text or list clears a field."""
    own = {} if document["title"] is None else {"title": document["title"]}
    for option, value in document["fields"].items():
        if value != shared[option]:
            own[option] = value if value is not None else ([] if option in ("tags", "keywords") else "")
    return own


def _shared(option: str, values: Sequence[Any]) -> Any:
    """Return what most documents have. A year cannot be cleared, so that all of them must have one."""
    return None if option == "year" and None in values else _most_common(values)


def _most_common(values: Sequence[Any]) -> Any:
    """Return the most common value; of several, the first one in the order of their texts."""
    texts = Counter(json.dumps(value, sort_keys=True) for value in values)
    return json.loads(min(texts, key=lambda text: (-texts[text], text)))
