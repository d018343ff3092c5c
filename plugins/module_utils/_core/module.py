# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that enters a module, exits it, fails it and redacts what it says.

A module is a declaration: a subclass of :class:`ConvosphereModule` with the methods of :class:`Work`, or of
:class:`InfoModule` with ``report``, and a ``main`` of one call.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, NoReturn

from ansible.module_utils.basic import AnsibleModule

from . import lease, option_numbers, option_texts
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
    """AnsibleModule whose every exit, warning and log entry is masked, on every ansible-core.

    Before 2.22 the texts of warnings are not masked, from 2.22 on ``no_log_values`` is not read; on all of them the
    values of options that a spec does not know are shown when Ansible refuses them.
    """

    def __init__(self, unlisted: Mapping[str, Mapping[str, Any]], **settings: Any) -> None:
        self.unlisted = unlisted
        self.masker = Masker()
        self.unusable: list[str] = []
        self._notices: list[tuple[Any, str, dict[str, Any]]] = []
        self.params: dict[str, Any] = {}
        #: The options as they were given, before Ansible makes texts of numbers.
        self.given: dict[str, Any] = {}
        self.no_log_values: set[str] = set()
        super().__init__(**settings)
        self.hide(secret_options(self.argument_spec, self._without_lists()))  # of the type that they have by now

    def _without_lists(self) -> dict[str, Any]:
        return {name: value for name, value in self.params.items() if name not in self.unlisted}

    def _load_params(self) -> None:
        # Ansible's hook before it looks at the options: what it refuses, logs or returns is known as secret by then.
        super()._load_params()
        self.given = dict(self.params)
        given = self._without_lists()
        self.hide((*secret_options(self.argument_spec, given), *by_form(given)))
        self.unusable = option_texts.unusable(given)
        if self.unusable:  # refused in a moment; until then no part of Ansible has to cope with it
            self.params.update(option_texts.repaired(given))

    def _log_invocation(self) -> None:
        given = self.params
        self.params = self.shown_params()
        try:
            super()._log_invocation()
        finally:
            self.params = given

    def hide(self, values: Iterable[str]) -> None:
        """Take ``values`` for secrets from now on."""
        self.no_log_values |= self.masker.add(values)

    def shown_params(self) -> dict[str, Any]:
        """The options as they may be shown: of lists that the module checks itself, just how long they are."""
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
        super().fail_json(masked.pop("msg"), **masked)
        raise AssertionError("fail_json returns never")

    def _masked(self, result: dict[str, Any]) -> dict[str, Any]:
        for emit, text, settings in self._notices:
            emit(self.masker.mask(text), **self.masker.mask(settings))
        self._notices = []
        # From 2.22 on Ansible returns it only if it is configured to.
        return dict(self.masker.mask({"invocation": {"module_args": self.shown_params()}, **result}))


class _Base:
    """What modules that change things and modules that read have in common."""

    #: Ansible's argument spec, composed of the fragments' dictionaries and the module's own options.
    argument_spec: ClassVar[dict[str, Any]] = {}
    #: Ansible's further rules: mutually_exclusive, required_one_of, required_together, required_if, required_by.
    rules: ClassVar[dict[str, Any]] = {}
    #: Options that hold lists of objects which the module checks itself, each with the spec of one object, by which its
    #: secrets are known. Nothing of these lists is logged on the host, nor returned in the invocation.
    unlisted: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Options for which an empty text means something, by their full names, such as "files.content".
    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    #: The least that a number may be, by the name of the option, if that is not 0.
    least: ClassVar[Mapping[str, int]] = {}

    def __init__(self) -> None:
        self.ansible = _AnsibleModule(
            self.unlisted, argument_spec=self.argument_spec, supports_check_mode=True, **self.rules
        )
        self.params: dict[str, Any] = self.ansible.params
        #: The options that were given, with the types that they had, for a module that checks types itself.
        self.given: dict[str, Any] = self.ansible.given
        self.check_mode: bool = self.ansible.check_mode

    @classmethod
    def main(cls) -> NoReturn:
        """Run the module from its arguments to its exit."""
        module = cls()
        try:
            module._refuse_unusable_options()
            with lease.kept(os.environ):
                result = module.execute()
        except ConvosphereError as error:
            module.hide(*module.secrets())
            module._fail(str(error), shown(error.details))
        except Exception as error:  # noqa: BLE001 - whatever it is, an operator gets a message and no traceback
            module.hide(*module.secrets())
            module._fail(
                f"Unexpected {type(error).__name__} in {module.ansible._name}: {error}. "
                "This is a defect of the collection: please report it with the output of -vvv.",
                {},
            )
        module.ansible.exit_json(**result)

    @property
    def invocation(self) -> Invocation:
        """How the module was called."""
        return Invocation(self.params, self.given, self.check_mode, self.warn, self.hide)

    def execute(self) -> dict[str, Any]:
        """The module's work; returns what the task returns."""
        raise NotImplementedError

    def hide(self, *values: str | None) -> None:
        """Have ``values``, secrets that were read on the host rather than given as options, masked in all output."""
        self.ansible.hide(value for value in values if value)

    def secrets(self) -> Iterable[str]:
        """Further secrets, of files that were read, asked only when a message is about to be composed by an error."""
        return ()

    def warn(self, message: str) -> None:
        """Tell the operator something that does not stop the run."""
        self.ansible.warn(message)

    def _refuse_unusable_options(self) -> None:
        """Raise InputError for texts that can be stored nowhere, or that are empty and must not be, and for numbers."""
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
    """A module that reads. It changes nothing, so check mode makes no difference to it."""

    def execute(self) -> dict[str, Any]:
        """Return the report as the result of the module."""
        return {"changed": False, **self.report()}

    def report(self) -> dict[str, Any]:
        """Read and return the module's return values."""
        raise NotImplementedError


class ConvosphereModule(_Base, Work):
    """A module that brings something into a state. It does the work itself, or ``build`` returns what does it."""

    def __init__(self) -> None:
        super().__init__()
        #: What ``build`` returned: the module itself until then.
        self.working: Work = self
        #: What ``plan`` locks or opens, in the order in which it is released.
        self.held = ExitStack()

    def build(self) -> Work:
        """Return what does the work. It is not started yet."""
        return self

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
        return () if self.working is self else self.working.secrets()

    def close(self) -> None:
        """Release what ``plan`` locked or opened."""
        self.held.close()
