import Foundation

/// A command of a README and the output that is shown below it.
struct ReadmeCommand: Equatable {
  var text: String
  var shown: [String] = []
  /// The comment at the command's end is `# on MNIST`.
  var needsMNIST = false
}

/// The commands of a Markdown text, in order. In blocks fenced by ```` ```sh ```` and ```` ``` ````:
///
///     $ lockstep train --epochs 1                  a command; a backslash at its end continues it on the next line
///     test accuracy 97.81% (9781/10000), ...       output, up to the next command, an empty line or the block's end
///     $ scripts/fetch-data    # not run in tests  left out, with its output
///     $ scripts/train          # on MNIST          its output holds for MNIST only
///
/// Other lines of a block, before its first command, are ignored.
func readmeCommands(in markdown: String) -> [ReadmeCommand] {
  var commands: [ReadmeCommand] = []
  var isInBlock = false
  var isContinued = false
  var collectsOutput = false
  for line in markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
    if line.hasPrefix("```") {
      isInBlock = !isInBlock && line == "```sh"
      (isContinued, collectsOutput) = (false, false)
    } else if isInBlock, isContinued {
      commands[commands.count - 1].text += "\n" + line
      isContinued = line.hasSuffix("\\")
    } else if isInBlock, line.hasPrefix("$ ") {
      commands.append(ReadmeCommand(text: String(line.dropFirst(2))))
      (isContinued, collectsOutput) = (line.hasSuffix("\\"), true)
    } else if isInBlock, collectsOutput, !line.isEmpty {
      commands[commands.count - 1].shown.append(line)
    } else {
      collectsOutput = false
    }
  }
  for index in commands.indices { commands[index].needsMNIST = commands[index].text.hasSuffix("# on MNIST") }
  return commands.filter { !$0.text.hasSuffix("# not run in tests") }
}

/// Runs a README's commands as a reader would in the root of the repository.
///
/// The root is a copy of links, so that what the commands write (`runs/`) is removed with the test. All commands share
/// one shell: a `cd` or `export` holds for those after it. `swift build` is replaced by the build that the tests belong
/// to, because SwiftPM would wait for itself. Without MNIST the commands train on drawn digits.
struct ReadmeSession {
  let root: TemporaryDirectory

  init() throws {
    root = try TemporaryDirectory()
    let files = FileManager.default
    for name in try files.contentsOfDirectory(atPath: Repository.root)
    where ![".build", ".git", "runs", "data"].contains(name) {
      try files.createSymbolicLink(
        atPath: root.file(name), withDestinationPath: Repository.root + "/" + name)
    }
    let release = Library.scratch + "/release"
    for directory in [release, ".answers"] {
      try files.createDirectory(atPath: root.file(directory), withIntermediateDirectories: true)
    }
    try files.createSymbolicLink(
      atPath: root.file(release + "/lockstep"), withDestinationPath: Repository.lockstep)
    let swift = """
      #!/bin/sh
      [ "$1" = --version ] && { echo "Swift version 6.0"; exit; }
      [ "$1" = build ] || { echo "swift $*: mark the line '# not run in tests'" >&2; exit 1; }
      """
    try root.write(Data(swift.utf8), to: ".answers/swift")
    try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root.file(".answers/swift"))
  }

  /// Results by command; a command after one that ended the shell has none.
  func run(_ commands: [ReadmeCommand]) throws -> [CommandResult?] {
    var script = "export PATH=\"$PWD/.answers:$PATH\"\n"
    for (index, command) in commands.enumerated() {
      let answer = root.file(".answers/\(index)")
      script += "{ \(command.text)\n} >\(answer).output 2>\(answer).errors; echo $? >\(answer).status\n"
    }
    var variables = Launch.environment(ranks: ProcessInfo.processInfo.activeProcessorCount + 1)
    variables["LOCKSTEP_DATA"] = Repository.mnist ?? ""
    try root.write(Data(script.utf8), to: ".answers/script")
    _ = try Launch.takingTurns {
      try CommandTests.run(
        "bash", [root.file(".answers/script")], environment: variables, directory: root.path, timeout: 300)
    }
    return commands.indices.map { index in
      guard let text = try? root.text(".answers/\(index).status"), let status = Int32(text.dropLast()),
        let output = try? root.text(".answers/\(index).output"),
        let errors = try? root.text(".answers/\(index).errors")
      else { return nil }
      return CommandResult(status: status, output: output, errors: errors)
    }
  }
}
