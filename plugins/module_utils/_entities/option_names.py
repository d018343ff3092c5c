# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise the names of options: refuse unknown ones with a suggestion, and match the headers of spreadsheets.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._core.display import printable

#: Common headers and keys that are not a spelling of an option's name.
_USUAL_NAMES = {
    "mail": "email", "emailaddress": "email", "emailadresse": "email", "mailadresse": "email", "login": "username",
    "user": "username", "benutzername": "username", "benutzer": "username", "vorname": "first_name",
    "givenname": "first_name", "forename": "first_name", "nachname": "last_name", "surname": "last_name",
    "familyname": "last_name", "name": "display_name", "anzeigename": "display_name", "abteilung": "department",
    "position": "job_title", "title": "job_title", "funktion": "job_title", "personalnummer": "employee_id",
    "employeenumber": "employee_id", "telefon": "phone", "telefonnummer": "phone", "phonenumber": "phone",
    "telephone": "phone", "tel": "phone", "mobile": "phone",
    "rolle": "role", "sprache": "language", "locale": "language", "zeitzone": "timezone", "tz": "timezone",
    "passwort": "password", "pwd": "password", "hash": "password_hash", "gruppe": "groups", "gruppen": "groups",
    "beschreibung": "description", "mitglieder": "members", "rechte": "permissions", "avatar": "avatar_url",
    "picture": "avatar_url", "verified": "is_verified", "active": "is_active",
}  # fmt: skip


def unknown(names: Mapping[Any, Any], known: Collection[str]) -> list[str]:
    """Return a problem for each name that is not an option."""
    return [f"there is no option '{printable(name)}'{suggestion(name, known)}" for name in names if name not in known]


def same_name(name: str, known: Collection[str]) -> str | None:
    """Return the option that equals a name but for case, spaces, hyphens and underscores."""
    if name in known:
        return name
    plain = _plain(name)
    return next((option for option in known if _plain(option) == plain), None)


def suggestion(name: Any, known: Collection[str]) -> str:
    """Return `` (is 'email' meant?)``, or an empty text if no option is similar."""
    from difflib import get_close_matches

    text = str(name)
    near = same_name(text, known) or _USUAL_NAMES.get(_plain(text))
    if near not in known:
        near = next(iter(get_close_matches(text.strip().lower(), list(known), 1)), None)
    return f" (is '{near}' meant?)" if near else ""


def _plain(name: str) -> str:
    return "".join(one for one in name.lower() if one.isalnum())
