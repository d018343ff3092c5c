# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the objects of AWX that an environment needs: inventory, job templates, workflow, schedules.

No input or output.

Each object is its comparable fields by its name, in the form in which the module convosphere_awx_info returns them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.plugin_utils import _awx_secrets
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_names import SHARED_MARK, described, title
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import convert
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import parameters_of
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb

Objects = dict[str, dict[str, dict[str, Any]]]

#: The kinds of objects, in the order in which they need each other.
KINDS = (
    "organizations",
    "credential_types",
    "credentials",
    "notification_templates",
    "execution_environments",
    "projects",
    "inventories",
    "inventory_sources",
    "job_templates",
    "workflow_job_templates",
    "schedules",
)
#: Those that are of one environment, and marked as such.
OWNED = tuple(kind for kind in KINDS if kind not in ("organizations", "execution_environments", "projects"))
#: Those that several environments share, and that are marked as such.
SHARED = ("execution_environments", "projects")
#: The playbooks that have no job template: they are for a terminal.
WITHOUT_TEMPLATE = ("help", "schedules")
#: The playbooks of the workflow.
WORKFLOW = ("backup", "deploy", "health", "rollback")
#: What an environment may declare on its own, beside naming what exists.
OWN = ("credential_types", "credentials", "notifications")
_LONGEST_ANSWER = 1024


@dataclass(frozen=True)
class Settings:
    """What an environment declares for AWX."""

    env: str
    organization: str
    project: str
    project_url: str
    project_branch: str
    inventory_path: str
    credentials: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    execution_environment: str = ""
    image: str = ""
    verbs: tuple[str, ...] = ()
    workflow: bool = True
    playbooks: str = "playbooks"
    project_credential: str = ""
    own_credential_types: tuple[Mapping[str, Any], ...] = ()
    own_credentials: tuple[Mapping[str, Any], ...] = ()
    own_notifications: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, env: str, given: Mapping[str, Any]) -> Settings:
        """Read them as the role has them."""
        names = ("credentials", "notifications", "verbs", *(f"own_{kind}" for kind in OWN))
        listed = {name: tuple(given.get(name) or ()) for name in names}
        texts = {name: str(value) for name, value in given.items() if name not in (*listed, "workflow")}
        return cls(env=env, workflow=bool(given["workflow"]), **listed, **texts)  # type: ignore[arg-type]

    def problems(self) -> Iterator[str]:
        """Yield what is missing or not allowed, a sentence each."""
        for name in ("organization", "project", "project_url", "inventory_path"):
            if not getattr(self, name):
                yield f"scheduler_awx_{name} is empty. Set it."
        allowed = [verb.name for verb in VERBS if verb.name not in WITHOUT_TEMPLATE]
        for verb in self.verbs:
            if verb not in allowed:
                yield f"scheduler_awx_verbs names {quoted(verb)}. Allowed: {', '.join(allowed)}."
        yield from _awx_secrets.problems(self.own())

    def own(self) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """Return what it declares beside naming what exists."""
        return {kind: getattr(self, f"own_{kind}") for kind in OWN}

    def attached(self) -> list[str]:
        """Return the names in AWX of the credentials of all job templates."""
        return sorted(
            [*self.credentials, *(title(self.env, name) for name in _awx_secrets.attached(self.own_credentials))]
        )

    def notified(self) -> dict[str, list[str]]:
        """Return the names in AWX of the notifications of all templates, by the event."""
        found = {}
        for event in _awx_secrets.EVENTS:
            own = [title(self.env, name) for name in _awx_secrets.notified(self.own_notifications, event)]
            found[f"notifications_{event}"] = sorted([*own, *(self.notifications if event == "error" else ())])
        return found


def desired(settings: Settings, schedules: Iterable[Mapping[str, Any]]) -> Objects:
    """Return all objects of an environment, by kind and name."""
    planned = list(schedules)
    verbs = dict.fromkeys([*settings.verbs, *(each["verb"] for each in planned)])
    if settings.workflow:
        verbs = dict.fromkeys([*verbs, *WORKFLOW])
    inventory = title(settings.env)
    shared = {"description": f"With the collection. {SHARED_MARK}"}
    environments = {settings.execution_environment: {"image": settings.image, **shared}} if settings.image else {}
    return {
        "organizations": {settings.organization: {}},
        **_awx_secrets.objects(settings.env, settings.organization, settings.own()),
        "execution_environments": environments,
        "projects": {settings.project: _project(settings)},
        "inventories": {inventory: {"organization": settings.organization, **described(settings.env, "All hosts.")}},
        "inventory_sources": {inventory: _inventory_source(settings, inventory)},
        "job_templates": {title(settings.env, verb): _job_template(settings, verb) for verb in sorted(verbs)},
        "workflow_job_templates": {title(settings.env, "release"): _workflow(settings)} if settings.workflow else {},
        "schedules": {title(settings.env, each["name"]): _schedule(settings.env, each) for each in planned},
    }


def variable_problems(schedules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each variable of a schedule that AWX would refuse, because no survey asks for it."""
    for each in schedules:
        asked = {parameter.name for parameter in survey_parameters(each["verb"])}
        others = sorted(set(each["variables"]) - asked - {"env"})
        if others:
            yield (
                f"scheduler_schedules, {quoted(each['name'])}: AWX takes only the parameters of {each['verb']}.yml from"
                f" a schedule, not {', '.join(others)}. Set such variables in the inventory. Allowed:"
                f" {', '.join(sorted(asked)) or 'none'}."
            )


def survey_parameters(verb: str) -> list[Parameter]:
    """Return the parameters that the survey of a playbook asks for."""
    return [parameter for parameter in parameters_of(verb) if parameter.verbs]


def survey(verb: str) -> dict[str, Any]:
    """Return the survey of a playbook, one question for each of its parameters; empty if it has none."""
    questions = [_question(parameter) for parameter in survey_parameters(verb)]
    return {"name": "", "description": "", "spec": questions} if questions else {}


def answer(parameter: Parameter, value: Any) -> Any:
    """Return the value of a parameter as its question takes it."""
    found = convert(parameter, value)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, list):
        return found if parameter.choices else ",".join(found)
    return json.dumps(found, sort_keys=True) if isinstance(found, dict) else found


def _question(parameter: Parameter) -> dict[str, Any]:
    kind, choices = parameter.type, list(parameter.choices)
    if kind == "bool":
        kind, choices = "multiplechoice", ["true", "false"]
    elif choices:
        kind = "multiselect" if kind == "list" else "multiplechoice"
    else:
        kind = {"int": "integer", "dict": "textarea"}.get(kind, "text")
    question = {
        "question_name": parameter.name,
        "question_description": parameter.meaning,
        "required": parameter.default is None or parameter.name == "confirm",
        "type": kind,
        "variable": parameter.name,
        "choices": [choice for choice in choices if choice],
    }
    default = _default(parameter)
    if default != "":  # AWX gives a default to each job, also an empty one, which most parameters refuse
        question["default"] = default
    lowest = parameter.minimum if kind == "integer" else 0
    return {**question, "min": lowest, "max": 2**31 - 1 if kind == "integer" else _LONGEST_ANSWER}


def _default(parameter: Parameter) -> Any:
    if isinstance(parameter.default, bool):
        return "true" if parameter.default else "false"
    return parameter.default if isinstance(parameter.default, (str, int)) else ""


def _project(settings: Settings) -> dict[str, Any]:
    return {
        "organization": settings.organization,
        "scm_type": "git",
        "scm_url": settings.project_url,
        "scm_branch": settings.project_branch,
        **({"credential": settings.project_credential} if settings.project_credential else {}),
        "description": f"The playbooks and the inventories. {SHARED_MARK}",
        "synchronised": True,
    }


def _inventory_source(settings: Settings, inventory: str) -> dict[str, Any]:
    return {
        "inventory": inventory,
        "source": "scm",
        "source_project": settings.project,
        "source_path": settings.inventory_path,
        "overwrite": True,
        "overwrite_vars": True,
        "update_on_launch": True,
        **described(settings.env, "The inventory of the project."),
    }


def _job_template(settings: Settings, verb: str) -> dict[str, Any]:
    found, questions = find_verb(verb), survey(verb)
    return {
        "organization": settings.organization,
        "inventory": title(settings.env),
        "project": settings.project,
        "playbook": f"{settings.playbooks}/{verb}.yml",
        "job_type": "run",
        "limit": "",
        "extra_vars": {"env": settings.env},
        "ask_limit_on_launch": True,
        "ask_job_type_on_launch": True,
        "ask_variables_on_launch": False,
        "ask_inventory_on_launch": False,
        "survey_enabled": bool(questions),
        "survey": questions,
        "credentials": settings.attached(),
        "execution_environment": settings.execution_environment,
        **settings.notified(),
        **described(settings.env, found.purpose if found else ""),
    }


def _workflow(settings: Settings) -> dict[str, Any]:
    def node(verb: str, success: tuple[str, ...] = (), failure: tuple[str, ...] = ()) -> dict[str, Any]:
        return {
            "template": title(settings.env, verb),
            "kind": "job_template",
            "success": list(success),
            "failure": list(failure),
        }

    approval = {"template": "Approve the deploy", "kind": "workflow_approval", "success": ["deploy"], "failure": []}
    return {
        "organization": settings.organization,
        "nodes": {
            "backup": node("backup", success=("approve",)),
            "approve": approval,
            "deploy": node("deploy", success=("health",)),
            "health": node("health", failure=("rollback",)),
            "rollback": node("rollback"),
        },
        **settings.notified(),
        **described(settings.env, "Backup, approval, deploy, health; if unhealthy, rollback."),
    }


def _schedule(env: str, planned: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {parameter.name: parameter for parameter in survey_parameters(planned["verb"])}
    given = planned["variables"]
    return {
        "template": title(env, planned["verb"]),
        "rrule": planned["rule"],
        "extra_data": {name: answer(parameters[name], given[name]) for name in sorted(given) if name in parameters},
        "limit": planned["limit"],
        "job_type": "check" if planned["check"] else "",
        "inventory": "",
        "enabled": True,
        **described(env, planned["description"]),
    }
