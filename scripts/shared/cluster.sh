# shellcheck shell=bash
# The private copy of the server tree and the private clusters in it. Source it under `set -euo pipefail`; then
#
#   prepare_run_dir               sets and exports REPO, RUN_DIR, LOG_DIR, FAULTS_DIR, SERVER_USER, PG_CONFIG; PATH
#   copy_server_tree              Debian's server, copied to $RUN_DIR/server
#   build_and_install             this clone's extension, installed into that copy
#   stop_at_exit stop_clusters    (jobs.sh) no server outlives the script
#   start_cluster NAME ['setting = value'...]
#                                 exports PGHOST, PGPORT, PGUSER, PGDATABASE; sets CLUSTER_LOG
#   stop_cluster NAME             the data stay, and the next start_cluster uses them
#   drop_cluster NAME             the data go, the log stays
#   remove_run_dir                stops and removes everything

# shellcheck source=jobs.sh
source "${BASH_SOURCE[0]%/*}/jobs.sh"

PG_MAJOR=${PG_MAJOR:-15}
CRON_DATABASE=${CRON_DATABASE:-postgres} # the one database in which pg_cron can be created
declare -A CLUSTER_LOCKS=()              # cluster name -> descriptor that holds its lock
STARTED_CLUSTERS=()

# An ordinary user's run directory is in the clone. PostgreSQL refuses root, so root's servers run as "postgres", who
# may not be able to enter the clone; only the clusters are theirs, since root runs and writes what else is there.
prepare_run_dir() {
  local variable hash
  REPO=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
  hash=$(printf %s "$REPO" | sha256sum | cut -c1-8)
  umask 022
  if ((EUID == 0)); then
    SERVER_USER=postgres
    RUN_DIR=/var/tmp/pg_booking-$hash
  else
    SERVER_USER=
    RUN_DIR=$REPO/.run
  fi
  # Others can write to /var/tmp: what stands there under our name has to be ours.
  mkdir "$RUN_DIR" 2>/dev/null || [[ -d $RUN_DIR && ! -L $RUN_DIR && -O $RUN_DIR ]] ||
    die "$RUN_DIR cannot be made, or belongs to someone else"
  LOG_DIR=$RUN_DIR/logs
  CLUSTERS_DIR=$RUN_DIR/clusters
  FAULTS_DIR=$RUN_DIR/faults # for the clusters of the fault tests
  mkdir -p "$LOG_DIR" "$CLUSTERS_DIR" "$FAULTS_DIR"
  [[ -z $SERVER_USER ]] || chown "$SERVER_USER:" "$CLUSTERS_DIR" "$FAULTS_DIR"
  chmod 700 "$CLUSTERS_DIR" "$FAULTS_DIR" # everyone who reaches a socket is trusted

  # Nothing of the caller's own connections or settings takes part.
  for variable in "${!PG@}"; do
    case $variable in
      PG_MAJOR | PGBK_*) ;;
      *) unset "$variable" ;;
    esac
  done
  SERVER_BIN=$RUN_DIR/server/lib/postgresql/$PG_MAJOR/bin
  PG_CONFIG=$SERVER_BIN/pg_config
  CLUSTER_PORT=$((20000 + 16#$hash % 20000)) # only a part of the socket's name: there is no TCP
  export REPO RUN_DIR LOG_DIR FAULTS_DIR SERVER_USER PG_MAJOR PG_CONFIG
  export PATH=$SERVER_BIN:$PATH PSQLRC=/dev/null LC_ALL=C.UTF-8
}

# Runs a server-side program as the owner of the clusters, in a directory that they can enter and without our locks,
# which a server would otherwise keep.
as_server() {
  (
    cd /
    for lock in "${CLUSTER_LOCKS[@]}"; do exec {lock}>&-; done
    if [[ -n $SERVER_USER ]]; then
      exec runuser -u "$SERVER_USER" -- "$@"
    else
      exec "$@"
    fi
  )
}

# pg_config and the server find everything relative to their own path, so a copy can be installed into without root
# and without touching the machine's own server.
copy_server_tree() {
  local versions part server=$RUN_DIR/server
  versions=$(dpkg-query -W -f '${Package} ${Version}\n' "postgresql-$PG_MAJOR*" "postgresql-*-$PG_MAJOR")
  [[ ! -e $server/versions || $(<"$server/versions") != "$versions" ]] || return 0
  rm -rf "$server.new"
  for part in lib share; do
    mkdir -p "$server.new/$part/postgresql"
    cp -a "/usr/$part/postgresql/$PG_MAJOR" "$server.new/$part/postgresql/"
  done
  ln -s /usr/include "$server.new/include"
  printf '%s\n' "$versions" >"$server.new/versions"
  rm -rf "$server"
  mv "$server.new" "$server"
}

build_and_install() {
  run_job "$LOG_DIR/build.log" make_extension || {
    tail -n 40 "$LOG_DIR/build.log" >&2
    echo "the extension does not build: $LOG_DIR/build.log" >&2
    return 1
  }
}

make_extension() {
  local make=(make -C "$REPO" -j "$(nproc)" WERROR=1 PG_CONFIG="$PG_CONFIG")
  # Objects of another server version look up to date to make, since it does not watch system headers.
  if [[ ! -e $RUN_DIR/server/built ]]; then
    "${make[@]}" clean || return
  fi
  "${make[@]}" && touch "$RUN_DIR/server/built" || return
  # What an earlier state of the clone has installed under names that are gone must not be found any more.
  rm -rf "$("$PG_CONFIG" --sharedir)"/extension/pg_booking* "$("$PG_CONFIG" --pkglibdir)"/{,bitcode/}pg_booking*
  "${make[@]}" install
}

start_cluster() {
  local name=$1 data=$CLUSTERS_DIR/$1/data-$PG_MAJOR socket_dir
  shift
  lock_cluster "$name"
  stop_postmaster "$data" # of a run that was killed
  CLUSTER_LOG=$LOG_DIR/server-$name.log
  touch "$CLUSTER_LOG"
  [[ -z $SERVER_USER ]] || chown "$SERVER_USER:" "$CLUSTER_LOG"
  if [[ ! -e $data ]]; then
    : >"$CLUSTER_LOG"
    init_cluster "$data" || return 1
  fi
  socket_dir=$(make_socket_dir "$name") &&
    cluster_settings "$name" "$socket_dir" "$@" | as_server tee "$data/pg_booking.conf" >/dev/null || return 1

  STARTED_CLUSTERS+=("$name") # before the start, which a signal may interrupt
  if ! as_server "$SERVER_BIN/pg_ctl" -D "$data" -l "$CLUSTER_LOG" -w -t 60 start >/dev/null 2>&1 </dev/null; then
    tail -n 20 "$CLUSTER_LOG" >&2
    echo "the server does not start: $CLUSTER_LOG" >&2
    return 1
  fi
  export PGHOST=$socket_dir PGPORT=$CLUSTER_PORT PGUSER=postgres PGDATABASE=postgres
}

# Made under another name, so that an interrupted initdb is never taken for a cluster.
init_cluster() {
  local data=$1 output
  as_server rm -rf "$data.new" && as_server mkdir -p "${data%/*}" || return 1
  if ! output=$(as_server "$SERVER_BIN/initdb" -D "$data.new" -E UTF8 --locale=C.UTF-8 --auth=trust -U postgres 2>&1); then
    echo "$output" >&2
    return 1
  fi
  echo "include 'pg_booking.conf'" | as_server tee -a "$data.new/postgresql.conf" >/dev/null &&
    as_server mv "$data.new" "$data"
}

# A socket's path may have 107 bytes, and the setting is a list with syntax of its own: where the run directory's path
# is too long or too peculiar, "socket" is a link to a directory in /tmp.
make_socket_dir() {
  local link=$CLUSTERS_DIR/$1/socket directory
  if ((${#link} <= 90)) && [[ $link =~ ^[A-Za-z0-9/._+-]+$ ]]; then
    as_server mkdir -p -m 700 "$link"
    echo "$link"
    return
  fi
  directory=$(as_server readlink -e "$link") || {
    directory=$(as_server mktemp -d /tmp/pg_booking.XXXXXX)
    as_server ln -sfn "$directory" "$link"
  }
  echo "$directory"
}

cluster_settings() {
  local name=$1 socket_dir=$2
  shift 2
  cat <<CONF
# Written at each start.
cluster_name = 'pg_booking/$name'
listen_addresses = ''
unix_socket_directories = '$socket_dir'
port = $CLUSTER_PORT
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
shared_preload_libraries = 'pg_cron,pg_booking'
cron.host = '$socket_dir'
cron.database_name = '$CRON_DATABASE'
CONF
  (($# == 0)) || printf '%s\n' "$@"
}

stop_cluster() {
  stop_postmaster "$CLUSTERS_DIR/$1/data-$PG_MAJOR"
}

# For stop_at_exit.
stop_clusters() {
  local name
  for name in "${STARTED_CLUSTERS[@]}"; do stop_cluster "$name"; done
}

drop_cluster() {
  local data directory
  lock_cluster "$1"
  for data in "$CLUSTERS_DIR/$1"/data-*; do stop_postmaster "$data"; done
  # As the owner: a link in there leads root nowhere.
  if directory=$(as_server readlink -e "$CLUSTERS_DIR/$1/socket"); then
    as_server rm -rf "$directory"
  fi
  as_server rm -rf "$CLUSTERS_DIR/$1"
}

stop_postmaster() {
  local data=$1 pid mode
  for mode in fast immediate; do
    pid=$(postmaster_pid "$data") || return 0
    as_server "$SERVER_BIN/pg_ctl" -D "$data" -m "$mode" -w -t 30 stop >/dev/null 2>&1 || true
  done
  pid=$(postmaster_pid "$data") || return 0
  kill -KILL "$pid" 2>/dev/null || true
}

# After a crash or a reboot the pid file may name a stranger; a postmaster works in its data directory.
postmaster_pid() {
  local pid
  { read -r pid <"$1/postmaster.pid"; } 2>/dev/null && [[ /proc/$pid/cwd -ef $1 ]] && echo "$pid"
}

lock_cluster() {
  local descriptor
  [[ -z ${CLUSTER_LOCKS[$1]:-} ]] || return 0
  exec {descriptor}>>"$RUN_DIR/$1.lock"
  flock -n "$descriptor" || die "another run uses the cluster '$1' in $RUN_DIR"
  CLUSTER_LOCKS[$1]=$descriptor
}

# The fault tests start servers of their own, and a test that dies leaves them behind.
stop_fault_clusters() {
  local data
  while IFS= read -r -d '' data; do stop_postmaster "$data"; done < <(
    find "$FAULTS_DIR" -name postmaster.pid -printf '%h\0'
  )
}

remove_run_dir() {
  local directory
  for directory in "$CLUSTERS_DIR"/*/; do
    [[ ! -d $directory ]] || drop_cluster "$(basename "$directory")"
  done
  stop_fault_clusters
  rm -rf "$RUN_DIR"
}
