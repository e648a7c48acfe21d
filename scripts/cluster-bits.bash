# For scripts/test-cluster: the same bits, however ranks and machines share the work.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# recipe_steps RECIPE: enough of them to change every weight.
recipe_steps() { case $1 in mnist-best) echo 6 ;; cnn-dropout-adam) echo 10 ;; *) echo 20 ;; esac; }

# machines SLOTS...: writes a file of hosts with so many slots each, none where that is 0, and sets $machines to it.
machines() {
  local number=0 slots
  machines=$work/shared/machines-${*// /-}
  machines=${machines// /-}
  for slots in "$@"; do
    number=$((number + 1))
    if [[ $slots != 0 ]]; then echo "n$number slots=$slots"; fi
  done >"$machines"
  machines=$shared/${machines##*/}
}

# train_on "SLOTS..." ARGUMENT...: on hosts with so many ranks each, by scripts/launch of the first that has some;
# "alone" without mpirun on n1. Its output goes to $output, its command line to $command, its digest to $digest.
train_on() {
  local slots=$1 ranks=0 number first=1 status=0
  shift
  command=("$prefix/bin/lockstep" train --data "$data" --quiet "$@")
  if [[ $slots != alone ]]; then
    # shellcheck disable=SC2086 # one word a host
    machines $slots
    for number in $slots; do ranks=$((ranks + number)); done
    for number in $slots; do
      if [[ $number != 0 ]]; then break; fi
      first=$((first + 1))
    done
    command=("$prefix/libexec/lockstep/launch" -np "$ranks" --hostfile "$machines" "${command[@]}")
  fi
  output=$work/output
  on "n$first" timeout 400 "${command[@]}" >"$output" 2>&1 || status=$?
  digest=$(sed -n 's/^weights //p' "$output")
  if [[ -z $digest ]]; then
    differs "on n$first: ${command[*]}" "weights, and status 0" "status $status: $(shorten "$output")"
  fi
}

# What a long output begins and ends with.
shorten() { if [[ $(wc -l <"$1") -gt 40 ]]; then head -n 20 "$1" && echo "..." && tail -n 20 "$1"; else cat "$1"; fi; }

# same "SLOTS..." ARGUMENT...: has the digest of $reference.
same() {
  train_on "$@"
  [[ $digest == "$reference" ]] || differs "on n1: ${command[*]}" "weights $reference" "weights $digest"
}

check_bits() {
  local name names=() steps runs began
  while read -r name _; do names+=("$name"); done < <("$work/prefix/bin/lockstep" train --recipe list)
  if [[ -n ${LOCKSTEP_RECIPES:-} ]]; then read -ra names <<<"$LOCKSTEP_RECIPES"; fi
  for name in "${names[@]}"; do
    began=$SECONDS
    steps=(--recipe "$name" --max-steps "$(recipe_steps "$name")")
    runs=$shared/runs/$name
    train_on alone "${steps[@]}" --output "$runs-1"
    reference=$digest
    same "4" "${steps[@]}" --threads 1 --output "$runs-4"
    same "2 2 2" "${steps[@]}" --threads 1 --output "$runs-222"
    same "1 1 1" "${steps[@]}" --threads 2 --output "$runs-111"
    # On n2 and n3, from what n1 and n2 have left half-way.
    train_on "1 1" --recipe "$name" --max-steps "$(($(recipe_steps "$name") / 2))" --threads 1 --output "$runs-moved"
    same "0 2 1" "${steps[@]}" --threads 1 --output "$runs-moved" --resume
    held bits "$name: $reference on 1, 4, 6 = 3 x 2, 3 x 2 threads, moved to other hosts; $((SECONDS - began)) s"
    # So many ranks on a core or two take half a minute to start; the steps are no different then.
    # On a loaded machine longer than a rank may be silent.
    steps=(--recipe "$name" --max-steps 3 --micro-batches 64 --stall-timeout 300)
    train_on alone "${steps[@]}" --output "$runs-1-64"
    reference=$digest
    same "64 0 0" "${steps[@]}" --threads 1 --output "$runs-64"
    held bits "$name: $reference of 64 micro-batches on 1 and on 64 ranks; $((SECONDS - began)) s"
  done
}
