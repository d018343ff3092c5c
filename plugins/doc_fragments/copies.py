# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options for copies of backups in other places."""

from __future__ import annotations


class ModuleDocFragment:
    """The places of copies of backups; ``FROM`` adds the place to fetch a backup from."""

    DOCUMENTATION = r"""
options:
  copy_to:
    description:
      - Places for copies of a backup, with the same files under the same names. The manifest is written last, so that
        an incomplete copy does not count as a backup.
      - Files that exist there with the same checksum are not sent again, and an interrupted upload is continued. A
        manifest that has changed since, for example by a verification, is replaced.
      - Environments may share a place if their databases have different names. A backup of another environment with the
        same id is never overwritten, but refused.
    type: list
    elements: dict
    suboptions:
      directory:
        description:
          - A directory on the managed host, such as a mounted share. It must exist.
          - Exactly one of this and C(bucket) is needed.
        type: path
      bucket:
        description:
          - A bucket of Amazon S3, or of a storage with the same API, such as MinIO, Ceph or Garage. It must exist.
          - The key needs the rights to list, get and put objects below C(prefix), and to list the parts of uploads; for
            C(retention) also to delete objects.
        type: str
      prefix:
        description: The prefix of the keys of all objects, for example V(backups/prod).
        type: str
      endpoint_url:
        description: The URL of a storage other than Amazon's, for example V(https://minio.example.org:9000).
        type: str
      region:
        description: The region of the bucket. Storages other than Amazon's rarely need one.
        type: str
      access_key:
        description:
          - The id of the key to use.
          - If not given, boto3 looks for one on the managed host, first in E(AWS_ACCESS_KEY_ID) and
            E(AWS_SECRET_ACCESS_KEY) of the task's C(environment).
        type: str
      secret_key:
        description: The secret of C(access_key).
        type: str
      session_token:
        description: The token of a temporary C(access_key).
        type: str
      ca_cert:
        description: The file, on the managed host, of the authority that signed the storage's certificate.
        type: path
      retention:
        description:
          - Whether the retention of M(convosphere.platform.convosphere_db_backup) is applied to the copies there too.
            Otherwise they are kept until something else deletes them, for example a rule of the bucket.
          - M(convosphere.platform.convosphere_db_backup_copy) itself deletes nothing.
        type: bool
        default: false
notes:
  - Buckets are accessed with boto3, which Debian, Ubuntu and EPEL package. Each part is sent with its MD5 sum, which
    the storage must confirm, and the whole file with its SHA-256 sum. One part of 16 MiB is in memory at a time; parts
    of files over 156 GiB are larger.
  - Parts of an interrupted upload stay in the bucket until the upload is complete. A rule of the bucket can remove
    incomplete uploads after some days.
requirements:
  - boto3 >= 1.20.34, for a bucket only (Debian and Ubuntu package python3-boto3)
"""

    FROM = r"""
options:
  copy_from:
    description: The place to fetch one backup from, as in O(copy_to).
    type: dict
    suboptions:
      directory:
        description:
          - A directory on the managed host, such as a mounted share.
          - Exactly one of this and C(bucket) is needed.
        type: path
      bucket:
        description: A bucket of Amazon S3, or of a storage with the same API.
        type: str
      prefix:
        description: The prefix of the keys of all objects.
        type: str
      endpoint_url:
        description: The URL of a storage other than Amazon's.
        type: str
      region:
        description: The region of the bucket.
        type: str
      access_key:
        description: The id of the key to use, as in O(copy_to).
        type: str
      secret_key:
        description: The secret of C(access_key).
        type: str
      session_token:
        description: The token of a temporary C(access_key).
        type: str
      ca_cert:
        description: The file, on the managed host, of the authority that signed the storage's certificate.
        type: path
      retention:
        description: Has no effect here; it allows the same variable for O(copy_to) and O(copy_from).
        type: bool
        default: false
"""
