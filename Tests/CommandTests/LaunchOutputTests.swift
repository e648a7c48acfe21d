import Foundation
import Testing

/// What `scripts/launch` passes on of mpirun's output, and what it leaves out.
@Suite struct LaunchOutputTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test func keepsWhatMpirunSaysOfItself() throws {
    let result = try scene.launch(["/absent/lockstep"])
    #expect(result.status != 0)
    #expect(result.errors.contains("/absent/lockstep"), "\(result.errors)")
    try scene.write(mpirun: "echo one >&2; printf -- '%s' ---------------------------- >&2; exit 7")
    let unknown = try scene.launch([])
    #expect(unknown.status == 7)
    #expect(unknown.errors == "one\n----------------------------")
  }

  /// Open MPI 5 breaks its lines elsewhere.
  @Test(arguments: [75: true, 1: false, 7: false] as [Int: Bool]) func leavesOutWhatIsKnown(
    status: Int, isKnown: Bool
  ) throws {
    let rule = String(repeating: "-", count: 74)
    let block = """
      \(rule)
      prterun detected that one or more processes exited with non-zero status,
      thus causing the job to be terminated. The first process to do so was:

         Process name: [prterun-vm-19157@1,1]
         Exit code:    \(status)
      \(rule)

      """
    try scene.write(mpirun: "echo before >&2; echo '\(block)after' >&2; exit \(status)")
    let result = try scene.launch([])
    #expect(result.status == status)
    #expect(result.errors == "before\n" + (isKnown ? "" : block) + "after\n")
  }

  /// Progress is a line without an end: it must not wait for one.
  @Test func passesPartialLinesOn() throws {
    try scene.write(
      mpirun: #"printf 'step 1\r\033[K' >&2; until [ -e go ]; do sleep 0.02; done; printf 'end' >&2"#)
    let result = try scene.launch(
      [], within: ["sh", "-c", "exec \"$@\" 2>errors", "sh"],
      beside: "wait_for grep -q step errors; touch go")
    #expect(result.status == 0)
    #expect(try scene.scratch.text("errors") == "step 1\r\u{1B}[Kend")
  }

  /// Ranks write to mpirun's pipe: the variable names the terminal behind it.
  @Test func namesTheTerminal() throws {
    try scene.write(mpirun: "echo \"<$LOCKSTEP_TERMINAL> $1 $2\" >&2")
    let launch = "LOCKSTEP_TERMINAL=of:another:1 \(Repository.root)/scripts/launch -np 1 true"
    let command = "stty cols 43; tty; \(launch); \(launch) 2>plain; cat plain"
    let path = scene.scratch.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let result = try run(
      "script", ["-qec", command, "/dev/null"],
      environment: Launch.environment(ranks: 1).merging(["PATH": path, "SHELL": "/bin/sh"]) { $1 },
      directory: scene.scratch.path)
    let lines = result.output.split(whereSeparator: \.isNewline).map(String.init)
    try #require(lines.count == 3, "\(result)")
    let host = try run("uname", ["-n"]).output.trimmingCharacters(in: .newlines)
    // MPICH's hands all variables on.
    let option = Library.isOpenMPI ? "-x LOCKSTEP_TERMINAL" : "-np 1"
    #expect(lines[1] == "<\(host):\(lines[0]):43> \(option)")
    #expect(lines[2] == "<> -np 1")
  }
}
