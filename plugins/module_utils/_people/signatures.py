# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign texts with an SSH key of the operator, and verify them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from .._core import command, files
from .._core.errors import CommandError, ConvosphereError, InputError
from .registers import Check, Content, Kind, no_check

#: The keys of a module: a private one is a file, the public one a text. That of the controller is for the action
#: plugin, which gives the public key in its place.
KEY_OPTIONS: dict[str, Any] = {
    "controller_signing_key": {"type": "path", "no_log": False},
    "signing_key": {"type": "path", "no_log": False},
    "public_key": {"type": "str", "no_log": False},
}
#: The options of a module that writes what is signed.
SIGNING_OPTIONS: dict[str, Any] = {**KEY_OPTIONS, "signatures": {"type": "dict", "no_log": False}}
#: At most one of them.
KEYS = tuple(KEY_OPTIONS)
_SECONDS = 60
_WHO = "operator"
_HINT = "Nothing was changed. Give a private SSH key without a passphrase, of mode 0600."


def sign(text: str, key: str, namespace: str) -> str:
    """Return the SSH signature of a text with the private key in a file. Raises ConvosphereError."""
    arguments = ["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", namespace]
    return command.run(arguments, step="sign the record", stdin=text, timeout=_SECONDS)


def is_valid(text: str, signature: str, public_key: str, namespace: str) -> bool:
    """Return whether a signature of a text is by a public key, for a namespace. Raises CommandError."""
    with ExitStack() as held:
        signers = held.enter_context(files.unnamed(f"{_WHO} {public_key.strip()}\n", "signers"))
        file = held.enter_context(files.unnamed(signature, "signature"))
        arguments = ["ssh-keygen", "-q", "-Y", "verify", "-f", str(signers), "-I", _WHO, "-n", namespace]
        try:
            command.run([*arguments, "-s", str(file)], step="verify a signature", stdin=text, timeout=_SECONDS)
        except CommandError as error:
            if error.details.get("returncode") is None:
                raise
            return False
        return True


@dataclass(frozen=True)
class Keys:
    """The key that signs, a file of the host, or empty; and the public key that verifies, a text, or empty."""

    private: str = ""
    public: str = ""

    def sign(self, kind: Kind[Any], text: str) -> str:
        """Return the signature of the text of a register; empty without a private key. Raises ConvosphereError."""
        return sign(text, self.private, kind.namespace) if self.private else ""

    def check(self, warn: Callable[[str], None] = lambda _text: None) -> Check:
        """Return what refuses a register with another signature, and ``warn``s of one without any."""

        def verify(kind: Kind[Any], content: Content[Any], title: str) -> None:
            if not content.signature:
                warn(f"{title} is not signed: whether someone has changed it is not known")
            elif not is_valid(content.signed_text, content.signature, self.public, kind.namespace):
                raise InputError(
                    f"The signature of {title} is not valid: the file was changed, or signed with another key",
                    hint="Nothing was changed. Put the file of another place in its place. If the key was replaced, "
                    "check the entries, and remove the field signature from the file.",
                )

        return verify if self.public else no_check


def read(params: Mapping[str, Any]) -> Keys:
    """Return the keys of KEY_OPTIONS. Raises InputError unless they can be used, before anything is changed."""
    if params["controller_signing_key"]:
        raise InputError("controller_signing_key was not read on the controller", hint="Call the module by a task.")
    private, public = params["signing_key"] or "", (params["public_key"] or "").strip()
    given = params.get("signatures") or {}
    if given and not public:
        raise InputError("signatures is given without public_key", hint="Nothing was changed. Give both.")
    if not all(isinstance(signature, str) for signature in given.values()):
        raise InputError("signatures has a value that is no text", hint="Nothing was changed. Give SSH signatures.")
    if private:
        try:
            sign("", private, "convosphere-check")
            return Keys(private, command.run(["ssh-keygen", "-y", "-P", "", "-f", private], step="read a key").strip())
        except ConvosphereError as error:
            raise InputError(f"Cannot sign with signing_key {private}: {error.message}", hint=_HINT) from error
    if "\n" in public:
        raise InputError("public_key has several lines", hint="Nothing was changed. Give one line.")
    if public:
        with files.unnamed(public + "\n", "public_key") as path:
            try:
                command.run(["ssh-keygen", "-l", "-f", str(path)], step="read public_key", timeout=_SECONDS)
            except CommandError as error:
                raise InputError(
                    f"public_key is no public SSH key: {error.message}", hint="Nothing was changed. Give one line."
                ) from error
    return Keys("", public)
