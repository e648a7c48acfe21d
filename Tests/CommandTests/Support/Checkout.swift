import Foundation

/// A checkout to test the scripts in, with fake Swift, binary and sources.
struct Checkout {
  private let directory: TemporaryDirectory

  var path: String { directory.path }
  /// The arguments of calls of Swift, except those for its version.
  var called: String { (try? directory.text("called")) ?? "" }

  /// Contains the real scripts, and programs in bin/ that come first on PATH.
  init() throws {
    directory = try TemporaryDirectory()
    for name in ["bin", "Sources", Library.scratch + "/triple/release/ModuleCache"] {
      try FileManager.default.createDirectory(
        atPath: file(name), withIntermediateDirectories: true)
    }
    try directory.write(Data(), to: Library.scratch + "/triple/release/ModuleCache/a")
    try FileManager.default.createSymbolicLink(
      atPath: file(Library.scratch + "/release"), withDestinationPath: "triple/release")
    for name in ["scripts", "recipes", "benchmarks", "Fuzz", "hostfile"] {
      try FileManager.default.createSymbolicLink(
        atPath: file(name), withDestinationPath: Repository.root + "/" + name)
    }
    try directory.write(Data(), to: "Package.swift")
    try directory.write(Data(), to: "Sources/Trainer.swift")
    try program(
      "swift",
      "[ $1 = --version ] && echo 'Swift version 6.0.3' || echo \"$*\" >>'\(file("called"))'")
  }

  func file(_ name: String) -> String { directory.file(name) }

  func write(_ text: String, to name: String) throws { try directory.write(Data(text.utf8), to: name) }

  /// Writes a bash program.
  func program(_ name: String, _ script: String, in place: String = "bin") throws {
    try directory.write(Data(("#!/bin/bash\n" + script).utf8), to: place + "/" + name)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: file(place + "/" + name))
  }

  /// A binary, with the sources a minute older or newer than it.
  func writeBinary(isCurrent: Bool) throws {
    try program("lockstep", "echo ran \"$@\"", in: Library.scratch + "/release")
    let date = Date.now.addingTimeInterval(isCurrent ? -60 : 60)
    for name in ["Package.swift", "Sources/Trainer.swift"] {
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file(name))
    }
  }

  /// Runs a script by name, or a program by path.
  func script(_ name: String, _ arguments: [String], through prefix: [String] = []) throws
    -> CommandResult
  {
    let command = prefix + [name.contains("/") ? name : file("scripts/" + name)] + arguments
    let path = file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try run(
      command[0], Array(command.dropFirst()),
      environment: [
        "PATH": path, "NP": "1", "LOCKSTEP_DATA": "", "MPI": Library.isOpenMPI ? "" : "mpich",
      ],
      directory: self.path)
  }
}
