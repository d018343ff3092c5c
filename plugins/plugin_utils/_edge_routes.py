# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine the default deny list of the edge with the site's own entries and exceptions.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._edge_defaults import DENIED

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXAMPLE = "'/path', '/path/*' or 'POST,PUT /path'"
DENIED_BY_SITE = "Denied by stack_edge_denied."

_PATH = re.compile(r"(/[A-Za-z0-9._~*-]+)+/?")


@dataclass(frozen=True)
class Route:
    """One path and the methods on it; no methods means all of them.

    ``/a`` is that path, with and without a slash at its end. ``/a/*`` is that path and everything below it; elsewhere
    ``*`` stands for one segment.
    """

    methods: tuple[str, ...]
    segments: tuple[str, ...]
    deep: bool

    @classmethod
    def parse(cls, text: str) -> Route:
        """Read ``METHOD,METHOD /path``. Raises ValueError with the reason."""
        words = text.split() if isinstance(text, str) else []
        if not 1 <= len(words) <= 2:
            raise ValueError(f"an entry is a text such as {EXAMPLE}")
        path = words[-1]
        segments = path.strip("/").split("/")
        broken = any("*" in each and each != "*" for each in segments) or {".", ".."} & {*segments}
        if (words[0].startswith("/") and len(words) == 2) or not _PATH.fullmatch(path) or broken:
            raise ValueError("a path begins with / and has only letters, digits and . _ ~ -, and * as a whole segment")
        methods = tuple(dict.fromkeys(words[0].upper().split(","))) if len(words) == 2 else ()
        unknown = [method for method in methods if method not in METHODS]
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not a method: give {', '.join(METHODS)}, separated by commas")
        deep = segments[-1] == "*"
        if deep and "*" in segments[:-1]:  # to Caddy, each of several asterisks is one segment
            raise ValueError(
                "with * as a segment it covers one path, not all below it: give each path without /* at its end"
            )
        return cls(methods, tuple(segments[:-1] if deep else segments), deep)

    @property
    def path(self) -> str:
        """The path as it is written."""
        return "/" + "/".join([*self.segments, *(["*"] if self.deep else [])])

    def matcher(self) -> dict[str, Any]:
        """``{methods, paths}`` as Caddy's matchers of these names take them."""
        # The backend may answer HEAD like GET.
        methods = [*self.methods, *(["HEAD"] if "GET" in self.methods and "HEAD" not in self.methods else [])]
        base = "/" + "/".join(self.segments)
        return {"methods": methods, "paths": [base, f"{base}/*" if self.deep else f"{base}/"]}

    def overlaps(self, other: Route) -> bool:
        """Decide whether a request exists that both match."""
        if self.methods and other.methods and not {*self.methods} & {*other.methods}:
            return False
        shorter, longer = sorted((self, other), key=lambda route: len(route.segments))
        pairs = zip(shorter.segments, longer.segments)
        same = all("*" in pair or pair[0].lower() == pair[1].lower() for pair in pairs)
        return same and (shorter.deep or len(shorter.segments) == len(longer.segments))


def reason(entry: Any) -> str | None:
    """Return why an entry cannot be read, as the end of a sentence; None if it can."""
    try:
        Route.parse(entry)
    except ValueError as error:
        return str(error)
    return None


def idle(denied: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Return the exceptions in ``allowed`` that no entry of the deny list covers. All entries must be readable."""
    listed = [Route.parse(text) for text in [*_default_routes(), *denied]]
    return [text for text in allowed if not any(Route.parse(text).overlaps(route) for route in listed)]


def rules(denied: Iterable[str], allowed: Iterable[str]) -> list[dict[str, Any]]:
    """Return the deny list as ``{number, reason, matchers: [{methods, paths}], exceptions: [{methods, paths}]}``.

    ``denied`` adds to the defaults; ``allowed`` are the exceptions to both. Raises ValueError for an unreadable entry.
    """
    exceptions = [Route.parse(text) for text in allowed]
    entries = [*DENIED, *((text, DENIED_BY_SITE) for text in denied)]
    rules_of = enumerate(entries, start=1)
    return [{"number": number, **_rule(texts.split("\n"), why, exceptions)} for number, (texts, why) in rules_of]


def _rule(texts: Iterable[str], reason: str, exceptions: Iterable[Route]) -> dict[str, Any]:
    routes = [Route.parse(text) for text in texts]
    lifted = [route for route in exceptions if any(route.overlaps(denied) for denied in routes)]
    return {
        "reason": reason,
        "matchers": [route.matcher() for route in routes],
        "exceptions": [route.matcher() for route in lifted],
    }


def _default_routes() -> list[str]:
    return [route for routes, _reason in DENIED for route in routes.split("\n")]
