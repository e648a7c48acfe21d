import Foundation
import LockstepCore
import Testing

/// Who waits for a run's lock, for how long, and what is said of it.
@Suite struct RunLockTests {
  let scratch: TemporaryDirectory
  private var path: String { scratch.path + "/run" }

  init() throws { scratch = try TemporaryDirectory() }

  private func take(
    shouldStop: Bool = false, tell: (String) -> Void = { _ in }
  ) throws -> RunLock {
    try RunLock.take(path, shouldStop: { shouldStop }, tell: tell)
  }

  private func content() throws -> String {
    String(decoding: try readFile(path + "/.lock", limit: 1000, kind: .data), as: UTF8.self)
  }

  @Test func theFileSaysWhoHasIt() throws {
    let lock = try take()
    #expect(try content().hasPrefix("pid \(ProcessInfo.processInfo.processIdentifier)\nhost "))
    #expect(try !content().contains("stopping"))
    withExtendedLifetime(lock) {}
  }

  /// The holder of some other process may say anything.
  @Test(arguments: ["", "pid", "pid x\nhost y\n", "\0\0\0", "pid 4\n", String(repeating: "p", count: 9999)])
  func aHolderWithoutANameIsWaitedForAsWell(text: String) throws {
    let lock = try take()
    _ = try scratch.write(Array(text.utf8), as: "run/.lock")
    // Data writes in place, so that the lock stays on the file.
    let error = #expect(throws: LockstepError.self) { try take(shouldStop: true) }
    #expect(error?.kind == .stopped)
    #expect(error?.description.contains("another process") == true, "\(error?.description ?? "")")
    withExtendedLifetime(lock) {}
  }

  @Test func aStopEndsTheWait() throws {
    let lock = try take()
    try mark(pid: 77)
    var told: [String] = []
    let error = #expect(throws: LockstepError.self) { try take(shouldStop: true) { told.append($0) } }
    #expect(error?.kind == .stopped)
    #expect(error?.description.contains("pid 77 on elsewhere") == true, "\(error?.description ?? "")")
    #expect(told == ["waiting for the run of pid 77 on elsewhere, which is stopping"])
    withExtendedLifetime(lock) {}
  }

  /// Any rank may be the one that is told to stop.
  @Test func aStopOfAnyRankEndsTheWait() throws {
    let lock = try take()
    try mark(pid: 77)
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { [path] collective in
      try RunLock.take(path, collective: collective, shouldStop: { collective.rank == 2 }, tell: { _ in })
    }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.exitStatus == 75)
    }
    withExtendedLifetime(lock) {}
  }

  @Test func theNextOneGetsItWhenItIsGivenBack() throws {
    var lock: RunLock? = try take()
    try mark(pid: 77)
    let next = try take { _ in lock = nil }
    #expect(lock == nil)
    #expect(try content().hasPrefix("pid \(ProcessInfo.processInfo.processIdentifier)\n"))
    withExtendedLifetime(next) {}
  }

  /// A lock on a file that is gone keeps nobody out.
  @Test func aDirectoryThatGoesAwayMeanwhileIsMadeAgain() throws {
    var lock: RunLock? = try take()
    try mark(pid: 77)
    let next = try take { [path] _ in
      try? FileManager.default.removeItem(atPath: path)
      lock = nil
    }
    #expect(try content().hasPrefix("pid "))
    withExtendedLifetime((lock, next)) {}
  }

  /// What only made the lock leaves nothing; a run that has begun stays.
  @Test func aDirectoryInWhichNothingBeganIsRemoved() throws {
    _ = try take()
    #expect(!FileManager.default.fileExists(atPath: path))
    _ = try RunDirectory(resuming: try take())
    #expect(FileManager.default.fileExists(atPath: path + "/checkpoints"))
    #expect(try content() == "")
  }

  private func mark(pid: Int) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/.lock"))
    try file.truncate(atOffset: 0)
    try file.write(contentsOf: Data("pid \(pid)\nhost elsewhere\nstopping\n".utf8))
    try file.close()
  }
}
