# For scripts/test-cluster: what docs/scaling.md tells users of a cluster and of a cloud to type, as it stands there.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# example HEADING: the commands below it.
example() {
  awk -v heading="## $1" '/^## / { here = $0 == heading } /^```/ { open = !open; next } here && open' \
    "$root/docs/scaling.md"
}

# type_example HEADING: on n1, in a directory that all hosts see and that has the checkout's scripts. Sets $output.
type_example() {
  local status=0 lines swift_path
  swift_path=$(dirname "$(command -v swift)"):
  lines=$(example "$1")
  output=$work/output-example
  command=("$lines")
  [[ -n $lines ]] || differs "docs/scaling.md" "commands under '$1'" "none"
  on n1 env -C "$shared/example" LOCKSTEP_DATA="$data" timeout 500 bash -euc "$lines" >"$output" 2>&1 || status=$?
  [[ $status == 0 ]] || differs "on n1: $lines" "status 0" "status $status: $(shorten "$output")"
}

# reaches_reference FILE: whose weights are those of one process.
reaches_reference() {
  digest=$(sed -n 's/^weights //p' "$1")
  [[ $digest == "$reference" ]] || differs "on n1: ${command[*]}" "weights $reference" "$(shorten "$1")"
}

check_examples() {
  local reference output command job began=$SECONDS
  mkdir -p "$work/shared/example/scripts"
  ln -s "$root"/scripts/* "$work/shared/example/scripts/"
  train_on alone --epochs 1 --micro-batches 6 --output "$shared/runs/example"
  reference=$digest
  type_example "A cloud user"
  reaches_reference "$output"
  held examples "a cloud user's: $digest; $((SECONDS - began)) s"
  began=$SECONDS
  slurm_up
  cp -a "$work/data" "$work/shared/mnist"
  type_example "An HPC user"
  job=$(sed -n 's/^Submitted batch job //p' "$output")
  output=$work/shared/example/slurm-$job.out
  await_state "$job" COMPLETED
  reaches_reference "$output"
  held examples "an HPC user's: $digest; $((SECONDS - began)) s"
}
