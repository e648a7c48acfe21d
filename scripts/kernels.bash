# Shared by the scripts that test the C kernels without Swift. Source it after common.bash.
# shellcheck shell=bash disable=SC2154 # root

kernels=$root/Sources/CKernels
cases=$root/Tests/Kernels
golden=$cases/golden.txt
# One function of a kernel may use at most half of the stack that threads reserve for kernels (KERNEL_STACK_BYTES).
flags=(-std=gnu11 -O2 -Wall -Wextra -Wno-missing-field-initializers -Wno-unused-function -Werror
  -Wframe-larger-than=524288 "-I$kernels/include" "-I$kernels")

# Any clang serves; Swift brings one.
find_clang() {
  command -v clang || { have swift && ls "$(dirname "$(readlink -f "$(command -v swift)")")/clang"; } 2>/dev/null ||
    die "needs clang, which a Swift toolchain brings (in its usr/bin), on PATH."
}

native_directory() { printf '%s\n' "$root/.build/kernels/$(uname -m)"; }

# build_driver DIRECTORY CLANG [OPTION...]: builds driver and driver-wide if a source is newer.
build_driver() {
  local directory=$1 compile=("$2" "${flags[@]}" "${@:3}")
  mkdir -p "$directory"
  [[ -x $directory/driver-wide && -z $(find "$kernels" "$cases" -newer "$directory/driver-wide" -name '*.[chd]*') ]] &&
    return
  # Each leaves its object where the compiler was started.
  printf '%s\0' "$kernels"/*.c "$cases"/*.c |
    (cd "$directory" && xargs -0 -n 1 -P "$(cores)" "${compile[@]}" -c) || return 1
  local common=("$directory"/{driver,support,dense,dense_gradient,grid,convolution,convolution_gradient}.o
    "$directory"/{pooling,normalization,elementwise,update,avx2,avx512,dispatch}.o)
  "${compile[@]}" "${common[@]}" "$directory/portable.o" -o "$directory/driver" -lm &&
    "${compile[@]}" "${common[@]}" "$directory/wide.o" -o "$directory/driver-wide" -lm
}

# check_build DRIVER BUILD [REMARK]: its hashes are the golden ones. The driver may be several words.
check_build() {
  local driver=$1 build=$2 remark=${3:-} status=0 hashes
  # shellcheck disable=SC2086 # an emulator and its program
  hashes=$($driver "$build" 2>&1) || status=$?
  if [[ $status == 64 ]]; then
    say "kernels, $build: not run, this CPU cannot."
    return
  fi
  [[ $status == 0 ]] || die "kernels, $build${remark:+ $remark}: the driver ended with status $status:
$hashes"
  if [[ -n ${every_case:-} ]]; then
    # shellcheck disable=SC2086
    $driver "$build" --every-case >"$every_case/$(basename "$driver")-$build.txt"
  fi
  diff <(printf '%s\n' "$hashes") "$golden" >&2 ||
    die "kernels, $build${remark:+ $remark}: other bits (<) than golden (>). Each line is a kernel and a kind of
numbers; scripts/test-kernels --every-case DIRECTORY tells which cases."
  say "kernels, $build${remark:+ $remark}: the golden bits."
}
