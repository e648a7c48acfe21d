# For scripts/test-cluster: one line starts ranks on all machines of a file, or says what one of them lacks.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# starts HOST SLOTS...: with HOSTFILE=machines scripts/train in the checkout on n1, to the digest $reference.
starts() {
  local began=$SECONDS status=0
  machines "$@"
  command=(env -C "$root" HOSTFILE="$machines" LOCKSTEP="$prefix/bin/lockstep" LOCKSTEP_DATA="$data" scripts/train
    "${recipe[@]}" --output "$shared/runs/start-$RANDOM" --threads 1)
  on n1 timeout 120 "${command[@]}" >"$output" 2>&1 || status=$?
  digest=$(sed -n 's/^weights //p' "$output")
  [[ $digest == "$reference" ]] ||
    differs "on n1: ${command[*]}" "weights $reference" "status $status: $(shorten "$output")"
  grep -qE "data in $data were sent to n3, " "$output" ||
    differs "on n1: ${command[*]}" "a word on the data that n3 was sent" "$(shorten "$output")"
  held start "slots $*: $(grep -oE '[0-9]+ ranks? of 1 thread' "$output"), $digest; $((SECONDS - began)) s"
}

# refuses PATTERN: the same line ends with status 1 and says so, before any rank has started.
refuses() {
  local status=0
  machines 2 2 2
  command=(env -C "$root" HOSTFILE="$machines" LOCKSTEP="$prefix/bin/lockstep" scripts/train "${recipe[@]}")
  on n1 timeout 60 "${command[@]}" >"$output" 2>&1 || status=$?
  if [[ $status != 1 ]] || ! grep -qE -e "$1" "$output"; then
    differs "on n1: ${command[*]}" "status 1 and '$1'" "status $status: $(shorten "$output")"
  fi
  held start "$(grep -E -e "$1" "$output" | sed 's/^ *//')"
}

check_start() {
  local recipe=(--recipe mlp-512 --max-steps 20 --micro-batches 6) host reference
  output=$work/output
  for host in n2 n3; do
    if on "$host" test -e "$root/Package.swift" || on "$host" sh -c 'command -v swift' >/dev/null; then
      differs "a look at $host" "neither checkout nor Swift" "one of them"
    fi
  done
  train_on alone "${recipe[@]}" --output "$shared/runs/start"
  reference=$digest
  starts 2 2 2
  # The first rank is on n2 then, which has the data, as n3 has not.
  starts 0 3 3
  on n3 mv "$prefix/bin/lockstep" "$prefix/bin/away"
  refuses 'n3: has no .*scripts/install'
  on n3 sh -c "{ cat $prefix/bin/away; echo; } >$prefix/bin/lockstep; chmod +x $prefix/bin/lockstep"
  refuses "n3: has another .*Copy this machine's"
  on n3 mv -f "$prefix/bin/away" "$prefix/bin/lockstep"
  mv "$work/ssh/authorized_keys3" "$work/ssh/away"
  refuses 'n3: .*Permission denied.*ssh-copy-id'
  mv "$work/ssh/away" "$work/ssh/authorized_keys3"
}
