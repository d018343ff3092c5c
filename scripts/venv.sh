#!/usr/bin/env bash
# Make .venv hold one level of pinned requirements: `run` (for the demo) or `dev` (for the tests, includes run).
#
# A stamp named after the hash of the requirement files marks them as installed, so that a second `make demo` does
# not wait for pip. The checkout is linked into the venv as collection convosphere.platform, so that its modules, roles
# and playbooks resolve by their full names without an install step.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

level=${1:-run}
python=${PYTHON:-python3}

case $level in
  run) files=(requirements-run.txt) ;;
  dev) files=(requirements-run.txt requirements-dev.txt) ;;
  *) echo "venv.sh: the level is run or dev, not '$level'" >&2; exit 2 ;;
esac

stamp_of() { # the stamp's path for a level ($1) and its requirement files (the rest)
  local level=$1; shift
  echo ".venv/.requirements-$level-$(cat "$@" | sha256sum | cut -c1-16)"
}

link_collection() {
  local site
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  mkdir -p "$site/ansible_collections/convosphere"
  ln -sfn "$PWD" "$site/ansible_collections/convosphere/platform"
}

require_python() {
  if ! command -v "$python" >/dev/null; then
    echo "venv.sh: no '$python' here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12 …" >&2
    exit 1
  fi
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "venv.sh: $("$python" --version) is too old; ansible-core 2.19 needs 3.11 or newer." \
      "Name a newer one: make PYTHON=/path/to/python3.12 …" >&2
    exit 1
  fi
}

require_ensurepip() { # Debian and Ubuntu ship it apart from Python
  "$python" -c 'import ensurepip' 2>/dev/null && return
  if ! command -v apt-get >/dev/null; then
    echo "venv.sh: $python has no ensurepip; install your distribution's package for Python virtual environments." >&2
    exit 1
  fi
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends python3-venv
}

usable() { # a venv whose Python runs and whose scripts point here: one that was moved or outlived its Python does not
  .venv/bin/python -c '' 2>/dev/null && head -n 3 .venv/bin/pip 2>/dev/null | grep -qF "$PWD/.venv/bin/python"
}

stamp=$(stamp_of "$level" "${files[@]}")
if ! { [ -e "$stamp" ] && usable; }; then
  require_python
  require_ensurepip
  usable || "$python" -m venv --clear .venv
  PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/pip install --quiet --requirement "${files[-1]}"
  rm -f .venv/.requirements-"$level"-*
  touch "$stamp"
  # dev contains run: a later demo has nothing to install either.
  [ "$level" = run ] || touch "$(stamp_of run requirements-run.txt)"
fi
link_collection
