# For scripts/test-cluster: how long a step takes on three machines, over links of several speeds. They share this
# machine's cores, so that only what one row compares can be compared.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# shape RATE: what each host sends and receives; none for no limit.
shape() {
  # With room for fewer bytes at once a link that is full both ways carries little more than half of its rate each way.
  local number burst=(burst 256k latency 50ms)
  for ((number = 1; number <= hosts; number++)); do
    tc qdisc del dev "veth$number" root 2>/dev/null || true
    on "n$number" tc qdisc del dev eth0 root 2>/dev/null || true
    if [[ $1 == none ]]; then continue; fi
    tc qdisc add dev "veth$number" root tbf rate "$1" "${burst[@]}"
    on "n$number" tc qdisc add dev eth0 root tbf rate "$1" "${burst[@]}"
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

# bounds_of RATE "SLOTS..." ARGUMENT...: the least milliseconds that its layers' times, by a trace, allow on this link,
# with 8, 4 and 2 bytes a gradient; "-" without a limit or python3.
bounds_of() {
  local rate=$1 run=$shared/runs/bench-bound bytes
  shift
  if [[ $rate != *gbit ]] || ! have python3; then echo "- - -" && return; fi
  train_on "$@" --data "$shared/bench-digits" --epochs 1 --output "$run" --trace "$run-trace.json"
  for bytes in 8 4 2; do
    python3 "$root/benchmarks/step_bound.py" "$work/shared/runs/bench-bound-trace.json" \
      "$work/shared/runs/bench-bound/model.safetensors" --bits-per-second "${rate%gbit}e9" --hosts "$hosts" \
      --bytes "$bytes"
  done | tr '\n' ' '
  rm -rf "$work/shared/runs/"bench-*
}

# ddp_on "SLOTS..." NETWORK BATCH: milliseconds a step of PyTorch's DistributedDataParallel over gloo, of the best epoch
# but the first; "-" where it is not installed.
ddp_on() {
  local ranks=0 rank=0 number=0 slots job jobs=() batch=$3
  if [[ ! -x $root/.venv/bin/python ]]; then echo - && return; fi
  for slots in $1; do ranks=$((ranks + slots)); done
  for slots in $1; do
    number=$((number + 1))
    for ((; slots > 0; slots--)); do
      on "n$number" env GLOO_SOCKET_IFNAME=eth0 timeout 300 /srv/peers/bin/python "$shared/benchmarks/pytorch_ddp.py" \
        --data "$shared/bench-digits" --network "$2" --batch-size "$batch" --epochs 2 --threads 1 \
        --ranks "$ranks" --rank "$rank" --rendezvous tcp://n1:29500 >"$work/ddp-$rank" 2>&1 &
      jobs+=($!)
      rank=$((rank + 1))
    done
  done
  for job in "${jobs[@]}"; do
    wait "$job" || die "PyTorch's DistributedDataParallel failed: $(tail -n 3 "$work"/ddp-*)"
  done
  sed -nE 's/.*"seconds": \[([^]]*)\].*/\1/p' "$work/ddp-0" | tr ',' '\n' | sort -n |
    awk -v steps="$(((digits + batch - 1) / batch))" 'NR == 1 { printf "%.1f\n", 1000 * $1 / steps }'
}

# median NUMBER...
median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }'; }

# ratio A B: "-" where one is missing.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a > 0 && b > 0) printf "%.2fx", a / b; else printf "-" }'; }

row() { printf '%-22s %-6s %-6s %7s %7s %8s %7s %8s %7s %9s %7s  %9s %7s\n' "$@"; }

# compare WORK RATE "SLOTS..." NETWORK BATCH ARGUMENT...: each reduction, MPI_Allreduce and PyTorch in turns.
compare() {
  local work_name=$1 rate=$2 slots=$3 network=$4 batch=$5 round bounds own=() four=() two=() theirs=() ddp=()
  shift 5
  shape "$rate"
  for round in 1 2 3; do
    own+=("$(step_of "$slots" "$@" --threads 1)")
    four+=("$(step_of "$slots" "$@" --threads 1 --reduction exact32)")
    two+=("$(step_of "$slots" "$@" --threads 1 --reduction exact16)")
    theirs+=("$(step_of "$slots" "$@" --threads 1 --exchange allreduce)")
    ddp+=("$(ddp_on "$slots" "$network" "$batch")")
  done
  read -ra bounds <<<"$(bounds_of "$rate" "$slots" "$@" --threads 1)"
  shape none
  own=("$(median "${own[@]}")") theirs=("$(median "${theirs[@]}")")
  if [[ ${ddp[0]} != - ]]; then ddp=("$(median "${ddp[@]}")"); fi
  row "$work_name" "$rate" "$slots" "${bounds[0]}" "${own[0]}" "${bounds[1]}" "$(median "${four[@]}")" \
    "${bounds[2]}" "$(median "${two[@]}")" "${theirs[0]}" "${ddp[0]}" "$(ratio "${theirs[0]}" "${own[0]}")" \
    "$(ratio "${ddp[0]}" "${own[0]}")"
}

check_bench() {
  local rate rates slots digits=7680 best=(--recipe mnist-best --micro-batches 6)
  local mlp=(--hidden "512,512" --batch-size 768 --micro-batches 6)
  read -ra rates <<<"${LOCKSTEP_RATES:-none 1gbit}"
  have tc || die "the links' speed is set by tc (apt-get install iproute2)."
  [[ -x $root/.venv/bin/python ]] || say "without PyTorch beside it (scripts/bench --install-peers)."
  # A host with few ranks takes all cores for its own.
  host_environment=(OMPI_MCA_mpi_yield_when_idle=1)
  mkdir "$work/shared/benchmarks"
  cp "$root"/benchmarks/*.py "$work/shared/benchmarks"
  on n1 "$prefix/bin/lockstep" synthesize --output "$shared/bench-digits" --train "$digits" --test 300 >/dev/null
  say "milliseconds a step; the last columns: exact's speed over MPI_Allreduce's and DistributedDataParallel's (ddp)"
  row work link ranks bound exact "bound 4" exact32 "bound 2" exact16 allreduce ddp allreduce ddp
  row "MLP 512,512, batch 768" - 1 "" "$(step_of alone "${mlp[@]}" --threads 1)" "" "" "" "" "" "" "" ""
  row "mnist-best" - 1 "" "$(step_of alone "${best[@]}" --threads 1)" "" "" "" "" "" "" "" ""
  for rate in "${rates[@]}"; do
    for slots in "1 1 1" "2 2 2"; do
      compare "MLP 512,512, batch 768" "$rate" "$slots" mlp 768 "${mlp[@]}"
      compare "mnist-best" "$rate" "$slots" best 100 "${best[@]}"
    done
  done
}
