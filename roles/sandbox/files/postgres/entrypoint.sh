#!/usr/bin/env bash
# Initialises the data directory once and runs PostgreSQL, under the names of the official image's environment.
#
# A cluster is made in $PGDATA/.initialising and moved up when it is complete; PG_VERSION moves last. A data directory
# with a PG_VERSION is therefore whole, and one killed half-way is recognised by .initialising and made again.
set -euo pipefail

die() { echo "postgres sandbox: $*" >&2; exit 1; }

# secret NAME: the value of $NAME or the content of the file $NAME_FILE, never both.
secret() {
  local name=$1 file_name="${1}_FILE"
  if [[ -n "${!name:-}" && -n "${!file_name:-}" ]]; then die "$name and $file_name are both set, give one of them"; fi
  if [[ -n "${!file_name:-}" ]]; then cat -- "${!file_name}"; else printf '%s' "${!name:-}"; fi
}

run_initdb_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) bash "$file" ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --dbname "$POSTGRES_DB" --file "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | psql -v ON_ERROR_STOP=1 --no-psqlrc --dbname "$POSTGRES_DB" ;;
    esac
  done
}

initialise() {
  local staging="$PGDATA/.initialising" sockets method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} password extra
  password=$(secret POSTGRES_PASSWORD)
  if [[ -z "$password" && "$method" != trust ]]; then
    die "no password for the first start: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
  fi
  if [[ -e "$staging" ]]; then
    echo "postgres sandbox: an earlier initialisation was cut short, starting it again"
    # The mark goes last, or being killed here would leave something that nobody dares to touch.
    find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .initialising -exec rm -rf -- {} +
    rm -rf -- "$staging"
  elif [[ -n "$(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]]; then
    die "$PGDATA is neither empty nor a PostgreSQL data directory (no PG_VERSION), refusing to touch it"
  fi
  read -ra extra <<<"${POSTGRES_INITDB_ARGS:-}"
  mkdir -- "$staging"
  # A pipe, not a file: the password must not be left on disk.
  initdb --pgdata "$staging/cluster" --username "$POSTGRES_USER" "${extra[@]}" \
    ${password:+--pwfile=<(printf '%s\n' "$password")}
  printf '\nhost all all all %s\n' "$method" >> "$staging/cluster/pg_hba.conf"

  # On a private socket: a health check must not take this server for the one that is to come.
  sockets=$(mktemp --directory)
  export PGHOST="$sockets" PGUSER="$POSTGRES_USER" PGPASSWORD="$password"
  pg_ctl --pgdata "$staging/cluster" --wait --options "-c listen_addresses='' -c unix_socket_directories='$sockets'" start
  if [[ "$POSTGRES_DB" != postgres ]]; then
    psql -v ON_ERROR_STOP=1 --no-psqlrc --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  run_initdb_files
  pg_ctl --pgdata "$staging/cluster" --wait --mode fast stop
  unset PGHOST PGUSER PGPASSWORD
  rm -rf -- "$sockets"

  find "$staging/cluster" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" -- {} +
  sync
  mv -- "$staging/cluster/PG_VERSION" "$PGDATA/PG_VERSION"
  echo "postgres sandbox: initialised $PGDATA"
}

if [[ "${1:-}" == -* ]]; then set -- postgres "$@"; fi
if [[ "${1:-}" != postgres ]]; then exec "$@"; fi

if [[ "$(id -u)" == 0 ]]; then
  mkdir -p -- "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
fi

export POSTGRES_USER=${POSTGRES_USER:-postgres}
export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then initialise; fi
rm -rf -- "$PGDATA/.initialising"
exec "$@"
