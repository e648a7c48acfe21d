# Shared by the scripts, which begin with:  source "$(dirname "${BASH_SOURCE[0]}")/common.bash"
# Kept to what bash 3.2 understands, the one that macOS ships.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The cores this process may use (an affinity mask counts).
cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }

# quietly MESSAGE COMMAND [ARGUMENT...]
#
# Runs the command with its output kept in the file $log. A terminal sees the latest line of it; elsewhere MESSAGE
# appears once when two seconds have passed. All of the output is shown if the command fails, and its status returned.
quietly() {
  local message=$1 status=0 notice
  shift
  if [[ -z ${log:-} ]]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
  fi
  if [[ -t 2 ]]; then
    "$@" 2>&1 | tee "$log" | show_latest_line "$message" || status=$?
  else
    (sleep 2 >/dev/null 2>&1 && say "$message") &
    notice=$!
    "$@" >"$log" 2>&1 || status=$?
    kill "$notice" 2>/dev/null || true
    wait "$notice" 2>/dev/null || true
  fi
  if [[ $status != 0 ]]; then cat "$log" >&2; fi
  return "$status"
}

# Copies standard input to one line of the terminal, each line over the one before, and wipes it at the end.
show_latest_line() {
  local line width
  width=$(($(tput cols 2>/dev/null || echo 80) - 1))
  while IFS= read -r line; do
    line="${1%.} $line"
    printf '\r\033[K%s' "${line:0:width}" >&2
  done
  printf '\r\033[K' >&2
}
