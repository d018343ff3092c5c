# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import tarfile
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_objects import DocumentObjects
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


def container(*environment: str) -> SimpleNamespace:
    networks = {"internal": {"IPAddress": "172.18.0.9"}}
    attrs = {"Config": {"Env": list(environment)}, "NetworkSettings": {"Networks": networks}}
    return SimpleNamespace(name="shop-minio-1", attrs=attrs)


@pytest.fixture
def keys_of_the_host(monkeypatch):
    """Give the host the keys of another storage, and a proxy: neither is for the MinIO beside the platform."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-host")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")


@pytest.mark.usefixtures("keys_of_the_host")
def test_only_the_keys_of_the_container_are_used_and_no_proxy():
    found = DocumentObjects(container("MINIO_ROOT_USER=root", "MINIO_ROOT_PASSWORD=of-minio"))._client

    signer = found._request_signer._credentials
    assert (signer.access_key, signer.secret_key) == ("root", "of-minio")
    assert found.meta.endpoint_url == "http://172.18.0.9:9000"
    assert found._endpoint.http_session._proxy_config.proxy_url_for("http://172.18.0.9:9000") is None


@pytest.mark.usefixtures("keys_of_the_host")
@pytest.mark.parametrize("environment", [(), ("MINIO_ROOT_USER=", "MINIO_ROOT_PASSWORD_FILE=/run/secrets/minio")])
def test_without_keys_in_the_container_no_request_is_made(environment):
    with pytest.raises(InputError, match="shop-minio-1 has no MINIO_ROOT_USER and no MINIO_ROOT_PASSWORD") as raised:
        DocumentObjects(container(*environment)).names()

    assert raised.value.hint == "Set MINIO_ROOT_USER and MINIO_ROOT_PASSWORD of the service minio."


def test_an_object_of_another_size_is_not_read_into_memory():
    bodies = {"a": io.BytesIO(b"# A"), "b": Mock(spec=["read", "close"])}
    objects = DocumentObjects(Mock())
    client = objects.__dict__["_client"] = Mock()
    client.list_buckets.return_value = {"Buckets": [{"Name": "knowledge-base"}]}
    contents = [{"Key": f"documents/{name}"} for name in bodies]
    client.get_paginator.return_value.paginate.return_value = [{"Contents": contents}]
    client.get_object.side_effect = lambda Bucket, Key: {
        "ContentLength": 3 if Key == "documents/a" else 5 * 1024**3,
        "Body": bodies[Key.partition("/")[2]],
    }
    archive = io.BytesIO()

    objects.read({"a": 3, "b": 3, "c": 3}, archive.write)

    with tarfile.open(fileobj=io.BytesIO(archive.getvalue())) as members:
        assert {one.name: members.extractfile(one).read() for one in members} == {"a": b"# A"}
    bodies["b"].read.assert_not_called()
    bodies["b"].close.assert_called_once_with()
