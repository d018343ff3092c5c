# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the rules of the audit: policies, retention rules and alerts.

The ranges and values are those of the platform's REST interface for these rows.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._core.display import printable
from .._entities.entity import Entity
from .._entities.field_types import BOOL, INTEGER, JSON, LABEL, TEXTS, Field
from .._entities.values import ValueProblem

FRAMEWORKS = ("gdpr", "sox", "iso27001", "hipaa", "pci_dss", "soc2", "ccpa", "lgpd")
ACTIONS = ("delete", "archive", "anonymize")


def _one_of(choices: tuple[str, ...]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in choices:
            raise ValueProblem(f"'{printable(text)}' is not one of {', '.join(choices)}")

    return check


_NAME = {"name": Field(required=True, rule=Rule(minimum=1, maximum=255, required=True)), "description": Field()}
_TEXTS = Field(TEXTS)
_CLASSIFIED = {
    "compliance_frameworks": Field(TEXTS, check=_one_of(FRAMEWORKS)),
    "data_classification": Field(LABEL),
}
_TRUE, _FALSE = Field(BOOL, default=True), Field(BOOL, default=False)

AUDIT_POLICY = Entity(
    name="audit_policy",
    plural="audit_policies",
    table="audit_policies",
    key=("name",),
    fields={
        **_NAME,
        "event_types": _TEXTS,
        "event_categories": _TEXTS,
        "resource_types": _TEXTS,
        "user_roles": _TEXTS,
        "enabled": _TRUE,
        "log_success": _TRUE,
        "log_failure": _TRUE,
        "include_context": _TRUE,
        "include_metadata": _TRUE,
        "retention_days": Field(INTEGER, default=365, minimum=1, maximum=3650),
        "archive_after_days": Field(INTEGER, default=90, minimum=1, maximum=365),
        "legal_hold_retention": Field(INTEGER, default=2555, minimum=1, maximum=3650),
        **_CLASSIFIED,
    },
)

RETENTION_RULE = Entity(
    name="retention_rule",
    table="audit_retention_rules",
    key=("name",),
    fields={
        **_NAME,
        "event_types": _TEXTS,
        "event_categories": _TEXTS,
        "severity_levels": _TEXTS,
        **_CLASSIFIED,
        "retention_days": Field(INTEGER, minimum=1, maximum=3650),
        "archive_days": Field(INTEGER, minimum=1, maximum=365),
        "legal_hold": _FALSE,
        "action_on_expiry": Field(default="delete", check=_one_of(ACTIONS)),
        "notify_before_expiry": Field(INTEGER, minimum=1, maximum=30),
        "enabled": _TRUE,
    },
)

AUDIT_ALERT = Entity(
    name="audit_alert",
    table="audit_alerts",
    key=("name",),
    fields={
        **_NAME,
        "event_types": _TEXTS,
        "severity_levels": _TEXTS,
        "threshold_count": Field(INTEGER, default=1, minimum=1, maximum=1000),
        "threshold_period": Field(INTEGER, default=3600, minimum=60, maximum=86400),
        "notification_channels": _TEXTS,
        "notification_recipients": _TEXTS,
        "escalation_rules": Field(JSON, rule=Rule(json=platform_rules.OBJECT)),
        "enabled": _TRUE,
    },
    creation={"trigger_count": 0},
)
