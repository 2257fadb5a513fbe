#!/bin/sh
# Does what the entrypoint of the image `postgres` does with the variables that the generated file
# sets: https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh
set -eu
as_postgres() {
  setpriv --reuid postgres --regid postgres --clear-groups "$@"
}

mkdir -p "$PGDATA"
chown -R postgres "$PGDATA"
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD-}" != trust ]; then
    echo "Error: Database is uninitialized and superuser password is not specified." >&2
    exit 1
  fi
  password=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-none}" >"$password"
  chown postgres "$password"
  as_postgres initdb --username "${POSTGRES_USER-postgres}" --pwfile "$password" >/dev/null
  rm "$password"
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
fi
# As in container.sh: another user clears the signal at the end of the parent.
exec setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig KILL \
  postgres -c "listen_addresses=*" -c unix_socket_directories=/tmp
