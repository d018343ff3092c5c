# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the containers of a boot."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import settings

URL = "postgresql://boot:x@/db?host=/run/convosphere"


def test_the_backend_gets_no_secret_of_the_platform_and_no_key():
    found = settings.backend(URL, {"weaviate": "w"}, ["PATH", "SERPER_API_KEY", "GOOGLE_API_KEY"], {})

    assert {found[name] for name in ("OPENAI_API_KEY", "SERPER_API_KEY", "GOOGLE_API_KEY")} == {""}
    assert (found["DATABASE_URL"], found["WEAVIATE_URL"]) == (URL, "http://w:8080")
    assert found["CREATE_DEFAULT_ADMIN"] == "false"
    assert "PATH" not in found


def test_each_boot_has_a_key_of_its_own_that_every_environment_accepts():
    keys = {settings.backend(URL, {"weaviate": "w"}, [], {})["SECRET_KEY"] for _boot in range(2)}

    assert len(keys) == 2
    assert {len(key) for key in keys} == {96}


def test_redis_is_used_if_it_runs_and_given_settings_count_most():
    found = settings.backend(URL, {"weaviate": "w", "redis": "r"}, [], {"DEBUG": True, "WORKERS": 2})

    assert (found["REDIS_URL"], found["DEBUG"], found["WORKERS"]) == ("redis://r:6379", "True", "2")


def test_the_vector_store_is_that_which_serves_without_its_keys():
    serving = {
        "ENABLE_MODULES": "text2vec-openai,backup-filesystem",
        "CLUSTER_HOSTNAME": "node7",
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
        "AUTHENTICATION_APIKEY_ENABLED": "true",
        "AUTHENTICATION_APIKEY_ALLOWED_KEYS": "planted",
        "OPENAI_APIKEY": "planted",
    }

    found = settings.weaviate(serving)

    assert "planted" not in found.values()
    assert "AUTHENTICATION_APIKEY_ENABLED" not in found
    assert found["AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"] == "true"
    assert (found["CLUSTER_HOSTNAME"], found["ENABLE_MODULES"]) == ("node7", serving["ENABLE_MODULES"])
    assert settings.weaviate({})["BACKUP_FILESYSTEM_PATH"] == "/var/lib/weaviate/backups"
