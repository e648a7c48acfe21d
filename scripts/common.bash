# Shared by the scripts, which find it with the lines that scripts/train begins with: they may be called through links, and
# readlink -f is not everywhere. `self` is the script's own path. Kept to what bash 3.2 understands, the one that macOS
# ships.
# shellcheck shell=bash

unset CDPATH
self=$(cd "$(dirname "${self:?}")" && pwd)/${self##*/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

# What a script begins with: its own description.
usage() { sed -nE '2,/^([^#]|$)/{/^#/s/^# ?//p;}' "$self"; }

# refuse MESSAGE: of arguments that are wrong
refuse() {
  say "${0##*/}: $*"
  say ""
  usage >&2
  exit 64
}

have() { command -v "$1" >/dev/null 2>&1; }

# The cores this process may use (an affinity mask counts).
cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }

# build_lockstep MESSAGE: .build/release/lockstep is there and current, or the script ends.
build_lockstep() {
  local message=$1 binary=$root/.build/release/lockstep obstacle='' newer
  # A node of a cluster may have neither a compiler nor the right to write here: it needs none where nothing has changed.
  have swift || obstacle="this machine has no Swift"
  can_write || obstacle="this user cannot write to $root/.build"
  if [[ -n $obstacle && -x $binary ]]; then
    newer=$(newer_source "$binary")
    [[ -z $newer ]] || die "$newer is newer than $binary, and $obstacle. Build it where that can be done:
  swift build -c release --package-path $root"
    return
  fi
  can_write || die "there is no $binary, and $obstacle. Have it built, or work in a copy of the checkout."
  if ! "$root/scripts/setup"; then
    # Such as a toolchain that is too old, with a binary that another one has built.
    if [[ ! -x $binary ]] || was_moved || [[ -n $(newer_source "$binary") ]]; then exit 1; fi
    say "${0##*/}: going on with $binary, which is newer than all sources."
    return
  fi
  if was_moved; then forget_modules; fi
  if ! attempt "$message" swift build -c release --package-path "$root"; then
    if grep -q "was compiled with module cache path" "$log"; then forget_modules; fi
    quietly "$message" swift build -c release --package-path "$root" || die "the build failed; its output is above."
  fi
  rm -f "$log"
}

# Whether a build can leave its files where they go.
can_write() {
  local place=$root/.build
  if [[ ! -e $place ]]; then place=$root; elif [[ -e $place/release ]]; then place=$place/release/; fi
  [[ -w $place ]]
}

# newer_source FILE: a source that is newer. Those of the fuzz targets are not the command's.
newer_source() {
  find -L "$root/Package.swift" "$root/Sources" -type f -newer "$1" ! -path '*uzz*' 2>/dev/null | head -n 1
}

# Whether SwiftPM's plan of the last build names another place than this one.
was_moved() {
  local plan=$root/.build/release.yaml
  [[ -f $plan ]] && ! grep -qF -e "$root/.build/" -e "$(cd "$root" && pwd -P)/.build/" "$plan"
}

# Precompiled modules can only be used where they were compiled. SwiftPM notices all else by itself.
forget_modules() {
  say "This checkout was moved after it was built: it is built anew."
  rm -rf "$root"/.build/*/*/ModuleCache
}

# quietly MESSAGE COMMAND [ARGUMENT...]
#
# As `attempt`. All of the output is shown if the command fails, and its status returned.
quietly() {
  local status=0
  attempt "$@" || status=$?
  if [[ $status != 0 ]]; then cat "$log" >&2; fi
  return "$status"
}

# attempt MESSAGE COMMAND [ARGUMENT...]
#
# Runs the command with its output kept in the file $log. A terminal sees the latest line of it; elsewhere MESSAGE
# appears once when two seconds have passed. Returns the command's status.
attempt() {
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
    # Of SIGTERM it would run the script's trap at exit.
    kill -KILL "$notice" 2>/dev/null || true
    wait "$notice" 2>/dev/null || true
  fi
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
