# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the settings of the containers of a boot: enough to serve, no secret of the platform, no key of a provider.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping

from ..._core import redaction

BACKEND_PORT, WEAVIATE_PORT = 8000, 8080
#: The directory in the backend's container with the socket of the relay.
SOCKETS = "/run/convosphere"
#: The settings of Weaviate that count if the one that serves lacks them.
_WEAVIATE = {
    "PERSISTENCE_DATA_PATH": "/var/lib/weaviate",
    "BACKUP_FILESYSTEM_PATH": "/var/lib/weaviate/backups",
    "ENABLE_MODULES": "backup-filesystem",
    "DEFAULT_VECTORIZER_MODULE": "none",
    "CLUSTER_HOSTNAME": "node1",
}
#: The settings of AI providers and of services elsewhere, which are blank even if the image sets them.
_BLANK = (
    "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "COHERE_API_KEY", "HUGGINGFACE_API_KEY",
    "LITELLM_PROXY_HOST",
)  # fmt: skip
REDIS_COMMAND = ("redis-server", "--save", "", "--appendonly", "no")


def backend(
    database_url: str, hosts: Mapping[str, str], image: Collection[str], given: Mapping[str, object]
) -> dict[str, str]:
    """Return the environment of the backend.

    ``hosts`` are the names of weaviate and, if it runs, of redis. ``image`` are the variables that the image itself
    sets: those that are named like secrets are blanked. ``given`` are the operator's settings, which count most.
    """
    blank = dict.fromkeys([*_BLANK, *(name for name in image if redaction.names_secret(name))], "")
    return {
        **blank,
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://{hosts['redis']}:6379" if "redis" in hosts else "redis://127.0.0.1:6379",
        "WEAVIATE_URL": f"http://{hosts['weaviate']}:{WEAVIATE_PORT}",
        "SECRET_KEY": secrets.token_hex(48),
        "ENVIRONMENT": "development",
        "DEBUG": "false",
        "CREATE_DEFAULT_ADMIN": "false",
        "CREATE_DEFAULT_ASSISTANT": "false",
        "STORAGE_PROVIDER": "local",
        **{name: str(value) for name, value in given.items()},
    }


def weaviate(serving: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the vector store: as ``serving``, that of the one which serves, without its keys.

    It has the same modules and the same name of its node, without which Weaviate restores no backup.
    """
    kept = {
        name: value
        for name, value in serving.items()
        if not redaction.names_secret(name) and not name.startswith("AUTH") and "APIKEY" not in name
    }
    return {**_WEAVIATE, **kept, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true"}
