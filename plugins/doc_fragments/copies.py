# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name other places for backups."""

from __future__ import annotations


class ModuleDocFragment:
    """Where copies of backups go; ``FROM`` adds where one is brought back from."""

    DOCUMENTATION = r"""
options:
  copy_to:
    description:
      - Places that get a copy of a backup, with the same files under the same names. The manifest is written last, so
        that half a copy is none.
      - What is there already with the same checksum is not sent again, and an upload that was cut short goes on where
        it was. A copy whose manifest was changed since, for example by a verification, gets the new one.
      - Use a directory or a prefix for each environment.
    type: list
    elements: dict
    suboptions:
      directory:
        description:
          - A directory on the managed host, such as a mounted share. It must be there.
          - Exactly one of this and C(bucket) is needed.
        type: path
      bucket:
        description:
          - A bucket of Amazon S3, or of a storage that speaks the same, such as MinIO, Ceph or Garage. It must exist.
          - The rights needed below C(prefix) are to list, to get and to put, and to list the parts of uploads; for
            C(retention) also to delete.
        type: str
      prefix:
        description: What the keys of all objects begin with, for example V(backups/prod).
        type: str
      endpoint_url:
        description: The URL of a storage other than Amazon's, for example V(https://minio.example.org:9000).
        type: str
      region:
        description: The region of the bucket. Storages other than Amazon's seldom know any.
        type: str
      access_key:
        description:
          - The id of the key to use.
          - Not given means what boto3 finds on the managed host, E(AWS_ACCESS_KEY_ID) and E(AWS_SECRET_ACCESS_KEY) of
            the task's C(environment) first.
        type: str
      secret_key:
        description: The secret of C(access_key).
        type: str
      session_token:
        description: The token that belongs to a temporary C(access_key).
        type: str
      ca_cert:
        description: The file, on the managed host, of the authority that must have signed the storage's certificate.
        type: path
      retention:
        description:
          - Whether the retention of M(convosphere.platform.convosphere_db_backup) is applied to the copies there too.
            Otherwise they stay until somebody else deletes them, for example a rule of the bucket.
          - M(convosphere.platform.convosphere_db_backup_copy) itself deletes nothing.
        type: bool
        default: false
notes:
  - A bucket is reached through boto3, because it is what Debian, Ubuntu and EPEL package and because its maker also
    defines the interface. Each part is sent with its MD5 sum, which the storage must confirm, and the whole with its
    SHA-256 sum beside it. One part of 16 MiB is in memory at a time; parts are larger above 156 GiB.
  - Parts of an upload that was cut short stay in the bucket until the upload is complete. A rule of the bucket that
    ends incomplete uploads after some days does away with those that nobody takes up again.
requirements:
  - boto3 >= 1.20.34, for a bucket only (Debian and Ubuntu package python3-boto3)
"""

    FROM = r"""
options:
  copy_from:
    description: The place that one backup is brought back from, as in O(copy_to).
    type: dict
    suboptions:
      directory:
        description:
          - A directory on the managed host, such as a mounted share.
          - Exactly one of this and C(bucket) is needed.
        type: path
      bucket:
        description: A bucket of Amazon S3, or of a storage that speaks the same.
        type: str
      prefix:
        description: What the keys of all objects begin with.
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
        description: The token that belongs to a temporary C(access_key).
        type: str
      ca_cert:
        description: The file, on the managed host, of the authority that must have signed the storage's certificate.
        type: path
      retention:
        description: Has no meaning here, and is there so that one variable serves O(copy_to) and O(copy_from).
        type: bool
        default: false
"""
