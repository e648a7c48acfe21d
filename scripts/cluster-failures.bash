# For scripts/test-cluster: what goes wrong between machines is told with host and rank, the job ends with a status that
# is not 0 and leaves nothing running, and what it has saved goes on to the same bits on the machines that are left.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# begin_training RUN ARGUMENT...: 6 ranks on the three hosts, without an end, until there is a checkpoint.
begin_training() {
  local tries
  run=$1
  shift
  machines 2 2 2
  output=$work/output-$run
  command=("$prefix/libexec/lockstep/launch" -np 6 --hostfile "$machines" "$prefix/bin/lockstep" train --data "$data"
    --quiet --threads 1 --output "$shared/runs/$run" --checkpoint-every 50 "${recipe[@]}" "$@")
  on n1 "${command[@]}" --max-steps 1000000 >"$output" 2>&1 &
  training=$!
  for ((tries = 0; tries < 1200; tries++)); do
    if [[ -n $(newest_checkpoint) ]]; then return; fi
    kill -0 "$training" 2>/dev/null || break
    sleep 0.05
  done
  differs "on n1: ${command[*]}" "a checkpoint within a minute" "$(shorten "$output")"
}

newest_checkpoint() {
  find "$work/shared/runs/$run/checkpoints" -name 'step-*.safetensors' 2>/dev/null | sort |
    sed -nE '$s/.*step-0*([0-9]+)\..*/\1/p'
}

# ends_within SECONDS PATTERN...: the training ends so soon, not well, and tells what the patterns say.
ends_within() {
  local began=$SECONDS limit=$1 pattern tries
  shift
  for ((tries = 0; tries < limit * 10; tries++)); do
    kill -0 "$training" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$training" 2>/dev/null; then
    differs "on n1: ${command[*]}" "an end within $limit s" "none; said was: $(shorten "$output")"
  fi
  took=$((SECONDS - began)) status=0
  wait "$training" || status=$?
  [[ $status != 0 ]] || differs "on n1: ${command[*]}" "a status other than 0" "$(shorten "$output")"
  for pattern in "$@"; do
    grep -qE -e "$pattern" "$output" || differs "on n1: ${command[*]}" "a word of '$pattern'" "$(shorten "$output")"
  done
}

# nothing_left HOST...: no rank and no daemon after 20 seconds.
nothing_left() {
  local host left tries
  for host in "$@"; do
    for ((tries = 0; tries < 200; tries++)); do
      left=$(processes_on "$host")
      if [[ -z $left ]]; then break; fi
      sleep 0.1
    done
    [[ -z $left ]] || differs "on n1: ${command[*]}" "nothing left running on $host" "$left"
  done
}

# goes_on WHAT "SLOTS...": from what was saved, on these hosts, to the bits of a run that nothing disturbed.
goes_on() {
  local saved steps
  saved=$(newest_checkpoint)
  steps=$((saved + 20))
  train_on alone "${recipe[@]}" --max-steps "$steps" --output "$shared/runs/$run-reference"
  reference=$digest
  same "$2" "${recipe[@]}" --max-steps "$steps" --threads 1 --output "$shared/runs/$run" --resume
  held failures "$1: told and ended after $took s with status $status, nothing left; resumed at step $saved: $digest"
}

cut_link() {
  begin_training cut
  ip link set veth3 down
  ends_within 15 'n3 with ranks 4 to 5 is lost'
  nothing_left n1 n2 n3
  ip link set veth3 up
  goes_on "a cut link" "2 2 0"
}

silent_link() {
  begin_training silent --stall-timeout 10
  ip link set veth3 nomaster
  ends_within 20 'n3 with ranks 4 to 5 is lost|rank [45] on n3'
  nothing_left n1 n2 n3
  ip link set veth3 master switch
  goes_on "a silent link" "2 2 0"
}

# stop_ranks_of HOST WHAT "SLOTS...": stops them, and is told so; goes on on the other hosts.
stop_ranks_of() {
  local ranks
  ranks=$(processes_on "$1" | awk '/lockstep train/ { print $1 }')
  # shellcheck disable=SC2086 # one word a process
  on "$1" kill -STOP $ranks
  ends_within 20 "rank [0-9] on $1"
  nothing_left n1 n2 n3
  goes_on "$2" "$3"
}

stopped_ranks() {
  begin_training stopped --stall-timeout 5
  stop_ranks_of n2 "stopped ranks" "2 0 2"
}

# Of this host TCP alone gets out: heartbeats take that.
no_datagrams() {
  on n3 ip rule add pref 5 ipproto udp blackhole
  begin_training no-datagrams --stall-timeout 5
  stop_ranks_of n3 "stopped ranks behind a firewall" "2 2 0"
  on n3 ip rule del pref 5
  if grep -q 'heartbeats' "$output"; then
    differs "on n1: ${command[*]}" "heartbeats by TCP" "$(shorten "$output")"
  fi
}

lost_host() {
  begin_training lost
  end_host 3
  ends_within 15 'n3 with ranks 4 to 5 is lost'
  nothing_left n1 n2
  goes_on "a lost host" "2 2 0"
  restart_host 3
}

# On a terminal, where ssh could ask. Nobody answers.
password() {
  local line
  machines 2 2 2
  mv "$work/ssh/authorized_keys3" "$work/ssh/away"
  output=$work/output-password
  command=("$prefix/libexec/lockstep/launch" -np 6 --hostfile "$machines" "$prefix/bin/lockstep" train --data "$data"
    "${recipe[@]}" --max-steps 5 --output "$shared/runs/password")
  line=$(printf '%q ' "${command[@]}")
  on_terminal n1 script -qec "$line" /dev/null < <(sleep 60) >"$output" 2>&1 &
  training=$!
  ends_within 15 'n3.*Permission denied'
  mv "$work/ssh/away" "$work/ssh/authorized_keys3"
  nothing_left n1 n2 n3
  held failures "a password: told and ended after $took s with status $status, nothing left"
}

full_disk() {
  run=full
  machines 2 2 2
  on n1 mount -t tmpfs -o size=12m run /srv/run
  on n1 dd if=/dev/zero of=/srv/run/others bs=1M count=8 status=none
  output=$work/output-full
  command=("$prefix/libexec/lockstep/launch" -np 6 --hostfile "$machines" "$prefix/bin/lockstep" train --data "$data"
    --quiet --threads 1 --output /srv/run/full --checkpoint-every 10 "${recipe[@]}" --max-steps 30)
  on n1 "${command[@]}" >"$output" 2>&1 &
  training=$!
  ends_within 60 'No space left on device' 'newest checkpoint that is safe'
  nothing_left n1 n2 n3
  train_on alone "${recipe[@]}" --max-steps 30 --output "$shared/runs/full-reference"
  reference=$digest
  on n1 rm /srv/run/others
  same "2 0 2" "${recipe[@]}" --max-steps 30 --threads 1 --output /srv/run/full --resume
  on n1 umount /srv/run
  held failures "a full disk: told and ended with status $status, nothing left; with room again it goes on: $digest"
}

# HOSTFILE=machines scripts/train --restarts 1 in the checkout on n1, with a link that is cut on the way.
restarts() {
  local tries reference own
  run=restarts
  machines 2 2 2
  # A step that takes so long that the link is cut before the end.
  own=(env -C "$root" HOSTFILE="$machines" LOCKSTEP="$prefix/bin/lockstep" LOCKSTEP_DATA="$data"
    LOCKSTEP_FAULT_SLOW=20:60 scripts/train "${recipe[@]}" --quiet --threads 1 --output "$shared/runs/$run"
    --checkpoint-every 50 --max-steps 100 --restarts 1)
  on n1 "${own[@]}" >"$work/restarts" 2>&1 &
  training=$!
  for ((tries = 0; tries < 1200; tries++)); do
    if [[ -n $(newest_checkpoint) ]] || ! kill -0 "$training" 2>/dev/null; then break; fi
    sleep 0.05
  done
  ip link set veth3 down
  status=0
  wait "$training" || status=$?
  ip link set veth3 up
  train_on alone "${recipe[@]}" --max-steps 100 --output "$shared/runs/restarts-reference"
  reference=$digest
  command=("${own[@]}")
  digest=$(sed -n 's/^weights //p' "$work/restarts")
  if [[ $status != 0 || $digest != "$reference" ]] ||
    ! grep -qE 'restart 1 of 1 on n1 n2; without n3: ' "$work/restarts"; then
    differs "on n1: ${command[*]}" "restart 1 of 1 on n1 n2, and weights $reference" \
      "status $status: $(shorten "$work/restarts")"
  fi
  nothing_left n1 n2
  held failures "scripts/train --restarts 1: $(grep -oE 'restart 1 of 1 on [^;]*' "$work/restarts"), $digest"
}

check_failures() {
  local recipe=(--recipe mlp-512 --micro-batches 6) run training took status command reference
  local failure failures=(cut_link silent_link stopped_ranks no_datagrams lost_host password full_disk restarts)
  if [[ -n ${LOCKSTEP_FAILURES:-} ]]; then read -ra failures <<<"$LOCKSTEP_FAILURES"; fi
  for failure in "${failures[@]}"; do "$failure"; done
}
