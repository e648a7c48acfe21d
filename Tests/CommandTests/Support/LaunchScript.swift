import Foundation

/// `scripts/launch` with a training, and with an `mpirun` made up for a test.
extension TrainingScene {
  /// A training that `launch` can start.
  var train: [String] {
    [
      Repository.lockstep, "train", "--data", data, "--output", scratch.file("run"), "--model",
      "linear", "--log-every", "1", "--quiet", "--threads", "1",
    ]
  }
  var endless: [String] { ["--epochs", "1000000"] }

  /// `launch` on so many ranks with what comes before and after it; a `mpirun` is on PATH where one was written.
  func launch(
    _ command: [String], ranks: Int = 2, within: [String] = [], beside script: String = ":"
  ) throws -> CommandResult {
    let path = scratch.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try foreground(
      ["env", "PATH=" + path] + within
        + [
          Repository.root + "/scripts/launch", "-np", "\(ranks)", "--hostfile",
          Repository.root + "/hostfile",
        ] + command,
      ranks: ranks, beside: script)
  }

  func write(mpirun script: String) throws {
    try FileManager.default.createDirectory(
      atPath: scratch.file("bin"), withIntermediateDirectories: true)
    try scratch.write(Data(("#!/bin/bash\n" + script).utf8), to: "bin/" + Library.launcher)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scratch.file("bin/" + Library.launcher))
  }

  /// Starts the ranks with the real one, and then hangs, deaf to SIGTERM.
  func writeHangingMpirun() throws {
    let real = try run("sh", ["-c", "command -v \(Library.launcher)"]).output.trimmingCharacters(
      in: .newlines)
    try write(
      mpirun: """
        echo $$ >'\(scratch.file("pid"))'
        trap '' TERM INT HUP
        \(real) "$@" & ranks=$!
        trap 'kill -USR1 $ranks' USR1
        while wait $ranks; kill -0 $ranks 2>/dev/null; do :; done
        while :; do sleep 1; done
        """)
  }
}
