# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a manifest and their types: which a document must have, and which an older one may lack.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: The keys whose lists have objects; all others have texts.
_LISTS_OF_OBJECTS = ("files", "proofs")
#: The results of a verification.
PASSED, FAILED = "passed", "failed"


def check(document: Mapping[str, Any], keys: Mapping[str, tuple[type, ...]], prefix: str) -> None:
    """Raise ValueError unless a document has exactly these keys, with values of these types."""
    missing = [name for name in keys if name not in document]
    unknown = [name for name in document if name not in keys]
    if missing or unknown:
        raise ValueError(
            "; ".join([f"{prefix}{n} is missing" for n in missing] + [f"{prefix}{n} is unknown" for n in unknown])
        )
    for name, types in keys.items():
        value = document[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(f"{prefix}{name} is of the type {type(value).__name__}")
        is_texts = name not in _LISTS_OF_OBJECTS
        if isinstance(value, list) and is_texts and not all(isinstance(item, str) for item in value):
            raise ValueError(f"{prefix}{name} is not a list of texts")
    counts = document.get("tables", {})
    if not all(isinstance(count, int) and not isinstance(count, bool) for count in counts.values()):
        raise ValueError(f"{prefix}tables does not give a number of rows for each table")


def check_proof(entry: Any, levels: Sequence[str]) -> None:
    """Raise ValueError unless an entry of ``proofs`` has the keys of one, and one of these levels."""
    if not isinstance(entry, dict):
        raise ValueError("proofs is not a list of objects")  # noqa: TRY004 - a ValueError like all other problems
    check(entry, PROOF, "proofs.")
    for name, allowed in (("level", levels), ("result", (PASSED, FAILED))):
        if entry[name] not in allowed:
            raise ValueError(f"proofs.{name} is not one of {', '.join(allowed)}")


_NONE = type(None)
#: The keys of objects that may be null.
OBJECTS: dict[str, dict[str, tuple[type, ...]]] = {
    "uploads": {"files": (int,), "bytes": (int,), "store": (str,)},
    "vectors": {"backup": (str, _NONE), "classes": (list,)},
    "write_freeze": {"from": (str,), "to": (str,), "how": (str,)},
    "verified": {"level": (str,), "at": (str,), "duration": (int, float), "host": (str,)},
    "not_loaded": {"at": (str,), "host": (str,), "reason": (str,)},
}
FILE: dict[str, tuple[type, ...]] = {"kind": (str,), "name": (str,), "size": (int,), "sha256": (str,)}
DATABASE: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "server_version", "dump_version", "encoding", "collate", "ctype"), (str,)),
    **dict.fromkeys(("extensions", "schema_revisions"), (list,)),
    "size": (int,),
    "tables": (dict,),
    "requires": (dict, _NONE),
}
REQUIRES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("roles", "tablespaces", "collations", "subscriptions"), (list,)),
    "locale_provider": (str,),
    "locale": (str, _NONE),
}
#: In the order of the file: what an operator looks for first comes first.
MANIFEST: dict[str, tuple[type, ...]] = {
    "manifest_version": (int,),
    "id": (str,),
    "environment": (str,),
    "label": (str, _NONE),
    "pinned": (bool,),
    "created_at": (str,),
    "duration": (int, float),
    "collection_version": (str,),
    "include": (list,),
    "database": (dict, _NONE),
    "uploads": (dict, _NONE),
    "vectors": (dict, _NONE),
    "files": (list,),
    "recipients": (list,),
    "write_freeze": (dict, _NONE),
    "verified": (dict, _NONE),
    "checked_at": (str, _NONE),
    "damaged_at": (str, _NONE),
    "not_loaded": (dict, _NONE),
    "proofs": (list,),
}
PROOF: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("at", "level", "result", "host"), (str,)),
    "seconds": (int, float),
    **dict.fromkeys(("rto_seconds", "rpo_seconds"), (int, float, _NONE)),
    "reason": (str, _NONE),
}
#: Keys that older manifests lack, with the value that is assumed.
LATER: dict[str, Any] = {"checked_at": None, "damaged_at": None, "not_loaded": None, "proofs": []}
LATER_DATABASE = {"requires": None}
#: The timestamps that may be null.
TIMESTAMPS = ("checked_at", "damaged_at")
