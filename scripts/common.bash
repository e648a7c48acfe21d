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

# set_up_mpi RANKS
#
# Exports what mpirun needs to start that many ranks on this machine, whatever it is. The user's own settings win.
set_up_mpi() {
  local ranks=$1 shared_memory elsewhere
  # Open MPI refuses root unless told twice; in a container root is the only user.
  if [[ $EUID == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # mpirun looks for ssh even where it has no machine to reach (open-mpi/ompi#12386).
  if ! have ssh && ! have rsh; then
    export OMPI_MCA_plm_rsh_agent=${OMPI_MCA_plm_rsh_agent:-false}
  fi
  # By default two ranks would get one core each, and all their threads with them.
  export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-none}
  if [[ $ranks -gt $(cores) ]]; then
    # A waiting rank spins; where ranks share cores it must let the others run (16 ranks on 2 cores: 8 times faster).
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
  fi
  # Containers have 64 MB here, and each rank may take 4 MB for its messages. What ranks share besides finds a place itself.
  shared_memory=$(free_kilobytes /dev/shm)
  elsewhere=$(free_kilobytes "${TMPDIR:-/tmp}")
  if [[ -n $shared_memory && $shared_memory -lt $((ranks * 12 * 1024)) && ${elsewhere:-0} -gt $shared_memory ]]; then
    export OMPI_MCA_btl_vader_backing_directory=${OMPI_MCA_btl_vader_backing_directory:-${TMPDIR:-/tmp}}
  fi
}

free_kilobytes() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }' || true; }
