import LockstepData
import LockstepSupport
import PlatformC

/// The files that a dataset may have come from.
func inputFiles(of dataset: Dataset) -> [String] {
  fileNames(in: dataset.name).map { "\(dataset.name)/\($0)" }
}

/// Throws (usage) if an output would replace a file that the command reads, under any name.
func requireNoInput(_ output: String, option: String, inputs: [String]) throws {
  func identity(_ path: String) -> FileIdentity? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return FileIdentity(status)
  }
  guard let own = identity(output), let input = inputs.first(where: { identity($0) == own }) else { return }
  throw LockstepError(
    .usage, "\(option) \(output)", expected: "a file that is not read meanwhile", found: input,
    fix: "Choose another \(option)")
}
