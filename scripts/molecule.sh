#!/usr/bin/env bash
# Run every Molecule scenario of the collection.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../extensions"

exec molecule test --all "$@"
