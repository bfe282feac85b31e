#!/usr/bin/env bash
# Runs one stage of scripts/test, which prepares what it needs and counts the tests in its output:
#   stage.sh NAME          runs it
#   stage.sh NAME count    reads its output, prints "PASSED FAILED"
set -euo pipefail

# shellcheck source=relay.sh
source "${BASH_SOURCE[0]%/*}/relay.sh"

each_file() { # FILES on stdin, NUL-separated; runs the command for each of them, {} is the file, and prints TAP
  # shellcheck disable=SC2016 # expanded by the inner shell
  xargs -0 -r -P "$(nproc)" -I '{}' bash -c '
    file=$1
    shift
    if output=$("$@" 2>&1); then
      printf "ok - %s\n" "$file"
    else
      printf "not ok - %s\n%s\n" "$file" "$output"
    fi' bash '{}' "$@"
}

sources() {
  find "extension/src/$1" -name '*.cpp' -print0 | sort -z
}

stage_format() { # -o: files that are not added yet; -d: those that are gone
  # safe.directory: root in the clone of someone else
  local git=(git -c "safe.directory=$REPO" ls-files -z)
  comm -z -23 <("${git[@]}" -c -o --exclude-standard -- '*.cpp' '*.hpp' | sort -zu) <("${git[@]}" -d | sort -zu) |
    each_file clang-format --dry-run --Werror '{}'
}

# What clang does not compile for the unit tests: the code that knows the server, or the network.
stage_clang() {
  make generated PG_CONFIG="$PG_CONFIG"
  sources pg | each_file clang++ -std=c++20 '-DPGBK_VERSION="0"' -Wall -Wextra -Wshadow -Werror -Wno-register -fsyntax-only \
    -Iextension/src -Iextension/generated -isystem "$("$PG_CONFIG" --includedir-server)" '{}'
  sanitized_build
  comm -z -23 <(find sidecar/src -name '*.cpp' -print0 | sort -z) <(compiled_for_unit_tests | sort -z) | each_file clang++ -std=c++20 '-DPGBK_RELAY_VERSION="0"' \
    -DPGBK_GATEWAY -DPGBK_PROVIDERS -DPGBK_REALTIME -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED -DSPDLOG_FMT_EXTERNAL \
    -Wall -Wextra -Wshadow -Werror -fsyntax-only -Isidecar/src -Iextension/src \
    -isystem "$("$PG_CONFIG" --includedir)" '{}'
}

stage_tidy() {
  make generated PG_CONFIG="$PG_CONFIG"
  sources core | each_file clang-tidy --quiet '--warnings-as-errors=*' '{}' -- \
    -std=c++20 -Iextension/src -Iextension/generated
}

# One build with the sanitizers, by clang, serves the unit tests and the fuzzer; g++ compiles all of it for the server and
# the relay.
sanitized_build() {
  configure "$RUN_DIR/build" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DPGBK_SANITIZE=ON -DPGBK_FUZZ=ON \
    -DPGBK_RELAY=ON
}

compiled_for_unit_tests() { # files of sidecar/, NUL-separated
  sed -n "s|^sidecar/CMakeFiles/booking_relay_rules.dir/\(src/.*\)\.o:.*|sidecar/\1|p" \
    "$RUN_DIR/build/sidecar/CMakeFiles/booking_relay_rules.dir/build.make" | sort -u | tr '\n' '\0'
}

stage_unit() {
  sanitized_build
  cmake --build "$RUN_DIR/build" -j "$(nproc)" --target unit_tests relay_unit_tests
  GTEST_COLOR=no ctest --test-dir "$RUN_DIR/build" -V
}

stage_fuzz() {
  local build=$RUN_DIR/build options=(-max_len=4096 -timeout=20) targets target binary
  if [[ -n ${PGBK_LONG:-} ]]; then
    options+=(-runs=2000000 -max_total_time=600)
  else
    options+=(-runs=5000 -seed=1) # the same inputs each time
  fi
  sanitized_build
  targets=$(cmake --build "$build" --target help | sed -n 's/^\.\.\. \(fuzz_[a-zA-Z0-9_]*\)$/\1/p')
  for target in $targets; do
    if cmake --build "$build" -j "$(nproc)" --target "$target" &&
      binary=$(find "$build" -type f -name "$target" -perm -u+x) &&
      mkdir -p "$SCRATCH/$target" &&
      "$binary" "${options[@]}" -artifact_prefix="$LOG_DIR/$target-" "$SCRATCH/$target"; then
      echo "ok - $target"
    else
      echo "not ok - $target"
    fi
  done
}

# Two calls, since a failure in the first suite would keep make from running the second.
stage_regress() {
  local make=(make installcheck "PG_CONFIG=$PG_CONFIG") status=0
  rm -f regression.diffs output_iso/regression.diffs
  "${make[@]}" ISOLATION= || status=$?
  "${make[@]}" REGRESS= || status=$?
  return "$status"
}

stage_pgtap() {
  local file database
  createdb pgtap_template
  psql -Xq -v ON_ERROR_STOP=1 -d pgtap_template \
    -c 'CREATE EXTENSION pg_booking CASCADE' -c 'SELECT booking.install()' -c 'CREATE EXTENSION pgtap'
  for file in test/pgtap/*.sql; do
    [[ -e $file ]] || continue
    database=pgtap_$(basename "$file" .sql)
    createdb -T pgtap_template "$database"
    # Besides a failed assertion: a plan that is not kept, and an error that ends the file.
    pg_prove -v -d "$database" "$file" >"$SCRATCH/output" 2>&1 || grep -q '^not ok' "$SCRATCH/output" ||
      printf '\nnot ok - %s did not run to its end\n' "$file" >>"$SCRATCH/output"
    cat "$SCRATCH/output"
    dropdb --force "$database"
  done
}

run_python_tests() { # DIRECTORY
  local file
  export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
  for file in "$1"/test_*.py; do
    [[ -e $file ]] || continue
    echo "# $file"
    python3 "$file" -v >"$SCRATCH/output" 2>&1 || grep -q '^FAILED (' "$SCRATCH/output" ||
      printf '\nnot ok - %s did not run to its end\n' "$file" >>"$SCRATCH/output" # on a line of its own, to be counted
    cat "$SCRATCH/output"
  done
}

stage_e2e() {
  run_python_tests test/e2e
}

stage_relay() {
  make_relay quick
  PGBK_RELAY=$(relay_binary quick)
  export PGBK_RELAY
  test/e2e/relay/run
}

stage_faults() {
  find "$FAULTS_DIR" -mindepth 1 -delete # kept until now, to look at
  make_relay quick
  PGBK_RELAY=$(relay_binary quick)
  export PGBK_RELAY
  run_python_tests test/faults
}

stage_serverlog() {
  if grep -nE 'terminated by signal|PANIC:' "$LOG_DIR/server-test.log"; then
    echo 'not ok - no backend crashed'
  else
    echo 'ok - no backend crashed'
  fi
}

# TAP (without to-dos), GoogleTest, pg_regress up to 15 (later ones print TAP), and unittest's summary of a file.
count() {
  awk -v stage="$1" '
    /^ok [0-9-]/ { passed++ }
    /^not ok [0-9-]/ && !/# TODO/ { failed++ }
    stage == "unit" && /\[       OK \] .* ms\)$/ { passed++ }
    stage == "unit" && /\[  FAILED  \] .* ms\)$/ { failed++ }
    stage == "regress" && /^(test|    ) .* \.\.\. +ok / { passed++ }
    stage == "regress" && /^(test|    ) .* \.\.\. +FAILED/ { failed++ }
    (stage == "e2e" || stage == "faults") && /^Ran [0-9]+ tests? in / { ran = $2 }
    (stage == "e2e" || stage == "faults") && /^(OK|FAILED)( \(.*\))?$/ {
      sub(/expected failures=/, "expected=")
      bad = value("failures") + value("errors") + value("unexpected successes")
      failed += bad
      ran -= bad + value("skipped")
      if (ran > 0) passed += ran # a broken setUpClass is an error but no test that ran
      ran = 0
    }
    function value(name) {
      return match($0, "[( ]" name "=[0-9]+") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2) + 0 : 0
    }
    END { print passed + 0, failed + 0 }'
}

if [[ ${2:-} == count ]]; then
  count "$1"
  exit
fi
cd "$REPO"
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
"stage_$1"
