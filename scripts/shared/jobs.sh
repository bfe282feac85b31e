# shellcheck shell=bash
# Processes that must not outlive the script: jobs in their own process group, and what happens at exit.

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

JOB=                # the pid of the job that was started last
declare -A JOBS=() # pid of a job that has not been waited for -> descriptor of its watcher

# start_job LOG COMMAND...: sets JOB. The job runs without stdin, in a process group of its own, and bash does nothing but
# wait for jobs, so that a signal to this script acts at once and ends the whole group; if the script is killed, the
# watcher sees its end of the pipe close and ends the group. A COMMAND that is a function must check its own statuses:
# bash ignores `set -e` in it when the caller tests the result.
start_job() {
  local log=$1 alive
  shift
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  JOB=$!
  set +m
  exec {alive}> >(
    trap '' HUP INT
    read -r _ || kill -TERM -- "-$JOB" 2>/dev/null
  )
  JOBS[$JOB]=$alive
}

await_job() { # PID: returns its status
  local pid=$1 alive=${JOBS[$1]} status=0
  wait "$pid" || status=$?
  unset "JOBS[$pid]"
  echo over >&"$alive"
  exec {alive}>&-
  return "$status"
}

run_job() { # LOG COMMAND...: returns its status
  start_job "$@"
  await_job "$JOB"
}

end_jobs() {
  local pid deadline=$((SECONDS + 10))
  for pid in "${!JOBS[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null || unset "JOBS[$pid]"
  done
  for pid in "${!JOBS[@]}"; do
    # A group cannot be waited for, only its leader can.
    while kill -0 -- "-$pid" 2>/dev/null; do
      if ((SECONDS >= deadline)); then
        kill -KILL -- "-$pid" 2>/dev/null || true
        break
      fi
      sleep 0.05
    done
  done
}

# stop_at_exit FUNCTION: however the script ends, ends the jobs under way and then calls FUNCTION.
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
  end_jobs
  "$AT_EXIT"
}
