# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read secrets of a stack for an operator who needs their values, in plain text or encrypted by age.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .._core import command, dotenv
from .._core.errors import InputError
from . import secrets

HEADER = "Fetched secrets of an environment of ConvoSphere. Remove this file after use."
_ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----"
_RECIPIENT = re.compile(r"(?:age1[0-9a-z]{20,}|ssh-(?:ed25519|rsa) [A-Za-z0-9+/=]+(?: .*)?)")


def export(directory: Path, names: Iterable[str], recipient: str | None) -> str:
    """Return the secrets of these names in the form of ``.env``; encrypted, if there is a recipient.

    Raises InputError for a secret that is not set, and for a text that is no public key.
    """
    if recipient is not None and not is_public_key(recipient):  # it is not shown: it may be the secret key
        raise InputError(
            "recipient is not a public key of age",
            hint="Nothing was read. Give the public key that age-keygen prints, age1..., or an SSH public key.",
        )
    variables = secrets.variables_in(directory)
    chosen = list(names)
    missing = [name for name in chosen if not variables.get(name)]
    if missing:
        raise InputError(
            f"{directory / secrets.FILE} has no {', '.join(missing)}",
            hint="Nothing was written. Deploy the environment, which writes its secrets, or leave these names out.",
        )
    text = dotenv.merge("", {name: variables[name] for name in chosen}, HEADER)
    return text if recipient is None else encrypt(text, recipient)


def is_export(text: str) -> bool:
    """Return whether a text is one that ``export`` returned, so that another export may take its place."""
    return not text or text.startswith((f"# {HEADER}", _ARMOR))


def is_public_key(recipient: str) -> bool:
    """Return whether a text is a public key for which age can encrypt."""
    return bool(_RECIPIENT.fullmatch(recipient))


def encrypt(text: str, recipient: str) -> str:
    """Return a text as age encrypts it for a public key, in letters and digits. Raises CommandError."""
    return command.run(
        ["age", "--encrypt", "--armor", f"--recipient={recipient}"],
        step="encrypt the secrets",
        stdin=text,
        timeout=60,
    )
