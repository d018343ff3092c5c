#!/bin/sh
# Runs an S3 server for MinIO's command line, `minio server DIRECTORY [options]`, with MinIO's credentials. It has no console.
set -eu

if [ "${1:-}" = minio ]; then shift; fi
if [ "${1:-}" != server ] || [ $# -lt 2 ]; then
  echo "object store sandbox: only 'server DIRECTORY' is imitated, not: $*" >&2
  exit 64
fi
directory=$2
# In the environment, because a command line is seen by every process; in quotes, because rclone reads a list there.
export RCLONE_AUTH_KEY="\"${MINIO_ROOT_USER:?},${MINIO_ROOT_PASSWORD:?}\"" RCLONE_CONFIG=/dev/null
mkdir -p -- "$directory"
exec rclone serve s3 --addr :9000 "$directory"
