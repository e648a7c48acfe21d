import Foundation
import LockstepCore
import Testing

@Suite struct FilesTests {
  private func names(in directory: TemporaryDirectory) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  @Test func replaceFileLeavesOnlyTheFile() throws {
    let directory = try TemporaryDirectory()
    for bytes in [[1, 2, 3], [], [UInt8](repeating: 7, count: 100_000)] as [[UInt8]] {
      try replaceFile(directory.path + "/f", with: bytes)
      #expect(try readFile(directory.path + "/f", limit: 100_000, kind: .data) == bytes)
    }
    #expect(try names(in: directory) == ["f"])
  }

  /// The new bytes cannot be written: the temporary file's name is taken by a directory.
  @Test func replaceFileLeavesTheOldBytesWhereWritingFails() throws {
    let directory = try TemporaryDirectory(["f": [1, 2, 3]])
    let obstacle = directory.path + "/f.tmp-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
    let error = #expect(throws: LockstepError.self) { try replaceFile(directory.path + "/f", with: [9]) }
    #expect(error?.kind == .failure)
    #expect(error?.subject == directory.path + "/f")
    #expect(error?.found.contains("Is a directory") == true)
    #expect(try readFile(directory.path + "/f", limit: 10, kind: .data) == [1, 2, 3])
  }

  /// The new bytes cannot take the old ones' place, and leave no litter.
  @Test func replaceFileCleansUpWhereRenamingFails() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path + "/f/full", withIntermediateDirectories: true)
    #expect(throws: LockstepError.self) { try replaceFile(directory.path + "/f", with: [9]) }
    #expect(try names(in: directory) == ["f"])
    #expect(throws: LockstepError.self) { try replaceFile(directory.path + "/none/f", with: [9]) }
  }

  @Test func readFileTakesRegularFilesUpToTheLimit() throws {
    let directory = try TemporaryDirectory(["f": [1, 2, 3]])
    #expect(try readFile(directory.path + "/f", limit: 3, kind: .data) == [1, 2, 3])
    for (path, limit) in [(directory.path + "/f", 2), (directory.path, 9), ("/dev/null", 9), ("/none", 9)] {
      let error = #expect(throws: LockstepError.self) { try readFile(path, limit: limit, kind: .usage) }
      #expect(error?.kind == .usage)
      #expect(error?.subject == path)
    }
  }

  @Test func readFileDoesNotWaitForAFIFO() throws {
    let directory = try TemporaryDirectory()
    #expect(mkfifo(directory.path + "/fifo", 0o600) == 0)
    #expect(throws: LockstepError.self) { try readFile(directory.path + "/fifo", limit: 9, kind: .data) }
  }
}
