#!/usr/bin/env bash
# Run pytest inside the matrix's container: the checkout resolves as convosphere.platform, other collections are .venv's.
set -euo pipefail

site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$site/ansible_collections/convosphere"
ln -sfn "$PWD" "$site/ansible_collections/convosphere/platform"
for collection in ansible community; do
  ln -sfn "$(echo "$PWD"/.venv/lib/python3*/site-packages/ansible_collections/"$collection")" "$site/ansible_collections/$collection"
done
exec python3 -m pytest -p no:cacheprovider "$@"
