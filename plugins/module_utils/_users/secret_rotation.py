# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate secrets: record new values, and once a deploy has written them, end the previous ones.

A deploy lies between ``prepared`` and ``finished``. Each step reads what is there, so that it carries on what an
interrupted run left.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.redaction import Secret
from .._core.timestamps import format_time
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import project as engine_project
from .._host import environment_directory
from .._postgres import credentials, login_roles
from .._postgres.connection import Database
from .._stack import secret_record, secrets
from .admin_login import AdminLogin

ADMIN = "DEFAULT_ADMIN_PASSWORD"
STARTED, PREPARED, FINISHED = STATES = ("started", "prepared", "finished")


class SecretRotation(Work):
    """The work of convosphere_secret_rotation."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.directory = Path(call.params["project_src"])
        self.record = secret_record.Record()
        self.rotation: secret_record.Rotation | None = None
        self.admin: AdminLogin | None = None
        self.admin_plan = Plan()
        #: The login role that is given a password, or loses it; empty if none does.
        self.login = ""
        #: Whether a deploy can write the new values: not before the database runs.
        self.ready = True
        #: Whether services accept previous values beside the new ones, so that another deploy ends those.
        self.deploy_again = False
        self.database: Database | None = None

    def plan(self) -> Plan:
        """Compare the record with the options. Raises InputError before anything is changed."""
        environment = self.params["environment_name"]
        environment_directory.refuse_foreign_directory(self.directory, environment, "project_src")
        self.record = secret_record.read(self.directory)
        self.rotation = self.record.rotation
        self.call.hide(*self.secrets())
        plans = {STARTED: self._plan_start, PREPARED: self._plan_preparation, FINISHED: self._plan_finish}
        return plans[self.params["state"]]()

    def apply(self, plan: Plan) -> None:
        """Change the login roles and the administrator's password before the record."""
        owner, state = self.params["login_user"], self.params["state"]
        if self.database and self.login and self.rotation:
            if state == PREPARED:
                secret_record.write(self.directory, replace(self.record, rotation=self.rotation))
                login_roles.give(self.database, owner, self.login, self.rotation.values[credentials.PASSWORD])
            elif state == FINISHED:
                login_roles.end(self.database, owner, self.login)
            self.database.commit()
        if self.admin:
            self.admin.apply(self.admin_plan)
        if state != PREPARED:
            rotation = self.rotation if state == STARTED or self.deploy_again else None
            secret_record.write(self.directory, replace(self.record, rotation=rotation))

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the names of the secrets, and when their rotation was started."""
        known = self.rotation.describe() if self.rotation else {"names": [], "started": None, "by": ""}
        return {**known, "ready": self.ready, "deploy_again": self.deploy_again}

    def secrets(self) -> Iterable[str]:
        """Return the new values, and the previous ones that count still."""
        found = self.rotation
        return [*found.values.values(), *found.extra.values(), *found.previous.values()] if found else []

    def close(self) -> None:
        """Close the connection."""
        for each in (self.admin, self.database):
            if each:
                each.close()

    def _plan_start(self) -> Plan:
        names = sorted(set(self.params["names"]))
        if self.rotation and self.rotation.names != names:
            raise InputError(
                f"A rotation of {', '.join(self.rotation.names)}, started at {self.rotation.started}, is not finished",
                hint="Nothing was changed. Finish it first: deploy again, or rotate these names.",
            )
        if self.rotation:
            return Plan()
        variables, lengths = secrets.variables_in(self.directory), self.params["lengths"]
        reissued = [name for name in names if name in secret_record.REISSUED]
        unknown = [name for name in names if not variables.get(name) or name not in [*lengths, *reissued]]
        if unknown or not names:
            raise InputError(
                f"names has {', '.join(unknown)}, which cannot be rotated" if unknown else "names is empty",
                hint=f"Nothing was changed. Allowed: those of {', '.join(lengths) or 'lengths'} that are set.",
            )
        generated = [name for name in names if name not in reissued]
        values = {name: Secret(secrets.generate(name, int(lengths[name]))) for name in generated}
        started = format_time(datetime.now(timezone.utc))
        extra, login = self._second_login(variables) if credentials.PASSWORD in names else ({}, "")
        previous = secret_record.previous_values(names, variables)
        marks = {name: secret_record.fingerprint(name, variables[name]) for name in reissued}
        self.rotation = secret_record.Rotation(
            values, started, self.params["started_by"], extra, login, previous, reissued=marks
        )
        self.call.hide(*values.values())
        return make_plan({"rotation": {"names": names}}, {})

    def _second_login(self, variables: Mapping[str, Secret]) -> tuple[dict[str, Secret], str]:
        """Return the variables of a rotation of the database's password, and the login role that gets it."""
        owner = self.params["login_user"]
        login = credentials.other(owner, credentials.login_of(variables, owner))
        login_roles.refuse_foreign(self._connect(), owner, login)
        self.login = login
        return {secrets.INITIAL: secrets.first_password(variables)}, login

    def _plan_preparation(self) -> Plan:
        rotation = self.rotation
        if rotation is None or not rotation.without(self.params["given"]).login:
            return Plan()
        password = rotation.values[credentials.PASSWORD]
        variables, owner = secrets.variables_in(self.directory), self.params["login_user"]
        # A deploy has written it only after it was valid.
        if variables.get(credentials.PASSWORD) == password:
            return Plan()
        self.ready = self._database_runs()
        if not self.ready:
            return Plan()
        # A deploy on a new volume may have changed the current login role since the rotation was started.
        login = credentials.other(owner, credentials.login_of(variables, owner))
        extra = {secrets.INITIAL: secrets.first_password(variables)} if credentials.PASSWORD in variables else {}
        self.rotation = replace(rotation, login=login, extra={**rotation.extra, **extra})
        if self.rotation == rotation and login_roles.is_valid(self._login(), login, password):
            return Plan()
        login_roles.refuse_foreign(self._connect(), owner, login)
        self.login = login
        return make_plan({f"role {self.login}": {"password": password}}, {})

    def _plan_end_of_login(self) -> Plan:
        """Plan the end of the login role that is not the current one.

        On a new volume that may be the one that the rotation was to end. A given URL may have either.
        """
        rotation, owner, given = self.rotation, self.params["login_user"], self.params["given"]
        if rotation is None or not rotation.login or credentials.URL in given:
            return Plan()
        is_given = credentials.PASSWORD in given
        if is_given and not self.params["login_service"]:  # the database may be a managed one by now
            return Plan()
        current = credentials.login_of(secrets.variables_in(self.directory), owner)
        if current != rotation.login and not is_given:
            return Plan()
        previous = credentials.other(owner, current)
        if not login_roles.may_log_in(self._connect(), previous):
            return Plan()
        self.login = previous
        return make_plan({f"role {previous}": {"password": None}}, {f"role {previous}": {"password": Secret("")}})

    def _plan_finish(self) -> Plan:
        if self.rotation is None:
            return Plan()
        variables, left = secrets.variables_in(self.directory), self._left(self.rotation)
        current = left.values
        waiting = [name for name, value in current.items() if variables.get(name) != value]
        waiting += [name for name in left.to_reissue(variables) if not self._is_trusted(name, variables)]
        if waiting:
            raise InputError(
                f"No deploy has written the new {', '.join(waiting)} yet, so that the rotation cannot be finished",
                hint="Nothing was changed. Deploy again.",
            )
        if ADMIN in current and self.params["admin_email"]:
            self.admin = AdminLogin(self._login(), self.params["admin_email"], read_only=self.call.check_mode)
            self.admin_plan = self.admin.plan(current[ADMIN])
        return self._plan_end_of_login() + self.admin_plan + self._plan_close(self.rotation, left)

    def _is_trusted(self, name: str, variables: Mapping[str, Secret]) -> bool:
        """Return whether the first deploy of a rotation of the authority has done its part: both are trusted."""
        first = self.rotation is not None and not self.rotation.serves
        return first and name == secret_record.AUTHORITY and bool(variables.get(secret_record.NEXT_AUTHORITY[0]))

    def _plan_close(self, rotation: secret_record.Rotation, left: secret_record.Rotation) -> Plan:
        """Plan the end of the record, or that another deploy ends the previous values that services still accept."""
        self.deploy_again = left.takes_two and not rotation.serves
        if self.deploy_again:
            self.rotation = replace(rotation, serves=True)
            return make_plan({"rotation": {"serves": True}}, {"rotation": {"serves": False}})
        return make_plan({"rotation": None}, {"rotation": {"names": rotation.names}})

    def _left(self, rotation: secret_record.Rotation) -> secret_record.Rotation:
        """Return what is left of the rotation, and warn of the secrets whose rotation ends without effect."""
        left, declared = rotation.without(self.params["given"]), self.params["declared"]
        for name in sorted({*rotation.names} - {*left.names}):
            self.call.warn(f"{name} is given by the inventory now: its rotation ends without effect.")
        unknown = [] if declared is None else sorted({*left.names} - {*declared})
        for name in unknown:
            self.call.warn(f"{name} is no secret of the stack any more: its rotation ends without effect.")
        return left.without(unknown)

    def _connect(self) -> Database:
        """Return the database, with the login role that ``.env`` names."""
        if self.database is None:
            self.database = Database(self._login(), read_only=self.call.check_mode)
        return self.database

    def _database_runs(self) -> bool:
        """Return whether the database can be asked: a service of the stack may not be created yet, or stopped."""
        if not self.params["login_service"]:
            return True
        connect = engine_client.connect_if_there if self.call.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        return client is not None and engine_project.login_runs(client, self.params)

    def _login(self) -> dict[str, Any]:
        """Return the options of the connection, with the password of ``.env``, at the port that is published."""
        if not self.params["login_service"]:
            return dict(self.params)
        client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
        return dict(engine_project.published_login(client, self.params))
