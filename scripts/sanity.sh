#!/usr/bin/env bash
# ansible-test sanity with no ignore file, on a copy of the tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# `ansible-test --venv` downloads get-pip from a host of its own. Python carries a pip: a script under the name that
# ansible-test looks for in its cache unpacks that one instead, so that only the package index is asked.
cached=$(python - <<'PYTHON'
import types
from pathlib import Path

from ansible_test._internal.python_requirements import get_venv_packages

version = get_venv_packages(types.SimpleNamespace(version="3.11"))["pip"]
print(Path.home() / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py")
PYTHON
)
if [ ! -e "$cached" ]; then
  mkdir -p "${cached%/*}"
  cat > "$cached" <<'PYTHON'
import ensurepip
import os
import subprocess
import sys

settings = dict(os.environ)  # ensurepip takes pip's configuration away from the process that calls it
ensurepip.bootstrap()
packages = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *packages]
subprocess.run(command, check=True, env=settings)
PYTHON
fi

version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "$(scripts/stage.sh)"
exec ansible-test sanity --venv --python "$version" --color no "$@"
