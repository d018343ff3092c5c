# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check single values: numbers, sizes, durations, names, paths and texts. No input or output.

A check returns why a value cannot be used, as the end of a sentence, or None. Variables given as ``-e name=value`` are
texts: a number written as text is a number.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Optional

from ansible_collections.convosphere.platform.plugins.module_utils._app import platform_rules
from ansible_collections.convosphere.platform.plugins.module_utils._core import option_texts
from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.option_numbers import LARGEST_PORT, LEAST_CPUS

Check = Callable[[Any], Optional[str]]

#: Linux starts no program with a variable of 131,072 bytes or more, its name included.
_LONGEST_VARIABLE = 130_000
#: A longer text is not a number that any option allows.
_LONGEST_NUMBER = 60

_WHOLE = re.compile(r"[+-]?[0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)i?b?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|us|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
# As Docker reads one: registry/path:tag@digest, of which all but the last part of the path may be missing.
_REGISTRY = r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:)|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_IMAGE = re.compile(
    rf"(?:{_REGISTRY}/)?{_PART}(?:/{_PART})*"
    rf"(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?|sha256:[0-9a-f]{{64}}"
)


def number(value: Any) -> int | None:
    """Return a whole number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = f"{value}".strip()
    return int(text) if _WHOLE.fullmatch(text) and len(text) < _LONGEST_NUMBER else None


def address(value: Any) -> str | None:
    """Check an address of a host, of IPv4 or IPv6."""
    try:
        found = ip_address(f"{value}")
    except ValueError:
        return "give an address such as 10.0.0.11, and not a name"
    return "give an address that other hosts can reach" if found.is_loopback or found.is_unspecified else None


def whole(least: int, most: int | None = None, what: str = "a whole number") -> Check:
    """Return a check for whole numbers from ``least`` to ``most``."""
    allowed = f"{what} of at least {least}" if most is None else f"{what} from {least} to {most}"

    def check(value: Any) -> str | None:
        found = number(value)
        fits = found is not None and least <= found and (most is None or found <= most)
        return None if fits else f"give {allowed}"

    return check


port = whole(1, LARGEST_PORT, "a port")


def processors(value: Any) -> str | None:
    """Check how many processors a container may use; see LEAST_CPUS."""
    try:
        found = float(f"{value}") if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        found = math.nan
    fits = math.isfinite(found) and found >= LEAST_CPUS
    return None if fits else f"give a number of at least {LEAST_CPUS}, such as 0.5 or 2"


def size(value: Any) -> int | None:
    """Return the bytes of a size in Docker's notation, such as 10m or 1.5g; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    found = _SIZE.fullmatch(f"{value}")
    return int(float(found[1]) * 1024 ** _UNITS[found[2].lower()]) if found else None


def bytes_of(least: int, example: str) -> Check:
    """Return a check for sizes in Docker's notation of at least so many bytes."""

    def check(value: Any) -> str | None:
        found = size(value)
        if found is None:
            return f"give a number with the unit b, k, m or g, such as {example}"
        return None if found >= least else f"give at least {least} bytes, for example {example}"

    return check


def seconds(value: Any) -> float | None:
    """Return the seconds of a duration in Docker's notation, such as 5s or 1m30s; None for anything else."""
    if not isinstance(value, str) or not re.fullmatch(rf"(?:{_DURATION.pattern})+", value):
        return None
    return sum(float(found[1]) * _SECONDS[found[2]] for found in _DURATION.finditer(value))


def duration(value: Any) -> str | None:
    """Check that a duration is at least a second."""
    found = seconds(value)
    return None if found is not None and found >= 1 else "give a duration of at least one second, such as 5s or 1m30s"


def storable(value: Any) -> str | None:
    """Check that a file and a container's environment can hold a text, which may have several lines."""
    if isinstance(value, bool):
        return "is a boolean (yes, no, on and off are too): put the text in quotes"
    if isinstance(value, (int, float)):
        return "is a number, which may not be what was written (0123 is 83): put the text in quotes"
    if not isinstance(value, str):
        return f"is {_kind(value)}: give text in quotes"
    return option_texts.problem(value) or _too_long(value)


def setting(value: Any) -> str | None:
    """Check a setting: text, a number, a boolean, None, or a list or dictionary of these, which becomes JSON."""
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else "is a number that JSON does not know"
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        wrong = next((f"{quoted(key)} in it {why}" for key, each in value.items() if (why := setting(each))), None)
    elif isinstance(value, (list, tuple)):
        wrong = next((f"an item of it {why}" for each in value if (why := setting(each))), None)
    else:
        return f"is {_kind(value)}: put the text in quotes"
    return wrong or _too_long(json.dumps(value))


def _too_long(text: str) -> str | None:
    size = len(text.encode())
    too_long = f"has {size:,} bytes, with which no container starts: give at most {_LONGEST_VARIABLE:,}"
    return too_long if size > _LONGEST_VARIABLE else None


def matching(pattern: str, allowed: str) -> Check:
    """Return a check for texts that a regular expression matches from end to end."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str | None:
        wrong = _not_text(value)
        return wrong or (None if compiled.fullmatch(value) else allowed)

    return check


_POSTGRES_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,62}"
_POSTGRES_ALLOWED = (
    "give at most 63 letters, digits, dots, dashes and underscores, beginning with a letter or an underscore"
)
_role = matching(_POSTGRES_NAME, _POSTGRES_ALLOWED)
database = matching(rf"(?!template[01]$){_POSTGRES_NAME}", f"{_POSTGRES_ALLOWED}, and not a template of PostgreSQL")


def database_role(value: Any) -> str | None:
    """Check the name of a role of PostgreSQL."""
    if f"{value}".startswith("pg_"):
        return "give a name that does not begin with pg_, which PostgreSQL keeps for itself"
    return _role(value)


def optional(check: Check) -> Check:
    """Return a check that accepts an empty text as well."""
    return lambda value: None if value == "" else check(value)


def path(value: Any) -> str | None:
    """Check that a path is absolute, without control characters or a step upwards."""
    wrong = _not_text(value)
    if wrong:
        return wrong
    usable = value.startswith("/") and not _CONTROL.search(value) and ".." not in value.split("/")
    return None if usable else "give an absolute path on the host, without '..' in it"


def image(value: Any) -> str | None:
    """Check the reference of an image."""
    wrong = _not_text(value)
    usable = not wrong and len(value) <= 512 and _IMAGE.fullmatch(value)
    return wrong or (None if usable else "give an image as Docker names it, such as registry.example.com/backend:1.4")


def host_name(value: Any) -> str | None:
    """Check that a text is one host name."""
    wrong = _not_text(value)
    usable = not wrong and _HOST.fullmatch(value)
    return wrong or (None if usable else "give one host name, of letters, digits, dots and dashes")


def email(value: Any) -> str | None:
    """Check an email address by the platform's own rule."""
    wrong = _not_text(value)
    usable = not wrong and re.fullmatch(platform_rules.EMAIL, value)
    return wrong or (None if usable else "give an email address, such as admin@example.com")


def tag(value: Any) -> str | None:
    """Check the tag of an image."""
    wrong = _not_text(value)
    usable = not wrong and re.fullmatch(_TAG, value)
    return wrong or (None if usable else "give the tag of an image, such as 0.1.2-beta")


def _not_text(value: Any) -> str | None:
    if isinstance(value, str):
        return None
    if isinstance(value, (bool, int, float)):
        return "is not text (1.10 would be 1.1): put it in quotes"
    return f"is {_kind(value)}: give text"


def _kind(value: Any) -> str:
    """Return a value's type in the words of YAML."""
    if value is None:
        return "without a value"
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a date or another value that is not text"
