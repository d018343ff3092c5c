#!/usr/bin/env bash
# Install the requirements of the tests from Debian's packages, and start the engine if no service manager does.
# If everything is installed, it does nothing and does not read the package index.
set -euo pipefail

packages=(age ca-certificates docker.io git iproute2 iptables make mmdebstrap openssh-client postgresql-client
  prometheus python3 python3-bcrypt python3-boto3 python3-docker python3-psycopg2 python3-requests python3-venv python3-yaml zstd)

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)

installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

engine_answers() { "${as_root[@]}" docker version >/dev/null 2>&1; }

running() { # whether a process of that name lives; one that is dead and not yet collected has no command line
  local process name first
  for process in /proc/[0-9]*; do
    read -r name 2>/dev/null < "$process/comm" || continue
    if [ "$name" = "$1" ] && IFS= read -r -d '' first 2>/dev/null < "$process/cmdline" && [ -n "$first" ]; then
      return 0
    fi
  done
  return 1
}

start_engine() { # without systemd
  # A second engine beside one that is merely slow would take the first one's network away.
  running dockerd && return
  # A process killed with its machine leaves these behind, and the next engine would wait for it for ever.
  "${as_root[@]}" rm -f /run/docker.pid
  running containerd || "${as_root[@]}" rm -f /run/containerd/containerd.sock /run/docker/containerd/containerd.pid
  # Debian's init script gives up on machines where limits cannot be raised; dockerd itself does not mind.
  "${as_root[@]}" sh -c 'nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null &'
}

wait_for_engine() {
  local deadline=$((SECONDS + 30))
  until engine_answers; do
    if [ $SECONDS -ge $deadline ]; then
      echo "prerequisites.sh: the Docker engine does not answer after 30 s; its last log lines:" >&2
      "${as_root[@]}" tail -n 20 /var/log/dockerd.log >&2
      exit 1
    fi
    sleep 0.2
  done
}

missing=()
for package in "${packages[@]}"; do
  # An engine that answers may be Docker's own package: docker.io beside it would take its place.
  if [ "$package" = docker.io ] && engine_answers; then continue; fi
  # Of this package the tests use promtool only, which may have been installed in another way.
  if [ "$package" = prometheus ] && command -v promtool >/dev/null; then continue; fi
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "prerequisites.sh: the tests run on Debian and Ubuntu; here, install by hand: ${missing[*]}" >&2
    exit 1
  fi
  "${as_root[@]}" apt-get update -qq
  # Packages must not start their services: a machine without systemd could not.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
fi

if ! engine_answers; then
  if [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl start docker
  else
    start_engine
  fi
  wait_for_engine
fi

if ! docker version >/dev/null 2>&1; then
  echo "prerequisites.sh: the engine answers root only. Run as root, or join the group docker and log in again." >&2
  exit 1
fi

# With control groups of version 1 and no systemd, all containers together weigh as much as one process of the host, so that
# the services under test hardly run beside pytest, and time out.
shares=/sys/fs/cgroup/cpu/docker/cpu.shares
if [ ! -d /run/systemd/system ] && [ -e /sys/fs/cgroup/cpu/cpu.shares ]; then
  "${as_root[@]}" sh -c "mkdir -p '${shares%/*}' && { [ \$(cat '$shares') -gt 1024 ] || echo 8192 >'$shares'; }"
fi

# A stand-in of an earlier checkout has the name of today's, and would not be built again.
for image in $("${as_root[@]}" docker image ls --quiet --filter label=org.convosphere.sandbox=true | sort -u); do
  read -r built title < <("${as_root[@]}" docker image inspect "$image" \
    --format '{{ .Created }} {{ index .Config.Labels "org.opencontainers.image.title" }}' 2>/dev/null) || continue
  recipe=$(grep -lF "title=\"$title\"" roles/sandbox/files/*/Dockerfile) || continue
  changed=$(git log -1 --format=%ct -- "$(dirname "$recipe")" 2>/dev/null) || continue
  if [ "${changed:-0}" -gt "$(date -d "$built" +%s)" ]; then
    "${as_root[@]}" docker image rm --force "$image" >/dev/null || echo "prerequisites.sh: remove the image '$title' by hand"
  fi
done
