# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules with registers do on the controller: sign with a key that never leaves it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_SECONDS = 60
#: No program asks for a passphrase while a playbook runs.
_SILENT = {"SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force"}
_UNSIGNED = (
    "{} has to be signed, and was not written: sign its text in unsigned with the private key, and run the module "
    "again with signatures"
)
_CHANGED = "{} changed while it was signed, and was not written: run it again with the same options"
_DONE = "The database is changed, and a signed file is missing: run it again with the same options."
_ALLOWED = (
    "Nothing was changed. Give a private SSH key of the controller without a passphrase, or one that the SSH agent has"
)


class SigningAction(ActionBase):
    """Runs the module of the same name, and once more with the signatures of what the first run has to write.

    ``FURTHER`` are the options of the second run that differ, and ``RETURNED`` what it returns for the first one.
    ``SIGNS`` is False for a module that only verifies, for which the public half is enough.
    """

    SIGNS = True
    FURTHER: Mapping[str, Any] = {}
    RETURNED: tuple[str, ...] = ()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the module the public key of ``controller_signing_key``, and sign what it returns as ``unsigned``."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        key = arguments.pop("controller_signing_key", None)
        if not key:
            return warned(self._execute_module(module_args=arguments, task_vars=task_vars), _UNSIGNED)
        if arguments.get("signing_key") or arguments.get("public_key"):
            raise AnsibleActionFail(
                "Give one of controller_signing_key, signing_key and public_key. Nothing was changed."
            )
        path, arguments["public_key"] = usable(str(key), signs=self.SIGNS)
        result = dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        if result.get("failed") or not result.get("unsigned"):
            return result
        try:
            given = {name: sign(text, path, self.namespace(name)) for name, text in result["unsigned"].items()}
        except AnsibleActionFail as error:
            return {**result, "failed": True, "msg": f"{error} {_DONE}"}
        arguments.update(signatures=given, **self.FURTHER)
        second = dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        if second.get("failed"):
            return {**second, "changed": True, "msg": f"{second.get('msg')} {_DONE}"}
        return warned({**result, **{name: second[name] for name in ("unsigned", *self.RETURNED)}}, _CHANGED)

    def namespace(self, name: str) -> str:
        """Return the namespace of the signature of one text."""
        return f"convosphere-{name}"


def warned(result: Mapping[str, Any], sentence: str) -> dict[str, Any]:
    """Return a result with a warning for each text that is not written, because it has to be signed."""
    pending = [sentence.format(name) for name in result.get("unsigned") or ()]
    return {**result, "warnings": [*result.get("warnings", ()), *pending]} if pending else dict(result)


def usable(key: str, *, signs: bool) -> tuple[Path, str]:
    """Return the path of a key and its public half. Raises AnsibleActionFail.

    With ``signs``, a key that cannot sign is refused here, before the module changes what has to be signed.
    """
    try:
        path = Path(key).expanduser().absolute()
    except RuntimeError as error:  # ~name, of a user who does not exist
        raise AnsibleActionFail(f"Cannot read controller_signing_key {key}: {error} {_ALLOWED}") from error
    public = public_key(path)
    try:
        if signs:
            sign("", path, "convosphere-check")
    except AnsibleActionFail as error:
        raise AnsibleActionFail(f"Cannot sign with controller_signing_key {path}: {error}. {_ALLOWED}") from error
    return path, public


def public_key(key: Path) -> str:
    """Return the public half of a key. ``key`` is a private one, or a ``.pub`` whose private half an agent has.

    Raises AnsibleActionFail.
    """
    beside = key.parent / f"{key.name}.pub"
    if key.suffix != ".pub":
        try:
            return _run(["ssh-keygen", "-y", "-P", "", "-f", str(key)]).strip()
        except AnsibleActionFail as error:
            if not beside.is_file():  # with a passphrase, an agent has it
                raise AnsibleActionFail(f"Cannot read controller_signing_key {key}: {error}. {_ALLOWED}") from error
    try:
        return (key if key.suffix == ".pub" else beside).read_text().strip()
    except (OSError, ValueError) as error:
        raise AnsibleActionFail(f"Cannot read controller_signing_key {key}: {error}. {_ALLOWED}") from error


def sign(text: str, key: Path, namespace: str) -> str:
    """Return the signature of a text. Raises AnsibleActionFail."""
    return _run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", namespace], text)


def _run(command: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(
            command,
            input=text,
            env={**os.environ, **_SILENT},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # no terminal to ask at
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:  # ValueError: a null character in the path
        raise AnsibleActionFail(f"Cannot run {command[0]} on the controller: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason"]
        raise AnsibleActionFail(f"{command[0]} on the controller failed: {lines[-1]}")
    return done.stdout
