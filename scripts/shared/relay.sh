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

relay_binary() {
  echo "$RUN_DIR/build-relay/sidecar/booking-relay"
}

make_relay() {
  configure "$RUN_DIR/build-relay" -DPGBK_RELAY=ON &&
    cmake --build "$RUN_DIR/build-relay" -j "$(nproc)" --target booking-relay
}
