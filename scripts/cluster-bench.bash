# For scripts/test-cluster: how long a step takes on three machines, over links of several speeds. They share this
# machine's cores, so that only what one row compares can be compared.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# shape RATE: what each host sends and receives; none for no limit.
shape() {
  local number
  for ((number = 1; number <= hosts; number++)); do
    tc qdisc del dev "veth$number" root 2>/dev/null || true
    on "n$number" tc qdisc del dev eth0 root 2>/dev/null || true
    if [[ $1 == none ]]; then continue; fi
    tc qdisc add dev "veth$number" root tbf rate "$1" burst 64k latency 50ms
    on "n$number" tc qdisc add dev eth0 root tbf rate "$1" burst 64k latency 50ms
  done
}

# step_of "SLOTS..." ARGUMENT...: milliseconds a step, of the best epoch but the first.
step_of() {
  train_on "$@" --data "$shared/bench-digits" --epochs 3 --output "$shared/runs/bench-$RANDOM-$RANDOM"
  sed -nE '/"event":"epoch"/s/.*"step":([0-9]+).*"seconds":([0-9.e-]+).*/\1 \2/p' \
    "$work/shared/runs/"bench-*/metrics.jsonl |
    awk 'NR > 1 { took = 1000 * $2 / ($1 - last); if (!best || took < best) best = took } { last = $1 }
         END { printf "%.1f\n", best }'
  rm -rf "$work/shared/runs/"bench-*
}

# bound_of RATE "SLOTS..." ARGUMENT...: the least milliseconds that its layers' times allow over this link, by a trace;
# "-" without a limit or python3.
bound_of() {
  local rate=$1 run=$shared/runs/bench-bound
  shift
  if [[ $rate != *gbit ]] || ! have python3; then echo - && return; fi
  train_on "$@" --data "$shared/bench-digits" --epochs 1 --output "$run" --trace "$run-trace.json"
  python3 "$root/benchmarks/step_bound.py" "$work/shared/runs/bench-bound-trace.json" \
    "$work/shared/runs/bench-bound/model.safetensors" --bits-per-second "${rate%gbit}e9" --hosts "$hosts"
  rm -rf "$work/shared/runs/"bench-*
}

# median NUMBER...
median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }'; }

# compare WORK RATE SLOTS ARGUMENT...: the network's exchange, the same in fewer bytes, and MPI_Allreduce in turns.
compare() {
  local work_name=$1 rate=$2 slots=$3 round bound own=() four=() two=() theirs=()
  shift 3
  shape "$rate"
  for round in 1 2 3; do
    own+=("$(step_of "$slots" "$@" --threads 1)")
    four+=("$(step_of "$slots" "$@" --threads 1 --reduction exact32)")
    two+=("$(step_of "$slots" "$@" --threads 1 --reduction exact16)")
    theirs+=("$(step_of "$slots" "$@" --threads 1 --exchange allreduce)")
  done
  bound=$(bound_of "$rate" "$slots" "$@" --threads 1)
  shape none
  printf '%-22s %-9s %-7s %7s %7s %9s %9s %15s %8s\n' "$work_name" "$rate" "$slots" "$bound" \
    "$(median "${own[@]}")" "$(median "${four[@]}")" "$(median "${two[@]}")" "$(median "${theirs[@]}")" \
    "$(awk -v a="$(median "${theirs[@]}")" -v b="$(median "${own[@]}")" 'BEGIN { printf "%.2fx", a / b }')"
}

check_bench() {
  local rate rates slots best=(--recipe mnist-best --micro-batches 6)
  local mlp=(--hidden "512,512" --batch-size 768 --micro-batches 6)
  read -ra rates <<<"${LOCKSTEP_RATES:-none 1gbit}"
  have tc || die "the links' speed is set by tc (apt-get install iproute2)."
  # A host with few ranks takes all cores for its own.
  host_environment=(OMPI_MCA_mpi_yield_when_idle=1)
  on n1 "$prefix/bin/lockstep" synthesize --output "$shared/bench-digits" --train 7680 --test 300 >/dev/null
  printf '%-22s %-9s %-7s %7s %7s %9s %9s %15s %8s\n' "milliseconds a step" link ranks bound exact exact32 exact16 \
    MPI_Allreduce ratio
  printf '%-22s %-9s %-7s %7s %7s\n' "MLP 512,512, batch 768" - "1" - "$(step_of alone "${mlp[@]}" --threads 1)"
  printf '%-22s %-9s %-7s %7s %7s\n' "mnist-best" - "1" - "$(step_of alone "${best[@]}" --threads 1)"
  for rate in "${rates[@]}"; do
    for slots in "1 1 1" "2 2 2"; do
      compare "MLP 512,512, batch 768" "$rate" "$slots" "${mlp[@]}"
      compare "mnist-best" "$rate" "$slots" "${best[@]}"
    done
  done
}
