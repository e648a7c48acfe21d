# What ranks on several machines need, for scripts/train and scripts/launch. Goes with scripts/common.bash, and like it
# keeps to what bash 3.2 understands. Settings that the user has made win everywhere.
# shellcheck shell=bash

# hosts_of_file FILE: its machines, each once, in order.
hosts_of_file() { sed 's/#.*//' "$1" | awk 'NF && !seen[$1]++ { print $1 }'; }

# slots_of_file FILE: the ranks that its machines take; nothing where a line leaves that to Open MPI.
slots_of_file() {
  sed 's/#.*//' "$1" | awk '
    NF && !match($0, /slots *= *[0-9]+/) { unknown = 1 }
    NF { text = substr($0, RSTART, RLENGTH); sub(/.*= */, "", text); sum += text }
    END { if (!unknown && sum) print sum }'
}

# hosts_of_arguments [ARGUMENT...]: the machines that mpirun would use.
hosts_of_arguments() {
  local file='' list=''
  while [[ $# -gt 0 ]]; do
    case $1 in
      --hostfile | -hostfile | --machinefile | -machinefile | --default-hostfile | -default-hostfile) file=${2:-} ;;
      --host | -host | -H) list=${2:-} ;;
      # Here mpirun's own arguments end.
      */lockstep | lockstep) break ;;
    esac
    shift
  done
  if [[ -n $list ]]; then
    tr ',' '\n' <<<"$list" | sed 's/:.*//'
  elif [[ -n $file && -r $file ]]; then
    hosts_of_file "$file"
  elif [[ -n ${SLURM_JOB_NODELIST:-} ]] && have scontrol; then
    scontrol show hostnames "$SLURM_JOB_NODELIST"
  fi
}

# placed_ranks [ARGUMENT...]: mpirun's arguments. "HOST ranks FIRST to LAST" for each machine of a hostfile whose slots
# are filled in order; nothing where an option asks for another order, or a slot is not given.
placed_ranks() {
  local file='' ranks=''
  while [[ $# -gt 0 ]]; do
    case $1 in
      --hostfile | -hostfile | --machinefile | -machinefile) file=${2:-} ;;
      -np | --np | -n | --n | -c) ranks=${2:-} ;;
      : | -N | *map-by | *rank-by | *bynode | *npernode | *rankfile | -rf | *host | -H) return 0 ;;
      */lockstep | lockstep) break ;;
    esac
    shift
  done
  if [[ ! -r $file || ! $ranks =~ ^[0-9]+$ || -z $(slots_of_file "$file") ]]; then return 0; fi
  sed 's/#.*//' "$file" | awk -v ranks="$ranks" '
    NF && match($0, /slots *= *[0-9]+/) {
      text = substr($0, RSTART, RLENGTH); sub(/.*= */, "", text)
      if (!($1 in slots)) names[++count] = $1
      slots[$1] += text
    }
    END {
      first = 0
      for (i = 1; i <= count && first < ranks; i++) {
        last = first + slots[names[i]] - 1
        if (last >= ranks) last = ranks - 1
        print names[i], first == last ? "rank " first : "ranks " first " to " last
        first = last + 1
      }
    }'
}

# Of the names on standard input those that are other machines.
other_hosts() {
  local host own
  own=$(uname -n)
  while read -r host; do
    case $host in
      localhost | 127.* | ::1 | "$own" | "${own%%.*}") ;;
      *) if ! is_own_address "$host"; then echo "$host"; fi ;;
    esac
  done
}

# A name or an address that a route leads to without leaving this machine.
is_own_address() { have ip && [[ $(route_to "$1") == local\ * ]]; }

# route_to HOST: as `ip route get` tells it, in one line; nothing where it has no address.
route_to() {
  local address
  address=$(getent ahostsv4 "$1" 2>/dev/null | awk 'NR == 1 { print $1 }')
  if [[ -n $address ]]; then ip -o -4 route get "$address" 2>/dev/null || true; fi
}

# networks_to HOST...: the networks of this machine, as ADDRESS/BITS, that reach the hosts. Nothing where one is behind
# a router: its own network is another one then.
networks_to() {
  local host route device source network networks=''
  for host in "$@"; do
    route=$(route_to "$host")
    if [[ -z $route || $route == *" via "* ]]; then return; fi
    device=$(sed -nE 's/.* dev ([^ ]+).*/\1/p' <<<"$route")
    source=$(sed -nE 's/.* src ([^ ]+).*/\1/p' <<<"$route")
    network=$(ip -o -4 addr show dev "$device" |
      awk -v source="$source" 'index($4, source "/") == 1 { print $4; exit }')
    if [[ -z $network ]]; then return; fi
    case ",$networks," in *",$network,"*) ;; *) networks=${networks:+$networks,}$network ;; esac
  done
  echo "$networks"
}

# set_up_machines [ARGUMENT...]: mpirun's arguments. Exports what it needs where these name other machines, and sets
# hand_on to the options that hand Lockstep's variables on to them.
set_up_machines() {
  local hosts=() host name
  hand_on=()
  while read -r host; do hosts+=("$host"); done < <(hosts_of_arguments "$@" | other_hosts)
  if [[ ${#hosts[@]} == 0 ]]; then return; fi
  # MPICH's mpirun hands all variables on, and has the network from the names.
  if uses_mpich; then
    export HYDRA_LAUNCHER_EXTRA_ARGS=${HYDRA_LAUNCHER_EXTRA_ARGS-"-o BatchMode=yes -o ConnectTimeout=10"}
    return
  fi
  # A machine that is lost is noticed after 8 s instead of 8 minutes.
  offer oob_tcp_keepalive_time 2 "$@"
  offer oob_tcp_keepalive_intvl 1 "$@"
  offer oob_tcp_keepalive_probes 2 "$@"
  # One that asks for a password, or does not answer, is an error and no wait.
  if have ssh; then offer plm_rsh_agent "ssh -o BatchMode=yes -o ConnectTimeout=10" "$@"; fi
  offer_network btl_tcp "${hosts[@]}" -- "$@"
  offer_network oob_tcp "${hosts[@]}" -- "$@"
  # mpirun hands Open MPI's variables on by itself. Files that name what is on this machine only are no use elsewhere.
  for name in $(compgen -e); do
    case $name in
      LOCKSTEP_STATUS_FILE | LOCKSTEP_TERMINAL | LOCKSTEP_HANG_SECONDS) ;;
      LOCKSTEP_?*) hand_on+=(-x "$name") ;;
    esac
  done
}

# translate_for_mpich [ARGUMENT...]: mpirun's arguments, in Open MPI's words. Sets translated to MPICH's, which reads no
# slots in a hostfile: "one slots=2" is the host one:2. Without a name of another machine it needs none.
translate_for_mpich() {
  local hosts
  translated=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --hostfile | -hostfile | --machinefile | -machinefile)
        [[ -r ${2:-} ]] || die "$1 ${2:-}: there is no such file that can be read."
        if [[ -n $(hosts_of_file "$2" | other_hosts) ]]; then
          hosts=$(sed 's/#.*//' "$2" | awk '
            NF && match($0, /slots *= *[0-9]+/) {
              text = substr($0, RSTART, RLENGTH); sub(/.*= */, "", text); print $1 ":" text; next
            }
            NF { print $1 }' | paste -s -d , -)
          translated+=(-hosts "$hosts")
        fi
        shift
        ;;
      # Here mpirun's own arguments end.
      */lockstep | lockstep) break ;;
      *) translated+=("$1") ;;
    esac
    shift
  done
  translated+=("$@")
}

# offer PARAMETER VALUE [ARGUMENT...]: for Open MPI, where neither variable nor argument sets it.
offer() {
  local variable=OMPI_MCA_$1
  if [[ -n ${!variable+set} || " ${*:3} " == *" $1 "* ]]; then return; fi
  export "$variable=$2"
}

# offer_network COMPONENT HOST... -- [ARGUMENT...]: by default Open MPI tries every interface, and hangs on those of
# container engines and hypervisors, which have the same addresses on every machine.
offer_network() {
  local component=$1 hosts=() networks include=OMPI_MCA_$1_if_include exclude=OMPI_MCA_$1_if_exclude
  shift
  while [[ $1 != -- ]]; do hosts+=("$1") && shift; done
  shift
  if [[ -n ${!include+set}${!exclude+set} || " $* " == *" ${component}_if_"* ]] || ! have ip; then return; fi
  networks=$(networks_to "${hosts[@]}")
  if [[ -n $networks ]]; then
    export "$include=$networks"
  else
    export "$exclude=127.0.0.0/8,docker0,virbr0,lxcbr0,podman0,cni0"
  fi
}

# check_machines BINARY HOST...: each answers without a password and has this very binary, or the script ends and says
# what to do.
check_machines() {
  local problems
  problems=$(problems_of_machines "$@" | sed 's/^/  /')
  [[ -z $problems ]] || die "expected machines that start ranks of $1, found:
$problems"
}

# problems_of_machines BINARY HOST...: "HOST: what is wrong" for each that cannot start ranks of the binary. All are
# asked at once.
problems_of_machines() {
  local binary=$1 expected host answers
  shift
  expected=$(identity_of "$binary")
  answers=$(mktemp -d "${TMPDIR:-/tmp}/lockstep-machines.XXXXXX")
  for host in "$@"; do
    # shellcheck disable=SC2029 # the path is this machine's
    ssh -o BatchMode=yes -o ConnectTimeout=10 "$host" "LC_ALL=C cksum '$binary' && '$binary' --version" </dev/null \
      >"$answers/$host" 2>&1 &
  done
  wait
  for host in "$@"; do
    if [[ $(<"$answers/$host") == "$expected" ]]; then continue; fi
    echo "$host: $(what_is_wrong "$binary" "$answers/$host")"
  done
  rm -rf "$answers"
}

identity_of() { LC_ALL=C cksum "$1" && "$1" --version; }

# what_is_wrong BINARY FILE: in words, with what to do, from a machine's answer.
what_is_wrong() {
  local last
  last=$(tail -n 1 "$2")
  last=${last%.}
  case $(<"$2") in
    *"Permission denied"* | *"Host key verification failed"*)
      echo "$last. It must let this user in without a question (ssh-copy-id)." ;;
    *cksum*"$1"*"No such file"*)
      echo "has no $1. Install it there (scripts/install), or where all machines see it." ;;
    *"error while loading shared libraries"*)
      echo "${last#*loading shared libraries: }. Install what is missing (Debian: openmpi-bin, or mpich)." ;;
    [0-9]*) echo "has another $1. Copy this machine's there." ;;
    *) echo "$last. Is its name right, and is it up?" ;;
  esac
}
