# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that enters a module, exits it, fails it and redacts what it says.

A module is a declaration: a subclass of :class:`ConvosphereModule` (or :class:`InfoModule`) with ``read``, ``plan``,
``apply`` and ``report``, and a ``main`` of one call. The way of every change is read, plan, (check mode stops here),
apply, verify, report.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._plan import Plan, shown


class _AnsibleModule(AnsibleModule):
    """Ansible's own, with an end to taking everything in a long list for a secret.

    Lists with secrets in them are declared no_log, so that they are not logged on the host, and nothing of them is
    shown when Ansible itself refuses the arguments. But then all that is in them, emails and names, counts as secret.
    """

    def __init__(self, unlisted: tuple[str, ...], **settings: Any) -> None:
        self.unlisted = unlisted
        super().__init__(**settings)
        self._keep_real_secrets()

    def _log_invocation(self) -> None:
        # To look for each of thousands of values in every other option would take longer than all else.
        self._keep_real_secrets()
        super()._log_invocation()

    def _keep_real_secrets(self) -> None:
        if any(self.params.get(name) is not None for name in self.unlisted):
            declared = (name for name, option in self.argument_spec.items() if option.get("no_log"))
            real = (self.params.get(name) for name in declared if name not in self.unlisted)
            self.no_log_values = {value for value in real if value}


class _Base:
    """What modules that change things and modules that read have in common."""

    #: Ansible's argument spec, composed of the fragments' dictionaries and the module's own options.
    argument_spec: ClassVar[dict[str, Any]] = {}
    #: Ansible's further rules: mutually_exclusive, required_one_of, required_together, required_if, required_by.
    rules: ClassVar[dict[str, Any]] = {}
    #: Options that hold lists of objects with secrets in them, which the module checks itself. Nothing of them is
    #: logged on the host, nor returned in the invocation, where each is replaced by its length.
    unlisted: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.ansible = _AnsibleModule(
            self.unlisted, argument_spec=self.argument_spec, supports_check_mode=True, **self.rules
        )
        self.params: dict[str, Any] = self.ansible.params
        self.check_mode: bool = self.ansible.check_mode

    @classmethod
    def main(cls) -> NoReturn:
        """Run the module from its arguments to its exit."""
        module = cls()
        try:
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
        module.ansible.exit_json(**result, **module._invocation())
        raise AssertionError("exit_json returns never")

    def execute(self) -> dict[str, Any]:
        """The module's work; returns what the task returns."""
        raise NotImplementedError

    def hide(self, *values: str | None) -> None:
        """Have ``values``, secrets that were read on the host rather than given as options, masked in all output."""
        self.ansible.no_log_values.update(value for value in values if value)

    def secrets(self) -> Iterable[str]:
        """The secrets in the ``unlisted`` options, asked only when a message is about to be composed by an error."""
        return ()

    def warn(self, message: str) -> None:
        """Tell the operator something that does not stop the run."""
        self.ansible.warn(message)

    def _fail(self, message: str, details: Mapping[str, Any]) -> NoReturn:
        failure = {"failure": dict(details)} if details else {}
        self.ansible.fail_json(msg=message, **failure, **self._invocation())
        raise AssertionError("fail_json returns never")

    def _invocation(self) -> dict[str, Any]:
        """What is returned as ``invocation`` where Ansible's own, all options as they were given, would not do."""
        if not self.unlisted:
            return {}
        told = {name: value for name, value in self.params.items() if name not in self.unlisted or value is None}
        counts = {name: f"({len(self.params[name])} given)" for name in self.unlisted if name not in told}
        return {"invocation": {"module_args": {**told, **counts}}}


class InfoModule(_Base):
    """A module that reads. It changes nothing, so check mode makes no difference to it."""

    def execute(self) -> dict[str, Any]:
        return {"changed": False, **self.report()}

    def report(self) -> dict[str, Any]:
        """Read and return the module's return values."""
        raise NotImplementedError


class ConvosphereModule(_Base):
    """A module that brings something into a state."""

    #: What plan() locks or opens, in the order of its end: it is let go of when all is done, or has failed.
    held: ExitStack

    def execute(self) -> dict[str, Any]:
        with ExitStack() as self.held:
            return self._carry_out()

    def _carry_out(self) -> dict[str, Any]:
        plan = self.plan()
        if not self.check_mode:
            if plan.changed:
                self.apply(plan)
            self.verify(plan)
        result = {"changed": plan.changed, **self.report(plan)}
        if self.ansible._diff:
            result["diff"] = plan.diff()
        return result

    def plan(self) -> Plan:
        """Read what is there and compare it with what is wanted. Must not change anything."""
        raise NotImplementedError

    def apply(self, plan: Plan) -> None:
        """Do what ``plan`` says. Never called in check mode, nor when there is nothing to do."""
        raise NotImplementedError

    def verify(self, plan: Plan) -> None:
        """See that what is wanted is reached, and raise if not. Called after ``apply``, and when nothing was to do."""

    def report(self, plan: Plan) -> dict[str, Any]:
        """The module's return values beside ``changed`` and ``diff``; in check mode what they would be."""
        return {}
