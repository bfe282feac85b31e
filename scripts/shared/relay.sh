# shellcheck shell=bash
# How booking-relay, and whatever else CMake builds, is built. Source it where cluster.sh's prepare_run_dir has set REPO
# and RUN_DIR.

# configure DIRECTORY OPTION...
configure() {
  local build=$1
  shift
  # A build directory that came along with a moved clone belongs to the old place.
  grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$REPO" "$build/CMakeCache.txt" 2>/dev/null || rm -rf "$build"
  cmake -S "$REPO" -B "$build" -G 'Unix Makefiles' "$@"
}

# quick: compiled in half the time, for tests and the walk; release: as it is installed, for what is measured.
relay_binary() { # quick|release
  echo "$RUN_DIR/build-relay-$1/sidecar/booking-relay"
}

make_relay() { # quick|release
  local options=(-DCMAKE_BUILD_TYPE=Release)
  [[ $1 == release ]] || options=(-DCMAKE_BUILD_TYPE=Quick '-DCMAKE_CXX_FLAGS_QUICK=-O1 -g1')
  configure "$RUN_DIR/build-relay-$1" -DPGBK_RELAY=ON "${options[@]}" &&
    cmake --build "$RUN_DIR/build-relay-$1" -j "$(nproc)" --target booking-relay
}
