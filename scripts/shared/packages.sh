# shellcheck shell=bash
# The Debian packages that the scripts need. Source it, then call: require_packages quickstart|test

PG_MAJOR=${PG_MAJOR:-15}
CLANG_MAJOR=${CLANG_MAJOR:-14} # the version behind Debian's plain "clang", which its sanitizer runtime must match

# Missing packages are installed; returns at once, without apt, when there are none. Exits 2 where it may not install,
# with the line to run as the only output.
require_packages() {
  local wanted=("postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR" "postgresql-$PG_MAJOR-cron" g++ make cmake python3
    libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libssl-dev libpq-dev libspdlog-dev libcli11-dev
    libtomlplusplus-dev)
  case $1 in
    quickstart) wanted+=(curl openssl) ;;
    test)
      wanted+=("postgresql-$PG_MAJOR-pgtap" libtap-parser-sourcehandler-pgtap-perl libgtest-dev nlohmann-json3-dev
        tzdata clang clang-format clang-tidy "libclang-rt-$CLANG_MAJOR-dev" openssl nodejs
        chromium-headless-shell)
      command -v npm >/dev/null || wanted+=(npm) # other packages of Node.js bring it along, and conflict with Debian's
      ;;
    *)
      echo "require_packages: unknown set '$1'" >&2
      exit 2
      ;;
  esac

  local package missing=()
  for package in "${wanted[@]}"; do
    package_is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  local as_root=() by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if ((EUID != 0)) && command -v sudo >/dev/null; then
    as_root=(sudo)
    by_hand="sudo sh -c '$by_hand'"
  elif ((EUID != 0)); then
    by_hand="su -c '$by_hand'"
  fi
  if ! is_debian || ! may_become_root; then
    echo "$by_hand" >&2
    exit 2
  fi

  echo "installing ${missing[*]}"
  "${as_root[@]}" bash -c "$(declare -f package_is_installed install_without_services)
    install_without_services \"\$@\"" bash "$PG_MAJOR" "${missing[@]}"
}

package_is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

is_debian() {
  command -v apt-get >/dev/null && grep -qE '^ID(_LIKE)?=.*debian' /etc/os-release 2>/dev/null
}

may_become_root() {
  ((EUID == 0)) || sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo true 2>/dev/null; }
}

# Runs as root in a shell of its own, so that its trap undoes the two temporary settings whatever happens:
# no "main" cluster is created for a server that is new here, and no service is started, stopped or restarted
# (a policy that the machine already has is left as it is).
install_without_services() {
  set -euo pipefail
  umask 022
  local major=$1 log settings=/etc/postgresql-common/createcluster.d policy=/usr/sbin/policy-rc.d directory
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
  shift
  log=$(mktemp)
  undo=("$log") # global, for the trap
  trap 'rm -fd -- "${undo[@]}" 2>/dev/null || true' EXIT

  if ! package_is_installed "postgresql-$major"; then
    # Debian's createcluster.conf ends with an include of this directory, which no package owns.
    undo+=("$settings/pg_booking.conf")
    for directory in "$settings" "${settings%/*}"; do
      [[ -d $directory ]] || undo+=("$directory") # goes only if it is empty
    done
    mkdir -p "$settings"
    echo 'create_main_cluster = false' >"$settings/pg_booking.conf"
  fi
  if [[ ! -e $policy && ! -L $policy ]]; then
    undo+=("$policy")
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi

  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
  if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    return 1
  fi
}
