import Foundation
import Testing

/// `scripts/train --restarts N`.
@Suite struct RestartsTests {
  let checkout: Checkout

  init() throws {
    checkout = try Checkout()
    try checkout.writeBinary(isCurrent: true)
  }

  /// Writes a lockstep that notes its arguments and ends with these statuses in turn.
  private func write(statuses: [Int]) throws {
    let wants = statuses.map(String.init).joined(separator: " ")
    try checkout.program(
      "lockstep",
      """
      case $1 in --version) echo 1.0; exit ;; esac
      echo "$*"
      echo >>'\(checkout.file("attempts"))'
      set -- \(wants)
      shift $(($(wc -l <'\(checkout.file("attempts"))') - 1))
      exit $1
      """, in: Library.scratch + "/release")
    try checkout.write("", to: "attempts")
  }

  private func train(_ arguments: [String], with variables: [String] = []) throws -> CommandResult {
    try checkout.script("train", arguments, through: ["env"] + variables)
  }

  @Test(arguments: [
    // The run ends well at the second attempt, or never; other ends than failures are final.
    ([1, 0], 3, 2, 0), ([137, 139, 1, 7], 3, 4, 7), ([64], 3, 1, 64), ([65], 3, 1, 65), ([1, 75], 3, 2, 75),
    ([1], 0, 1, 1), ([0], 2, 1, 0),
  ]) func goesOnWhereItFailed(statuses: [Int], restarts: Int, attempts: Int, status: Int) throws {
    try write(statuses: statuses)
    let result = try train(["--output", "run", "--restarts", "\(restarts)", "--epochs", "2"])
    #expect(Int(result.status) == status, "\(result.errors)")
    let again = String(repeating: "train --output run --epochs 2 --resume\n", count: attempts - 1)
    #expect(result.output == "train --output run --epochs 2\n" + again)
    for number in 1..<max(attempts, 1) {
      #expect(
        result.errors.contains("status \(statuses[number - 1]): restart \(number) of \(restarts)"),
        "\(result.errors)")
    }
  }

  @Test(arguments: [
    (["--restarts", "2"], "--output RUN"), (["--output=run", "--restarts", "-1"], "found '-1'"),
    (["--output=run", "--restarts=1e9"], "found '1e9'"), (["--output=run", "--restarts"], "found ''"),
  ]) func saysWhatItNeeds(arguments: [String], told: String) throws {
    try write(statuses: [0])
    let result = try train(arguments)
    #expect(result.status == 64 && result.errors.contains(told), "\(result.errors)")
    #expect(result.output == "")
  }

  /// A request to stop is the training's, even where it fails of it.
  @Test(arguments: ["TERM", "INT", "HUP", "USR1"]) func aRequestToStopIsNoFailure(signal: String) throws {
    try checkout.program(
      "lockstep",
      """
      case $1 in --version) echo 1.0; exit ;; esac
      trap 'echo "told to stop"; exit 9' \(signal)
      kill -\(signal) $PPID
      for n in $(seq 500); do sleep 0.02; done
      """, in: Library.scratch + "/release")
    let result = try train(["--output", "run", "--restarts", "3"])
    #expect(result.status == 9 && result.output == "told to stop\n", "\(result.status): \(result.errors)")
  }

  /// The machine that went away does not answer; the ranks are those that fit on the rest.
  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func goesOnOnTheMachinesThatAnswer() throws {
    try checkout.write("one slots=2\ntwo slots=3 # more\nthree slots=1\n", to: "machines")
    try checkout.program("getent", "echo 10.1.0.7 STREAM $2")
    try checkout.program("ip", "echo '10.1.0.7 dev ib0 src 10.1.0.1 uid 0'")
    try checkout.program(
      "ssh",
      """
      for command; do :; done
      case " $* " in *' two '*) if [[ -e lost ]]; then echo 'No route to host'; exit 255; fi ;; esac
      exec sh -c "$command"
      """)
    try checkout.program(
      "mpirun",
      """
      case $1 in --version) echo 'mpirun (Open MPI) 4.1.4'; exit ;; esac
      echo "$*"
      if [[ -e lost ]]; then exit 0; fi
      touch lost
      exit 1
      """)
    let variables = ["-u", "NP", "HOSTFILE=" + checkout.file("machines")]
    let result = try train(["--output", "run", "--restarts=2"], with: variables)
    #expect(result.status == 0, "\(result.errors)")
    let told = "restart 1 of 2 on one three; without two: No route to host. Is its name right, and is it up?"
    #expect(result.errors.contains(told), "\(result.errors)")
    let starts = result.output.split(separator: "\n")
    #expect(starts.count == 2 && starts[0].contains("-np 6 --hostfile \(checkout.file("machines"))"))
    #expect(starts.last!.contains("-np 3 --hostfile ") && starts.last!.hasSuffix("--output run --resume"))
  }

  /// Real ranks, of which one is killed once.
  @Test(arguments: [1, 3]) func comesToTheSameBits(ranks: Int) throws {
    let scene = try TrainingScene()
    let recipe = ["--model", "linear", "--max-steps", "60", "--checkpoint-every", "20", "--threads", "1"]
    let once = """
      #!/bin/sh
      if [ $1 = train ] && mkdir '\(scene.scratch.path)/once' 2>/dev/null; then
        export LOCKSTEP_FAULT_SIGNAL=\(SIGKILL):45
      fi
      exec '\(Repository.lockstep)' "$@"
      """
    try scene.scratch.write(Data(once.utf8), to: "lockstep")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scene.scratch.file("lockstep"))
    let result = try scene.foreground(
      [
        "env", "LOCKSTEP=" + scene.scratch.file("lockstep"), "NP=\(ranks)",
        Repository.root + "/scripts/train", "--data", scene.data, "--output", scene.scratch.file("run"),
        "--restarts", "1",
      ] + recipe, ranks: ranks, beside: ":")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("status 137: restart 1 of 1."), "\(result.errors)")
    #expect(try result.output.contains("weights " + scene.train(recipe).digest), "\(result.output)")
  }
}
