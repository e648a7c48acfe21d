# For scripts/test-cluster: a real Slurm with three nodes, each with a munge and a slurmd of its own; the controller is
# on the switch's side.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

slurm_obstacles() {
  have slurmctld && have slurmd && have sbatch || echo slurm-wlm
  have munged || echo munge
}

# A job of partition urgent takes nodes from one of partition patient, which is told a little before.
slurm_configuration() {
  cat <<END
ClusterName=lockstep
SlurmctldHost=n0($network.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation=/run/slurm/state
SlurmdSpoolDir=/run/slurm/spool
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurm/slurmd.pid
SlurmctldLogFile=$work/shared/slurmctld.log
SlurmdLogFile=$work/shared/slurmd-%n.log
SchedulerParameters=sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
KillWait=5
# Two tasks a node on a machine of one core too.
SlurmdParameters=config_overrides
MinJobAge=3600
NodeName=n1 NodeAddr=$network.1 CPUs=2
NodeName=n2 NodeAddr=$network.2 CPUs=2
NodeName=n3 NodeAddr=$network.3 CPUs=2
PartitionName=patient Nodes=n[1-3] Default=YES OverSubscribe=NO PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes=n[1-3] OverSubscribe=NO PriorityTier=2 PreemptMode=OFF
END
}

# Also after a check that has lost a host, which comes back without its slurmd.
slurm_up() {
  local number tries
  if [[ ! -e $work/slurm.conf ]]; then controller_up; fi
  for number in 1 2 3; do node_up "n$number"; done
  for ((tries = 0; tries < 600; tries++)); do
    # Not those with an asterisk, which do not respond.
    if [[ $(sinfo -h -N -p patient -o '%N %t' | grep -c ' idle$') == 3 ]]; then return; fi
    sleep 0.1
  done
  die "Slurm's nodes are not ready: $(sinfo; tail -n 5 "$work/shared/slurmctld.log")"
}

controller_up() {
  dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 2>/dev/null
  chmod 400 "$work/munge.key"
  slurm_configuration >"$work/slurm.conf"
  mount -t tmpfs none /run
  mount --bind "$work/hosts" /etc/hosts
  echo "$network.254 n0" >>"$work/hosts"
  hostname n0
  use_slurm
  slurmctld || die "slurmctld does not start: $(tail -n 5 "$work/shared/slurmctld.log")"
}

node_up() {
  if on "$1" pgrep -x slurmd >/dev/null; then return; fi
  on "$1" bash -c "$(declare -p work); $(declare -f use_slurm); use_slurm && slurmd -N $1" ||
    die "slurmd of $1 does not start: $(tail -n 5 "$work/shared/slurmd-$1.log")"
}

# On a host: the configuration where Slurm looks for it, and a munge of this host.
use_slurm() {
  mkdir -p /run/munge /run/slurm/state /run/slurm/spool /run/slurm-etc
  chmod 755 /run/munge
  cp "$work/slurm.conf" /run/slurm-etc/
  mount --bind /run/slurm-etc /etc/slurm
  munged --force --key-file "$work/munge.key" --socket /run/munge/munge.socket.2 --pid-file /run/munge/munged.pid \
    --log-file /run/munge/munged.log --seed-file /run/munge/munged.seed
}

# submit NODES ARGUMENT...: scripts/slurm/train.sbatch as installed, on so many nodes of partition patient; sets $job.
submit() {
  local nodes=$1
  shift
  command=(sbatch --parsable --chdir "$shared" --nodes "$nodes" --ntasks-per-node 2
    --output "$shared/slurm-%j.out" --export "$exported" "$prefix/libexec/lockstep/train.sbatch" "$@")
  job=$(on n1 "${command[@]}")
}

# await_state JOB STATE...: or the check ends.
await_state() {
  local state='' tries job=$1
  shift
  for ((tries = 0; tries < 1200; tries++)); do
    state=$(scontrol show job "$job" | sed -nE 's/.*JobState=([A-Z_]+).*/\1/p')
    if [[ " $* " == *" $state "* ]]; then return; fi
    case $state in FAILED | CANCELLED | NODE_FAIL | TIMEOUT | COMPLETED) break ;; esac
    sleep 0.1
  done
  say "$(tail -n 12 "$work/shared/slurmctld.log")"
  differs "${command[*]}" "job $job in state $*" "$state: $(tail -n 30 "$work/shared/slurm-$job.out" 2>&1)"
}

# await_line JOB TEXT: of its output.
await_line() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    if grep -qs -e "$2" "$work/shared/slurm-$1.out"; then return; fi
    sleep 0.1
  done
  say "$(tail -n 20 "$work/shared/slurmctld.log")"
  differs "${command[*]}" "'$2'" "$(tail -n 30 "$work/shared/slurm-$1.out" 2>&1)"
}

# preempted START: a training on two nodes; an urgent job takes the first; it goes on where there are nodes.
preempted() {
  local began=$SECONDS urgent first second steps=(--recipe mlp-512 --max-steps 40 --threads 1 --data "$data")
  exported="PATH=$prefix/bin:/usr/bin:/bin,HOME=/root,LOCKSTEP_START=$1,LOCKSTEP_FAULT_SLOW=10:20"
  exported+=,OMPI_ALLOW_RUN_AS_ROOT=1,OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  submit 2 "${steps[@]}" --checkpoint-every 5 --output "$shared/runs/slurm-$1"
  await_state "$job" RUNNING
  first=$(nodes_of "$job")
  await_line "$job" "samples of"
  run=slurm-$1
  for _ in {1..300}; do [[ $(newest_checkpoint || true) != 15 ]] || break; sleep 0.1; done
  urgent=$(on n1 sbatch --parsable --partition urgent --nodes 1 --exclusive --nodelist "${first%% *}" \
    --output /dev/null --wrap "sleep 600")
  await_line "$job" "back into the queue"
  # Slurm lets it wait for two minutes, to be sure that its nodes have forgotten it, which they have within seconds.
  await_state "$job" PENDING
  scontrol update JobId="$job" StartTime=now+10
  await_state "$job" RUNNING
  second=$(nodes_of "$job")
  await_state "$job" COMPLETED
  scancel "$urgent"
  await_state "$urgent" CANCELLED
  digest=$(sed -n 's/^weights //p' "$work/shared/slurm-$job.out")
  [[ $digest == "$reference" ]] || differs "${command[*]}" "weights $reference" "weights $digest"
  held slurm "$1: $digest, preempted on $first, gone on with on $second; $((SECONDS - began)) s"
}

nodes_of() {
  scontrol show job "$1" | sed -nE 's/^ +NodeList=(.*)/\1/p' | xargs scontrol show hostnames | paste -sd ' '
}

check_slurm() {
  local exported job command reference run
  slurm_up
  train_on alone --recipe mlp-512 --max-steps 40 --output "$shared/runs/slurm-reference"
  reference=$digest
  preempted mpirun
  preempted srun
}
