import Foundation
import Testing

/// `scripts/torture`, with few rounds: nothing is lost, and what were lost would be told.
@Suite(.enabled(if: Library.isOpenMPI, "counts on the status of mpirun, which MPICH's may lose"))
struct TortureTests {
  let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory() }

  private func torture(_ arguments: [String], lockstep: String = Repository.lockstep) throws -> CommandResult
  {
    try Launch.takingTurns {
      try run(
        Repository.root + "/scripts/torture", arguments,
        environment: ["LOCKSTEP": lockstep, "TMPDIR": scratch.path], timeout: 600)
    }
  }

  @Test func kills() throws {
    let result = try torture(["--rounds", "6", "--seed", "3"])
    #expect(result.status == 0, "\(result.errors)")
    let counts = try #require(
      result.output.firstMatch(of: /6 rounds, (\d+) kills, (\d+) resumes, (\d+) hand-overs, .* 0 bytes lost/),
      "\(result.output)")
    #expect(Int(counts.1)! > 0 && Int(counts.2)! > 0 && Int(counts.3)! > 0, "\(result.output)")
    #expect(try scratch.names() == [])
  }

  /// Whatever file operation of a process fails or is the last: the run goes on from what it left, to the same bytes.
  @Test(arguments: [(0, 1, 50), (2, 20, 2)]) func fileOperations(ranks: Int, every: Int, least: Int) throws {
    let result = try torture(["--file-operations", "--ranks", "\(ranks)", "--every", "\(every)"])
    #expect(result.status == 0, "\(result.errors)")
    for fault in ["kill", "ENOSPC", "EIO"] {
      let line = try #require(result.output.split(separator: "\n").first { $0.hasPrefix(fault) })
      let counts = line.firstMatch(of: /: (\d+) file operations hit, (\d+) resumes, 0 bytes lost/)
      #expect(counts.map { Int($0.1)! >= least && $0.1 == $0.2 } == true, "\(result.output)")
    }
  }

  /// A binary that, each time it goes on, does this to the run beforehand or afterwards.
  @Test(arguments: [
    ("", "printf x | dd of=$5/model.safetensors bs=1 seek=9000 conv=notrunc", "1 bytes lost"),
    ("", "rm $5/checkpoints/*8.safetensors", "64[0-9]{3} bytes lost"),
    ("", "sed -i.old 1d $5/config.yaml; rm $5/config.yaml.old", "bytes lost"),
    ("", "grep -v 'step\":3' $5/metrics.jsonl >$5/m; mv $5/m $5/metrics.jsonl", "bytes lost"),
    ("rm -rf $5/checkpoints", "", "did not go on from step"),
  ]) func whatIsLostIsTold(before: String, after: String, told: String) throws {
    let binary = """
      #!/bin/sh
      case "$*" in *--resume*) \(before.isEmpty ? ":" : before);; esac
      \(Repository.lockstep) "$@" || exit $?
      case "$*" in *--resume*) { \(after.isEmpty ? ":" : after); } 2>/dev/null;; esac
      exit 0
      """
    try scratch.write(Data(binary.utf8), to: "lockstep")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scratch.file("lockstep"))
    // The 51st operation comes after the checkpoints of steps 3 to 6.
    let result = try torture(
      ["--file-operations", "--ranks", "0", "--every", "50"], lockstep: scratch.file("lockstep"))
    #expect(result.status == 1)
    #expect(try result.errors.contains(Regex(told)), "\(result.errors)")
    let kept = try #require(result.errors.firstMatch(of: /The files are in ([^ ]+)/)).1
    #expect(FileManager.default.fileExists(atPath: kept + "/run"))
  }
}
