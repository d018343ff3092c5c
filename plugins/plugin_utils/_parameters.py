# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the parameters of the playbooks, which _verbs.py declares.

The tables are the only place that describes them: the lookups ``hosts`` and ``parameter`` check and convert by them,
and ``help.yml`` and docs/playbooks.md are generated from them. A new parameter is one more row.
"""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._content_parameters import CONTENT_PARAMETERS
from ansible_collections.convosphere.platform.plugins.plugin_utils._database_parameters import DATABASE_PARAMETERS
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter
from ansible_collections.convosphere.platform.plugins.plugin_utils._record_parameters import RECORD_PARAMETERS

_ROWS = (
    Parameter("env", "str", "The environment, a group of the inventory. help.yml needs none.", (), "env=prod"),
    Parameter(
        "own_variables",
        "list",
        "Names of extra variables of your own that resemble a parameter, so that they are not refused as misspelt.",
        (),
        "own_variables=stage",
        default=(),
    ),
    Parameter(
        "archive",
        "str",
        "The path of the archive on the controller, in an existing directory.",
        ("bundle",),
        "archive=/srv/bundles/prod.tar",
    ),
    Parameter(
        "compare",
        "str",
        "Another environment: report in what the settings differ that the two inventories render. No host of it is"
        " reached.",
        ("config",),
        "compare=staging",
        default="",
    ),
    Parameter(
        "confirm",
        "str",
        "The name of the environment again, as a confirmation; for person.yml the value of who. Without it the playbook"
        " reports what it would destroy, and stops; with --check it warns.",
        ("person", "restore", "restore_discard", "schedules", "teardown"),
        "confirm=prod",
        default="",
    ),
    Parameter(
        "expires",
        "str",
        "The period after which the overrides of set end, in minutes, hours or days: 90m, 4h, 2d. Required with set.",
        ("config",),
        "expires=4h",
        default="",
    ),
    Parameter(
        "fails_on",
        "str",
        "Which differences fail the run: any; host, those that came about on the host since the last deploy, and what"
        " could not be compared; nothing.",
        ("drift",),
        "fails_on=host",
        default="any",
        choices=("any", "host", "nothing"),
    ),
    Parameter(
        "fetch_to",
        "str",
        "The path of the archive on the controller, which ends with .tar.gz, or an existing directory.",
        ("support_bundle",),
        "fetch_to=/tmp",
    ),
    Parameter(
        "fetch_to",
        "str",
        "A path on the controller, for files of mode 0600. secrets.yml: a file in a directory of your own. report.yml:"
        " an existing directory; without it the reports are listed.",
        ("report", "secrets"),
        "fetch_to=~/prod.env",
        default="",
    ),
    Parameter(
        "force",
        "bool",
        "Replace the containers of the backend and the frontend although nothing differs. No request fails.",
        ("deploy",),
        "force=true",
        default=False,
    ),
    Parameter("host", "str", "Only this host, without a placement.", ("teardown",), "host=app-2", "", narrows=True),
    Parameter(
        "log_level",
        "str",
        "The least severe level to show; records without a known level are left out then. Without it: all.",
        ("logs",),
        "log_level=error",
        default="",
        choices=("", "debug", "info", "warning", "error", "critical"),
    ),
    Parameter(
        "minutes",
        "int",
        "Minutes from now until the maintenance ends by itself, at most seven days.",
        ("edge_maintenance",),
        "minutes=30",
        default=60,
        minimum=1,
    ),
    Parameter(
        "names",
        "list",
        "The secrets to fetch, separated by commas. Without it: all that are set.",
        ("secrets",),
        "names=DEFAULT_ADMIN_PASSWORD",
        default=(),
    ),
    Parameter(
        "output",
        "str",
        "Whether to report lines of text, or one line of JSON.",
        ("audit", "config", "drift", "logs", "messages", "plan", "secrets", "usage"),
        "output=json",
        default="text",
        choices=("text", "json"),
    ),
    Parameter(
        "pattern",
        "str",
        "A regular expression, in any case of letters: only records in which it is found are shown.",
        ("logs",),
        "pattern=timeout",
        default="",
    ),
    Parameter(
        "reason", "str", "One sentence for the page that users see.", ("edge_maintenance",), "reason=Upgrade", ""
    ),
    Parameter(
        "reason",
        "str",
        "One sentence for those who read the status. Required with set.",
        ("config",),
        "reason=Uploads",
        default="",
    ),
    Parameter(
        "recipient",
        "str",
        "A public key of age: the secrets of fetch_to are encrypted for it on the database host.",
        ("secrets",),
        "recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        default="",
    ),
    Parameter(
        "release",
        "str",
        "The id of a kept release, as releases.yml lists them. Without it: rollback.yml chooses the newest earlier"
        " release of which every image is on the host, bundle.yml takes the images that the inventory declares.",
        ("bundle", "rollback"),
        "release=20261123T114500123Z",
        default="",
    ),
    Parameter(
        "rotate",
        "list",
        "The generated secrets that get new values, separated by commas.",
        ("secrets",),
        "rotate=SECRET_KEY",
        default=(),
    ),
    Parameter("run", "str", "The run whose report is fetched. Without it: the newest.", ("report",), "run=4711", ""),
    Parameter(
        "service",
        "list",
        "The services, separated by commas. Without it: all.",
        ("logs", "services"),
        "service=backend,frontend",
        default=(),
    ),
    Parameter(
        "set",
        "dict",
        "Settings to override until expires has passed, by name or dotted name. Also as JSON:"
        ' -e \'{"set": {"LOG_LEVEL": "DEBUG"}}\'.',
        ("config",),
        "set=LOG_LEVEL=DEBUG",
        default=(),
    ),
    Parameter(
        "since",
        "str",
        "The begin of the period: a period such as 30m, 2h or 7d, or a time in UTC such as 2026-11-29T06:00:00Z.",
        ("audit", "conversations_export", "deletions", "logs", "messages", "support_bundle", "usage"),
        "since=1h",
        default="",
    ),
    Parameter(
        "state",
        "str",
        "The desired state of the services.",
        ("services",),
        "state=restarted",
        default="started",
        choices=("started", "stopped", "restarted"),
    ),
    Parameter(
        "state", "str", "Whether there is maintenance.", ("edge_maintenance",), "state=on", choices=("on", "off")
    ),
    Parameter(
        "state",
        "str",
        "absent removes all schedules.",
        ("schedules",),
        "state=absent",
        "present",
        ("present", "absent"),
    ),
    Parameter("stats", "bool", "Measure processor and memory as well.", ("status",), "stats=true", default=False),
    Parameter(
        "steps",
        "list",
        "Only these steps of maintenance, separated by commas. Without it: those of maintenance_steps.",
        ("maintenance",),
        "steps=backup,verify",
        default=(),
        choices=(
            *("backup", "verify", "retention", "vacuum", "reindex", "records", "overrides", "prune"),
            *("secrets", "certificates", "disk", "drift", "health"),
        ),
    ),
    Parameter("unset", "list", "Overrides to remove, separated by commas.", ("config",), "unset=LOG_LEVEL", default=()),
    Parameter(
        "tail",
        "int",
        "The number of records to show, the newest of all services and hosts.",
        ("logs",),
        "tail=20",
        default=100,
        minimum=1,
    ),
    Parameter("verb", "str", "Show the help of this playbook only.", ("help",), "verb=restore", default=""),
    Parameter(
        "volumes",
        "bool",
        "Remove the data as well: the volumes with the database, the uploads and the vectors.",
        ("teardown",),
        "volumes=true",
        default=False,
    ),
    Parameter("wait", "int", "Seconds to wait until the environment is healthy.", ("health",), "wait=60", default=0),
    *CONTENT_PARAMETERS,
    *DATABASE_PARAMETERS,
    *RECORD_PARAMETERS,
)
#: Sorted by name, after those of every playbook.
PARAMETERS = tuple(sorted(_ROWS, key=lambda row: (row.verbs != (), row.name)))


def find_parameter(name: str, verb: str = "") -> Parameter | None:
    """Return the parameter of that name, and if ``verb`` is given, the one that this playbook reads.

    None if there is no such parameter, or several of that name.
    """
    found = [item for item in PARAMETERS if item.name == name and (not verb or not item.verbs or verb in item.verbs)]
    return found[0] if len(found) == 1 else None


def parameters_of(verb: str) -> list[Parameter]:
    """Return the parameters that a playbook reads."""
    return [parameter for parameter in PARAMETERS if not parameter.verbs or verb in parameter.verbs]
