# Machines for scripts/test-cluster, on this one: each has a network, a name, processes, shared memory and a /tmp of its
# own, and an sshd. All of them, the switch between them too, live in namespaces of one process, and go with it however
# it ends: no bridge, mount, process or file can be left.
# shellcheck shell=bash disable=SC2154,SC2034 # scripts/test-cluster has the other half

# Below /srv, which every Linux has, each host has a file system of its own; /srv/shared is seen by all.
prefix=/srv/lockstep data=/srv/mnist shared=/srv/shared
network=10.77.0

# What this machine lacks, as Debian's packages or in words.
cluster_obstacles() {
  [[ $(uname -s) == Linux ]] || echo "Linux"
  [[ $EUID == 0 ]] || echo "root"
  have ip || echo iproute2
  have ssh && have ssh-keygen || echo openssh-client
  have_sshd || echo openssh-server
  have unshare && have nsenter && have setpriv || echo util-linux
  have mpirun || echo openmpi-bin
}

have_sshd() { [[ -x /usr/sbin/sshd ]] || have sshd; }

# in_namespaces COMMAND [ARGUMENT...]: in place of this shell, as a machine of its own that ends with its parent, even
# by SIGKILL.
in_namespaces() {
  exec setpriv --pdeathsig KILL unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc "$@"
}

# Whether that may be done here. A container may have root without the right to it.
can_make_hosts() {
  local try='ip link add name br0 type bridge && ip link add name end0 type veth peer name end1'
  try+=' && mount -t tmpfs none /srv'
  (in_namespaces sh -c "$try") >/dev/null 2>&1
}

# cluster_up DIRECTORY HOSTS: hosts n1, n2, ... of which only n1 has the checkout and a Swift toolchain.
cluster_up() {
  local number
  work=$1 hosts=$2 unshares=()
  ip link set lo up
  ip link add switch type bridge
  ip addr add $network.254/24 dev switch
  ip link set switch up
  mkdir -p "$work/shared" "$work/ssh"
  make_keys
  for ((number = 1; number <= hosts; number++)); do start_host "$number"; done
  for ((number = 1; number <= hosts; number++)); do await_host "$number"; done
}

make_keys() {
  local number
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/key"
  echo "127.0.0.1 localhost" >"$work/hosts"
  for ((number = 1; number <= hosts; number++)); do
    ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host$number"
    cp "$work/ssh/key.pub" "$work/ssh/authorized_keys$number"
    echo "n$number $(<"$work/ssh/host$number.pub")" >>"$work/ssh/known_hosts"
    echo "$network.$number n$number" >>"$work/hosts"
  done
  cat >"$work/ssh/ssh_config" <<END
Host *
  IdentityFile $work/ssh/key
  UserKnownHostsFile $work/ssh/known_hosts
END
}

# The first process of a host, which ends all others of the host when it ends. In a file, since a check that starts a
# host anew does so in a shell of its own.
init_of() { cat "$work/n$1/init"; }

start_host() {
  local number=$1 tries script init=''
  mkdir -p "$work/n$number"
  # Before the fork, so that the process in the background has one child.
  script="$(declare -p work root prefix data shared network); $(declare -f); host_main $number"
  unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc bash -c "$script" \
    </dev/null >>"$work/n$number/log" 2>&1 &
  unshares[number]=$!
  for ((tries = 0; tries < 500; tries++)); do
    init=$(pgrep -P "${unshares[number]}" || true)
    if [[ -n $init ]]; then break; fi
    sleep 0.02
  done
  [[ -n $init ]] || die "host n$number did not start: $(tail -n 3 "$work/n$number/log")"
  echo "$init" >"$work/n$number/init"
  # The others remember the address of a host that comes back.
  ip link add "veth$number" type veth peer name eth0 address "02:00:00:00:00:0$number" netns "$init" ||
    die "host n$number did not start: $(tail -n 3 "$work/n$number/log")"
  ip link set "veth$number" master switch up
}

# The first process of a host.
host_main() {
  set -euo pipefail
  local number=$1
  hostname "n$number"
  make_mounts "$number"
  # What Open MPI must leave alone: the same address on every host, and nobody behind it.
  ip link set lo up
  ip link add docker0 type bridge
  ip addr add 172.17.0.1/16 dev docker0
  ip link add docker1 type veth peer name docker2
  ip link set docker1 master docker0 up
  ip link set docker2 up
  ip link set docker0 up
  until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
  ip addr add "$network.$number/24" dev eth0
  ip link set eth0 up
  start_sshd "$number"
}

start_sshd() {
  local sshd
  sshd=$(command -v sshd || echo /usr/sbin/sshd)
  cat >"/run/sshd_config" <<END
ListenAddress $network.$1
HostKey $work/ssh/host$1
AuthorizedKeysFile $work/ssh/authorized_keys$1
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp
END
  # A host lives as long as its sshd. Bash, as the first process, takes in processes whose parents have ended.
  "$sshd" -D -e -f /run/sshd_config &
  touch "$work/n$1/up"
  wait $!
}

make_mounts() {
  local number=$1 place
  mkdir -p "$work/n$number/srv"
  mount -t tmpfs -o size=2g "host$number" "$work/n$number/srv"
  mkdir -p "$work/n$number/srv"/{lockstep,mnist,shared,run}
  cp -a "$work/prefix/." "$work/n$number/srv/lockstep/"
  # n3 has none: it is sent them.
  if [[ $number != 3 ]]; then cp -a "$work/data/." "$work/n$number/srv/mnist/"; fi
  mount --bind "$work/shared" "$work/n$number/srv/shared"
  mount --rbind "$work/n$number/srv" /srv
  # The peers, for bench.
  if [[ -x $root/.venv/bin/python ]]; then mkdir /srv/peers && mount --bind "$root/.venv" /srv/peers; fi
  if [[ $number != 1 ]]; then hide; fi
  mount --bind "$work/hosts" /etc/hosts
  mount --bind "$work/ssh/ssh_config" /etc/ssh/ssh_config
  if [[ -d /root/.ssh ]]; then mount -t tmpfs none /root/.ssh; fi
  private_tmp "$number"
  for place in /dev/shm /run; do mount -t tmpfs none "$place"; done
  mkdir -p /run/sshd
}

# Checkout and $work may lie in the /tmp that is to be private.
private_tmp() {
  local place
  mkdir -p "$work/n$1/tmp"
  mount -t tmpfs none "$work/n$1/tmp"
  for place in "$work" "$root"; do
    if [[ $place != /tmp/* || $place == "$root" && $1 != 1 ]]; then continue; fi
    mkdir -p "$work/n$1$place"
    mount --rbind "$place" "$work/n$1$place"
  done
  mount --rbind "$work/n$1/tmp" /tmp
}

# Hides the checkout, the Swift toolchain and the data's own place from this host.
hide() {
  local swift toolchain
  mount -t tmpfs none "$root"
  if [[ -d ${LOCKSTEP_DATA:-} ]]; then mount -t tmpfs none "$LOCKSTEP_DATA"; fi
  swift=$(readlink -f "$(command -v swift)" || true)
  if [[ -z $swift ]]; then return; fi
  toolchain=${swift%/usr/bin/*}
  # A toolchain in a directory of its own, or a distribution's, whose files are among all others.
  if [[ -n $toolchain && $toolchain != "$swift" ]]; then
    mount -t tmpfs none "$toolchain"
  else
    mount --bind /dev/null "$swift"
  fi
}

await_host() {
  local tries
  for ((tries = 0; tries < 500; tries++)); do
    if [[ -e $work/n$1/up ]] && ssh -F "$work/ssh/ssh_config" -o BatchMode=yes -o ConnectTimeout=2 \
      -o HostKeyAlias="n$1" "root@$network.$1" true </dev/null 2>/dev/null; then return; fi
    kill -0 "${unshares[$1]}" 2>/dev/null || break
    sleep 0.05
  done
  die "host n$1 is not there: $(tail -n 3 "$work/n$1/log")"
}

# on HOST COMMAND [ARGUMENT...]: as a login there would run it; variables are given by env.
on() { on_terminal "$@" </dev/null; }

on_terminal() {
  local number=${1#n}
  shift
  nsenter --target "$(init_of "$number")" --net --uts --ipc --mount --pid -- \
    env -i PATH="$prefix/bin:${swift_path:-}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    HOME=/root LANG=C.UTF-8 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    ${host_environment[@]+"${host_environment[@]}"} "$@"
}

# processes_on HOST: those of Lockstep and Open MPI, as "PID COMMAND".
processes_on() {
  on "$1" ps -A -o pid=,stat=,args= | awk '$2 !~ /^Z/ && $3 ~ /(^|\/)(lockstep|orted|mpirun)$/ { $2 = ""; print }'
}

# end_host NUMBER: as a power cut does.
end_host() {
  kill -KILL "$(init_of "$1")" 2>/dev/null || true
  wait "${unshares[$1]}" 2>/dev/null || true
  ip link del "veth$1" 2>/dev/null || true
  rm -f "$work/n$1/up"
}

restart_host() {
  end_host "$1"
  start_host "$1"
  await_host "$1"
}
