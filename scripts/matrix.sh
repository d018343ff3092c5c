#!/usr/bin/env bash
# Run the unit tests and the law's cases on every ansible-core of tests/matrix/versions.txt, in a Debian 13 container.
#
# The container has the machine's engine, network and this checkout at the same path, so that what a test has mounted is
# there for the engine too. MATRIX=quick is what `make test` has the time for: the newest version, the tests of what talks
# to Ansible itself, and the law of two modules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

authorities=/usr/local/share/ca-certificates
# What the tests import, as pinned for development; ansible-core is what differs, and the collections are those of .venv.
needed='bcrypt|boto3|docker|psycopg2-binary|PyYAML|requests|Flask|flask-cors|ansible-runner|hypothesis|jsonschema|moto|py-partiql-parser|pytest|pytest-xdist'
quick_unit=(tests/unit/plugins/{callback,lookup,plugin_utils} tests/unit/plugins/module_utils/_core/test_{redaction,module,module_lists,option_texts}.py)
quick_law=(tests/integration/test_{module_output,convosphere_db_info,convosphere_user}.py)

mapfile -t versions < <(grep -v '^#' tests/matrix/versions.txt)
folder=$PWD/.build/matrix
mkdir -p "$folder/context/authorities"
temporary=$(mktemp --directory /tmp/cvtest-matrix-XXXXXX)  # short: the path of a socket in it has to be
trap 'rm -rf "$temporary"' EXIT
cp tests/matrix/Dockerfile "$folder/context/"
grep -E "^($needed)==" requirements-dev.txt > "$folder/context/requirements.txt"
printf '%s\n' cryptography jinja2 packaging 'resolvelib<2' >> "$folder/context/requirements.txt"  # ansible-core's own needs
find "$folder/context/authorities" -type f -delete
[ ! -d "$authorities" ] || find "$authorities" -name '*.crt' -exec cp {} "$folder/context/authorities/" \;

image=convosphere-test-matrix:debian13
if ! docker image inspect debian:trixie-slim >/dev/null 2>&1 && ! docker pull --quiet debian:trixie-slim 2>/dev/null; then
  mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$folder/base.tar"
  docker import --change 'CMD ["bash"]' "$folder/base.tar" debian:trixie-slim >/dev/null
  rm -f "$folder/base.tar"
fi
docker build --quiet --build-arg VERSIONS="${versions[*]}" --tag "$image" "$folder/context" >/dev/null

# A container cannot make their base image of Debian packages, which needs mounts. Nothing is done if they are there.
PYTHONPATH=tests python -c 'import pathlib, sys; from support.sandbox import build_all; build_all(pathlib.Path(sys.argv[1]))' "$temporary"

run() { # version, then pytest's arguments
  local version=$1; shift
  printf '\n== ansible-core %s, %s\n' "$version" "$(docker run --rm "$image" python3 --version)"
  docker run --rm --init --network host --pid host --hostname "$(hostname)" \
    --volume /var/run/docker.sock:/var/run/docker.sock --volume "$PWD:$PWD" --volume "$temporary:$temporary" --workdir "$PWD" \
    --env PYTHONPATH="/matrix/$version" \
    --env PATH="/matrix/$version/bin:/matrix/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    --env TMPDIR="$temporary" --env PYTHONDONTWRITEBYTECODE=1 --env ANSIBLE_HOME="$folder/ansible" \
    "$image" scripts/matrix_inside.sh "$@"
}

status=0
if [ "${MATRIX:-}" = quick ]; then
  run "${versions[-1]}" "${quick_unit[@]}" "$@" || status=1
  run "${versions[-1]}" "${quick_law[@]}" -m law "$@" || status=1
else
  for version in "${versions[@]}"; do
    run "$version" tests/unit --numprocesses=2 "$@" || status=1
    run "$version" tests/integration -m law "$@" || status=1
  done
fi
exit "$status"
