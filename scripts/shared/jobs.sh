# shellcheck shell=bash
# Processes that must not outlive the script: jobs in their own process group, and what happens at exit.

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

JOB_PID=

# run_job LOG COMMAND...: runs it without stdin and returns its status. The job has a process group of its own, and bash
# only waits for it, so that a signal to this script acts at once and ends the whole group; if the script is killed, the
# watcher sees its end of the pipe close and ends the group. A COMMAND that is a function must check its own statuses:
# bash ignores `set -e` in it when the caller tests the result.
run_job() {
  local log=$1 status=0 alive
  shift
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  JOB_PID=$!
  set +m
  exec {alive}> >(
    trap '' HUP INT
    read -r _ || kill -TERM -- "-$JOB_PID" 2>/dev/null
  )
  wait "$JOB_PID" || status=$?
  JOB_PID=
  echo over >&"$alive"
  exec {alive}>&-
  return "$status"
}

end_job() {
  [[ -n $JOB_PID ]] || return 0
  local deadline=$((SECONDS + 10))
  kill -TERM -- "-$JOB_PID" 2>/dev/null || return 0
  # A group cannot be waited for, only its leader can.
  while kill -0 -- "-$JOB_PID" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      kill -KILL -- "-$JOB_PID" 2>/dev/null || true
      return 0
    fi
    sleep 0.05
  done
}

# stop_at_exit FUNCTION: however the script ends, ends the job under way and then calls FUNCTION.
stop_at_exit() {
  AT_EXIT=$1
  trap on_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
}

on_exit() {
  trap '' HUP INT PIPE TERM
  end_job
  "$AT_EXIT"
}
