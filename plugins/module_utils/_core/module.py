# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, exit and fail modules, and redact their output: the only place that does.

A module is a declaration: a subclass of :class:`ConvosphereModule` with ``build``, or of :class:`InfoModule` with
``report``, and a ``main`` of one call.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NoReturn

from ansible.module_utils.basic import AnsibleModule

from . import lease, option_numbers, option_texts, run_failure
from .errors import ConvosphereError, InputError
from .redaction import (
    HIDDEN,
    Masker,
    by_form,
    secret_options,
    shown,
    shown_options,
)
from .work import Invocation, Work


class _AnsibleModule(AnsibleModule):
    """AnsibleModule that masks every exit, warning and log entry, on every ansible-core.

    ansible-core before 2.22 does not mask warnings, and from 2.22 on ignores ``no_log_values``; each shows the values
    of unknown options when it refuses them.
    """

    def __init__(self, unlisted: Mapping[str, Mapping[str, Any]], **settings: Any) -> None:
        self.unlisted = unlisted
        self.masker = Masker()
        self.unusable: list[str] = []
        self._notices: list[tuple[Any, str, dict[str, Any]]] = []
        self.params: dict[str, Any] = {}
        #: The given options, before Ansible converts numbers to texts.
        self.given: dict[str, Any] = {}
        self.no_log_values: set[str] = set()
        super().__init__(**settings)
        self.hide(secret_options(self.argument_spec, self._without_lists()))  # in their final types

    def _without_lists(self) -> dict[str, Any]:
        return {name: value for name, value in self.params.items() if name not in self.unlisted}

    def _load_params(self) -> None:
        # Ansible calls this before it validates the options: secrets are known before it refuses, logs or returns them.
        super()._load_params()
        self.given = dict(self.params)
        given = self._without_lists()
        self.hide((*secret_options(self.argument_spec, given), *by_form(given)))
        self.unusable = option_texts.unusable(given)
        if self.unusable:  # they are refused later; until then Ansible gets valid texts
            self.params.update(option_texts.repaired(given))

    def _log_invocation(self) -> None:
        given = self.params
        self.params = self.shown_params()
        try:
            super()._log_invocation()
        finally:
            self.params = given

    def hide(self, values: Iterable[str]) -> None:
        """Mask ``values`` from now on."""
        self.no_log_values |= self.masker.add(values)

    def shown_params(self) -> dict[str, Any]:
        """Return the options without secrets; of lists that the module checks itself, only the length."""
        shown_ones = shown_options({**self.argument_spec, **{name: {} for name in self.unlisted}}, self.params)
        lists = {name: self.params[name] for name in self.unlisted if self.params.get(name) is not None}
        counts = {name: f"({len(value)} given)" if isinstance(value, list) else HIDDEN for name, value in lists.items()}
        return {**shown_ones, **counts}

    def warn(self, warning: str, **settings: Any) -> None:
        """Keep a warning until all secrets are known, which is when the module exits."""
        self._notices.append((super().warn, warning, settings))

    def deprecate(self, msg: str, version: str | None = None, **settings: Any) -> None:
        """Keep a deprecation until all secrets are known, which is when the module exits."""
        self._notices.append((super().deprecate, msg, {"version": version, **settings}))

    def exit_json(self, **result: Any) -> NoReturn:
        """Print a result without secrets, and exit."""
        super().exit_json(**self._masked(result))
        raise AssertionError("exit_json returns never")

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Print a failure without secrets, and exit. Ansible calls this too, for options that it refuses."""
        for name, entry in self.unlisted.items():
            self.hide(secret_options({name: {"options": entry}}, {name: self.params.get(name)}))
        masked = self._masked({"msg": str(msg), **result})
        run_failure.note(os.environ, self._name.removesuffix(".py").rpartition(".")[2], masked["msg"])
        super().fail_json(masked.pop("msg"), **masked)
        raise AssertionError("fail_json returns never")

    def _masked(self, result: dict[str, Any]) -> dict[str, Any]:
        for emit, text, settings in self._notices:
            emit(self.masker.mask(text), **self.masker.mask(settings))
        self._notices = []
        # From 2.22 on Ansible returns it only if it is configured to.
        return dict(self.masker.mask({"invocation": {"module_args": self.shown_params()}, **result}))


class _Base:
    """The common part of modules that change and modules that only read."""

    #: Ansible's argument spec, composed of the fragments' dictionaries and the module's own options.
    argument_spec: ClassVar[dict[str, Any]] = {}
    #: Ansible's further rules: mutually_exclusive, required_one_of, required_together, required_if, required_by.
    rules: ClassVar[dict[str, Any]] = {}
    #: Options with lists of objects that the module checks itself, each with the spec of one object, which declares its
    #: secrets. These lists are neither logged on the host nor returned in the invocation.
    unlisted: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Options for which an empty text is allowed, by their full names, such as "files.content".
    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    #: The least value of numbers, by the name of the option, if it is not 0.
    least: ClassVar[Mapping[str, int]] = {}

    def __init__(self) -> None:
        self.ansible = _AnsibleModule(
            self.unlisted, argument_spec=self.argument_spec, supports_check_mode=True, **self.rules
        )
        self.params: dict[str, Any] = self.ansible.params
        #: The given options in their original types, for a module that checks types itself.
        self.given: dict[str, Any] = self.ansible.given
        self.check_mode: bool = self.ansible.check_mode

    @classmethod
    def main(cls) -> NoReturn:
        """Run the module from its arguments to its exit."""
        module = cls()
        try:
            module._refuse_unusable_options()
            with lease.kept(os.environ, fenced=module.is_fenced):
                result = module.execute()
        except ConvosphereError as error:
            module.hide(*module.secrets())
            module._fail(str(error), shown(error.details))
        except Exception as error:  # noqa: BLE001 - an operator gets a message and no traceback
            module.hide(*module.secrets())
            module._fail(
                f"Unexpected {type(error).__name__} in {module.ansible._name}: {error}. "
                "This is a defect of the collection: please report it with the output of -vvv.",
                {},
            )
        module.ansible.exit_json(**result)

    @property
    def is_fenced(self) -> bool:
        """Whether the module must not work after another run took over the lock of its own run."""
        return False

    @property
    def invocation(self) -> Invocation:
        """How the module was called."""
        return Invocation(self.params, self.given, self.check_mode, self.warn, self.hide)

    def execute(self) -> dict[str, Any]:
        """Do the module's work, and return the result of the task."""
        raise NotImplementedError

    def hide(self, *values: str | None) -> None:
        """Mask ``values``, secrets that were read on the host rather than given as options, in all output."""
        self.ansible.hide(value for value in values if value)

    def secrets(self) -> Iterable[str]:
        """Return further secrets, such as those of files, to mask them in the message of an error."""
        return ()

    def warn(self, message: str) -> None:
        """Warn the operator; the run continues."""
        self.ansible.warn(message)

    def _refuse_unusable_options(self) -> None:
        """Raise InputError for texts that cannot be stored or must not be empty, and for numbers out of range."""
        problems = self.ansible.unusable or [
            *option_texts.structured(self.argument_spec, self.given),
            *option_texts.empty(self.argument_spec, self.params, self.may_be_empty),
            *option_texts.misnamed(self.params),
            *option_numbers.out_of_range(self.argument_spec, self.params, self.least),
        ]
        if problems:
            raise InputError.of(problems)

    def _fail(self, message: str, details: Mapping[str, Any]) -> NoReturn:
        failure = {"failure": dict(details)} if details else {}
        self.ansible.fail_json(msg=message, **failure)


class InfoModule(_Base):
    """A module that only reads. Check mode makes no difference."""

    def execute(self) -> dict[str, Any]:
        """Return the report as the result of the module."""
        return {"changed": False, **self.report()}

    def report(self) -> dict[str, Any]:
        """Read and return the module's return values."""
        raise NotImplementedError


class ConvosphereModule(_Base):
    """A module that changes things: ``build`` returns its work."""

    def __init__(self) -> None:
        super().__init__()
        #: What ``build`` returned; None until then.
        self.working: Work | None = None

    @property
    def is_fenced(self) -> bool:
        """Whether it may change something."""
        return not self.check_mode

    def build(self) -> Work:
        """Return the work, which is not started yet."""
        raise NotImplementedError

    def execute(self) -> dict[str, Any]:
        """Plan, apply, verify, report and close."""
        work = self.working = self.build()
        try:
            plan = work.plan()
            if not self.check_mode:
                if plan.changed:
                    work.apply(plan)
                work.verify(plan)
            done = work.carried_out(plan)
            result = {"changed": done.changed, **work.report(plan)}
        finally:
            work.close()
        if self.ansible._diff:
            result["diff"] = done.diff()
        return result

    def secrets(self) -> Iterable[str]:
        """Return the secrets of the work."""
        return self.working.secrets() if self.working else ()
