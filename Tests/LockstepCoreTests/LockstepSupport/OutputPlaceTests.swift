import Foundation
import LockstepCore
import Testing

/// What is no regular file is written to and stays what it is; links stay links.
@Suite struct OutputPlaceTests {
  let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory() }

  private func link(_ name: String, to target: String) throws -> String {
    let path = scratch.path + "/" + name
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    return path
  }

  private func isLink(_ path: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
  }

  @Test(arguments: [["there"], ["absent"], ["hop", "there"], ["deep/there"], ["deep/up", "../there"]])
  func behindLinks(hops: [String]) throws {
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/deep", withIntermediateDirectories: false)
    for name in ["there", "deep/there"] { _ = try scratch.write([9, 9], as: name) }
    let first = try link("first", to: hops[0])
    if hops.count > 1 { _ = try link(hops[0], to: hops[1]) }
    try replaceFile(first, with: [1, 2, 3])
    #expect(isLink(first))
    #expect(try readFile(first, limit: 9, kind: .data) == [1, 2, 3])
    let names = try FileManager.default.subpathsOfDirectory(atPath: scratch.path)
    #expect(!names.contains { $0.contains("tmp") }, "\(names)")
  }

  @Test func aCircleOfLinks() throws {
    _ = try link("one", to: "two")
    let error = #expect(throws: LockstepError.self) { try replaceFile(link("two", to: "one"), with: [1]) }
    #expect(error?.found.contains("Too many levels of symbolic links") == true, "\(error?.found ?? "")")
  }

  /// By a link, not to harm the machine where this fails.
  @Test func aDevice() throws {
    let path = try link("null", to: "/dev/null")
    try replaceFile(path, with: [1, 2, 3])
    #expect(isLink(path))
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func aFullDevice() throws {
    let error = #expect(throws: LockstepError.self) {
      try replaceFile(link("full", to: "/dev/full"), with: [1], option: "--predictions")
    }
    #expect(error?.found.contains("No space left on device") == true, "\(error?.found ?? "")")
    #expect(error?.fix?.contains("choose another --predictions") == true)
  }

  @Test func aFIFO() throws {
    let path = scratch.path + "/fifo"
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try replaceFile(path, with: [1, 2, 3])
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(reader, &bytes, 8) == 3 && bytes.starts(with: [1, 2, 3]))
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  /// An open file is neither replaced nor cut off: what others write to it comes after.
  @Test(arguments: ["/dev/fd/", "/proc/self/fd/"]) func anOpenFile(directory: String) throws {
    let path = try scratch.write([], as: "file")
    let file = open(path, O_WRONLY)
    defer { close(file) }
    #expect(write(file, "a", 1) == 1)
    try replaceFile("\(directory)\(file)", with: Array("b".utf8))
    #expect(write(file, "c", 1) == 1)
    #expect(try readFile(path, limit: 9, kind: .data) == Array("abc".utf8))
  }

  /// What a file cannot replace is told before the work, and again where it is tried all the same.
  @Test(arguments: [
    ("dir", "a directory"), ("dir/", "a directory"), ("link", "a directory"),
    ("absent/", "name of a directory"),
    ("absent/file", "there is no directory "), ("dangling", "there is no directory /nowhere"),
    ("socket", "a socket: "),
  ]) func noPlaceForAFile(name: String, found: String) throws {
    try FileManager.default.createDirectory(atPath: scratch.path + "/dir", withIntermediateDirectories: false)
    _ = try link("link", to: "dir")
    _ = try link("dangling", to: "/nowhere/file")
    #expect(mknod(scratch.path + "/socket", S_IFSOCK | 0o600, 0) == 0)
    let path = scratch.path + "/" + name
    let error = #expect(throws: LockstepError.self) {
      try replaceFile(path, with: [1], option: "--predictions")
    }
    #expect(error?.found.contains(found) == true && error?.subject == path, "\(error!)")
    if name != "socket" {
      #expect(throws: LockstepError.self) { try checkOutput(path, option: "--predictions") }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 4)
  }

  @Test func placesForFiles() throws {
    _ = try scratch.write([], as: "there")
    for name in ["there", "absent"] { try checkOutput(scratch.path + "/" + name, option: "--output") }
    try checkOutput("/dev/null", option: "--output")
  }

  @Test(arguments: [0o600, 0o640, 0o444, 0o755]) func modesStay(mode: mode_t) throws {
    let path = try scratch.write([1], as: "file")
    #expect(chmod(path, mode) == 0)
    try replaceFile(path, with: [2])
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & 0o7777 == mode)
    #expect(status.st_size == 1)
  }

  /// The file that could not be replaced is only told of where there is one.
  @Test(arguments: [false, true]) func whatIsUntouched(isThere: Bool) throws {
    if isThere { _ = try scratch.write([1], as: "file") }
    let path = scratch.path + "/file"
    try FileManager.default.createDirectory(
      atPath: "\(path).tmp-\(getpid())", withIntermediateDirectories: false)
    let error = #expect(throws: LockstepError.self) { try replaceFile(path, with: [2]) }
    #expect(error?.fix?.contains("untouched") == isThere)
  }

  @Test func aNameOfFullLength() throws {
    let path = scratch.path + "/" + String(repeating: "ä", count: 127)
    try replaceFile(path, with: [1])
    #expect(try readFile(path, limit: 9, kind: .data) == [1])
  }
}
