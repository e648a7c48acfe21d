# For scripts/train: a run that has failed goes on from its newest checkpoint, with the machines that are left.
# shellcheck shell=bash disable=SC2154 # scripts/train has the other half

# take_restarts [ARGUMENT...]: sets restarts to the number that --restarts gives, and training to the other arguments.
take_restarts() {
  local output=''
  restarts=0 training=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --restarts | --restarts=*)
        if [[ $1 == *=* ]]; then restarts=${1#*=}; else restarts=${2:-} && shift; fi
        [[ $restarts =~ ^(0|[1-9][0-9]{0,5})$ ]] ||
          refuse "--restarts: expected a whole number up to 999999, found '$restarts'"
        ;;
      --output | --output=*) output=yes && training+=("$1") ;;
      *) training+=("$1") ;;
    esac
    # After a last --restarts without a number there is nothing left.
    shift || break
  done
  [[ $restarts == 0 || -n $output ]] ||
    refuse "--restarts $restarts: expected --output RUN too, by which a restarted run finds its checkpoints"
}

# train_with_restarts [ARGUMENT...]: trains on $ranks ranks in the slots of $hostfile, and ends the script.
train_with_restarts() {
  local number status signal file list=$hostfile all_ranks=$ranks
  local stopped='' interrupted='' training_process='' resume=()
  file=$(mktemp "${TMPDIR:-/tmp}/lockstep-hosts.XXXXXX")
  # shellcheck disable=SC2064 # the file of now
  trap "rm -f '$file'" EXIT
  for signal in TERM INT HUP USR1 QUIT; do
    # shellcheck disable=SC2064 # the signal of now
    trap "pass_to_training $signal" "$signal"
  done
  for ((number = 0; ; number++)); do
    status=0
    train_once "$@" ${resume[@]+"${resume[@]}"} || status=$?
    if [[ $number == "$restarts" || -n $stopped ]] || ! is_failure "$status"; then exit "$status"; fi
    resume=(--resume)
    say "The run ended with status $status: restart $((number + 1)) of $restarts$(keep_machines "$file" "$list")."
    # A signal may have come meanwhile.
    if [[ -n $stopped ]]; then exit "$status"; fi
    if [[ -s $file ]]; then use_machines "$file"; fi
  done
}

# pass_to_training SIGNAL: the user's wish is the training's; no restart follows.
pass_to_training() {
  stopped=yes interrupted=yes
  if [[ -n $training_process ]]; then kill -s "$1" "$training_process" 2>/dev/null || true; fi
}

# is_failure STATUS: of a kind that another attempt may mend: no wrong flag or recipe, bad data, or request to stop.
is_failure() { case $1 in 0 | 64 | 65 | 75) return 1 ;; esac; }

train_once() {
  local status=0 answer
  # In a process group of its own (set -m): what a terminal sends comes once, through this script.
  set -m
  if [[ ${#others[@]} == 0 && $ranks == 1 ]]; then
    "$lockstep" train "$@" &
  else
    set_up_mpi "$([[ ${#others[@]} == 0 ]] && echo "$ranks" || echo 1)"
    "$root/scripts/launch" -np "$ranks" ${hostfile:+--hostfile "$hostfile"} "$lockstep" train "$@" &
  fi
  training_process=$!
  set +m
  while :; do
    interrupted='' answer=0
    wait "$training_process" 2>/dev/null || answer=$?
    # A wait that a signal ended says nothing of the training; one after its end is told 127.
    if [[ -z $interrupted || $answer -le 128 ]]; then break; fi
    status=$answer
  done
  if [[ $answer != 127 ]]; then status=$answer; fi
  training_process=''
  return "$status"
}

# keep_machines FILE HOSTFILE: writes the lines of the machines that can start ranks now, and says in words which those
# are. Nothing where all ranks are on this machine.
keep_machines() {
  local problems lost
  : >"$1"
  if [[ ${#others[@]} == 0 ]]; then return; fi
  problems=$(problems_of_machines "$lockstep" "${others[@]}")
  lost=$(awk -F: '{ print $1 }' <<<"$problems")
  awk -v lost="$lost" '
    BEGIN { count = split(lost, names, "\n"); for (i = 1; i <= count; i++) gone[names[i]] }
    { host = $1; sub(/#.*/, "", host); if (!(host in gone)) print }' "$2" >"$1"
  echo " on $(hosts_of_file "$1" | paste -sd ' ' -)${problems:+; without $problems}"
}

# use_machines FILE: the ranks that fit there, where the file says how many do.
use_machines() {
  local slots
  hostfile=$1 others=()
  while read -r host; do others+=("$host"); done < <(hosts_of_file "$1" | other_hosts)
  slots=$(slots_of_file "$1")
  if [[ -n $slots && $slots -lt $all_ranks ]]; then ranks=$slots; else ranks=$all_ranks; fi
}
