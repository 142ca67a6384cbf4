#!/usr/bin/env bash
# Memory and processor time of a running Postern, all its processes together, while nobody asks anything.
#   ops/measure/idle.sh [HOME] [SECONDS]
set -euo pipefail
home=${1:-$HOME/.postern}
seconds=${2:-30}
root=$(cat "$home/instance.lock")

family() { # the process and all its descendants
  echo "$1"
  local child
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do family "$child"; done
}
cpu() { # seconds of processor time, from the scheduler's nanoseconds
  local total=0 pid
  for pid in "$@"; do
    total=$((total + $(cat /proc/"$pid"/task/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }')))
  done
  echo "$total"
}

mapfile -t pids < <(family "$root")
before=$(cpu "${pids[@]}")
sleep "$seconds"
after=$(cpu "${pids[@]}")
for pid in "${pids[@]}"; do
  awk -v name="$(tr '\0' ' ' </proc/"$pid"/cmdline | sed 's/.*\(RunnerMain\|ops.Main\).*/\1/' | cut -c1-40)" \
    '/VmRSS/ { printf "%8.1f MB  %s\n", $2 / 1024, name; }' /proc/"$pid"/status
done
for pid in "${pids[@]}"; do cat /proc/"$pid"/status; done | awk '/VmRSS/ { sum += $2 } END { printf "%8.1f MB  resident together (shared pages counted in each)\n", sum / 1024 }'
for pid in "${pids[@]}"; do cat /proc/"$pid"/smaps_rollup; done | awk '/^Pss:/ { sum += $2 } END { printf "%8.1f MB  proportional\n", sum / 1024 }'
awk -v ns=$((after - before)) -v s="$seconds" 'BEGIN { printf "%8.2f %%  of a core over %d s\n", ns / s / 1e7, s }'
