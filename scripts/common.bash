# Shared by the scripts, which find it with the same first lines as scripts/train: they may be called through links, and
# readlink -f is not available everywhere. `self` is the script's own path. Only bash 3.2 features, because macOS ships
# that version.
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

# Prints the comment at the start of the script.
usage() { sed -nE '2,/^([^#]|$)/{/^#/s/^# ?//p;}' "$self"; }

# refuse MESSAGE: ends the script because of wrong arguments
refuse() {
  say "${0##*/}: $*"
  say ""
  usage >&2
  exit 64
}

have() { command -v "$1" >/dev/null 2>&1; }

# The MPI library to build and start with, and where its build is: builds of both live side by side.
scratch=$root/.build
case ${MPI:-openmpi} in
  openmpi) ;;
  mpich) scratch=$root/.build/mpich ;;
  *) die "MPI=$MPI: expected openmpi (the default) or mpich, the MPI library to build with." ;;
esac

uses_mpich() { [[ ${MPI:-} == mpich ]]; }

# The launcher: Debian keeps those of both libraries, of which one is `mpirun`.
mpirun_name() { if uses_mpich && have mpirun.mpich; then echo mpirun.mpich; else echo mpirun; fi; }

# swift_build [OPTION...]: a release build with that library.
swift_build() {
  if uses_mpich; then set -- --scratch-path "$scratch" "$@"; fi
  swift build -c release --package-path "$root" "$@"
}

# The cores this process may use (an affinity mask counts).
cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }

# build_lockstep MESSAGE: $scratch/release/lockstep is there and current, or the script ends.
build_lockstep() {
  local message=$1 binary=$scratch/release/lockstep obstacle='' newer command
  # A cluster node may have no compiler or no write access here, and needs neither if nothing has changed.
  have swift || obstacle="this machine has no Swift"
  can_write || obstacle="this user cannot write to $scratch"
  if [[ -n $obstacle && -x $binary ]]; then
    newer=$(newer_source "$binary")
    command="swift build -c release --package-path $root"
    if uses_mpich; then command="MPI=mpich $command --scratch-path $scratch"; fi
    [[ -z $newer ]] || die "$newer is newer than $binary, and $obstacle. Build it where that can be done:
  $command"
    return
  fi
  can_write || die "there is no $binary, and $obstacle. Have it built, or work in a copy of the checkout."
  if ! "$root/scripts/setup"; then
    # For example an old toolchain, and a binary that a newer one has built.
    if [[ ! -x $binary ]] || was_moved || [[ -n $(newer_source "$binary") ]]; then exit 1; fi
    say "${0##*/}: going on with $binary, which is newer than all sources."
    return
  fi
  if was_moved; then forget_modules; fi
  if ! attempt "$message" swift_build; then
    if grep -q "was compiled with module cache path" "$log"; then forget_modules; fi
    quietly "$message" swift_build || die "the build failed; its output is above."
  fi
  rm -f "$log"
}

# Whether this user can write the build's files.
can_write() {
  local place=$scratch
  if [[ ! -e $place ]]; then place=$root; elif [[ -e $place/release ]]; then place=$place/release/; fi
  [[ -w $place ]]
}

# newer_source FILE: a source that is newer, apart from those of the fuzz targets, which the command does not use.
newer_source() {
  find -L "$root/Package.swift" "$root/Sources" -type f -newer "$1" ! -path '*uzz*' 2>/dev/null | head -n 1
}

# Whether SwiftPM's plan of the last build is for another directory.
was_moved() {
  local plan=$scratch/release.yaml
  [[ -f $plan ]] && ! grep -qF -e "$scratch/" -e "$(cd "$root" && pwd -P)${scratch#"$root"}/" "$plan"
}

# Precompiled modules are valid only where they were compiled. SwiftPM notices all other changes itself.
forget_modules() {
  say "This checkout was moved after it was built: it is built anew."
  rm -rf "$scratch"/*/*/ModuleCache
}

# quietly MESSAGE COMMAND [ARGUMENT...]
#
# As `attempt`, but shows all output if the command fails. Returns its status.
quietly() {
  local status=0
  attempt "$@" || status=$?
  if [[ $status != 0 ]]; then cat "$log" >&2; fi
  return "$status"
}

# attempt MESSAGE COMMAND [ARGUMENT...]
#
# Runs the command with its output in the file $log. A terminal shows its latest line; otherwise MESSAGE is printed once
# after two seconds. Returns the command's status.
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
    # SIGTERM would make it run the script's trap at exit.
    kill -KILL "$notice" 2>/dev/null || true
    wait "$notice" 2>/dev/null || true
  fi
  return "$status"
}

# Shows standard input on one line of the terminal, each line replacing the one before, and clears it at the end.
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
# Exports what mpirun needs to start that many ranks on this machine. The user's own settings take precedence.
set_up_mpi() {
  local ranks=$1 shared_memory elsewhere
  # MPICH starts as root, binds no rank, and yields the core while it waits. But UCX, below it, would take SIGHUP for
  # its own even from nohup.
  if uses_mpich; then
    export UCX_DEBUG_SIGNO=${UCX_DEBUG_SIGNO:-0}
    return
  fi
  # Open MPI refuses root unless told twice; in a container root is the only user.
  if [[ $EUID == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # mpirun looks for ssh even where it has no machine to reach (open-mpi/ompi#12386).
  if ! have ssh && ! have rsh; then
    export OMPI_MCA_plm_rsh_agent=${OMPI_MCA_plm_rsh_agent:-false}
  fi
  # By default two ranks would each be bound to one core, with all their threads.
  export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-none}
  if [[ $ranks -gt $(cores) ]]; then
    # A waiting rank spins; if ranks share cores it must yield to the others (16 ranks on 2 cores: 8 times faster).
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
  fi
  # Containers have 64 MB here, and each rank may take 4 MB for messages. Lockstep's own shared memory finds its place
  # by itself.
  shared_memory=$(free_kilobytes /dev/shm)
  elsewhere=$(free_kilobytes "${TMPDIR:-/tmp}")
  if [[ -n $shared_memory && $shared_memory -lt $((ranks * 12 * 1024)) && ${elsewhere:-0} -gt $shared_memory ]]; then
    export OMPI_MCA_btl_vader_backing_directory=${OMPI_MCA_btl_vader_backing_directory:-${TMPDIR:-/tmp}}
  fi
}

free_kilobytes() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }' || true; }
