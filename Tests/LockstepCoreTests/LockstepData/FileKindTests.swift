import Foundation
import LockstepCore
import Testing

/// Whatever may lie under the name of a data file and is not one.
@Suite struct FileKindTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.path + "/train-images-idx3-ubyte"
  }

  @Test func missing() {
    expectDataError(path, ["No such file"]) { try IDXFile(path: path) }
  }

  @Test func directoryInstead() throws {
    try #require(mkdir(path, 0o755) == 0)
    expectDataError(path, ["a regular file", "found a directory"]) { try IDXFile(path: path) }
  }

  @Test func fifoDoesNotBlock() throws {
    try #require(mkfifo(path, 0o644) == 0)
    expectDataError(path, ["found a FIFO"]) { try IDXFile(path: path) }
  }

  @Test func deviceIsNotRead() throws {
    try #require(symlink("/dev/zero", path) == 0)
    expectDataError(path, ["found a device"]) { try IDXFile(path: path) }
  }

  @Test func linkToItself() throws {
    try #require(symlink(path, path) == 0)
    expectDataError(path, ["symbolic links"]) { try IDXFile(path: path) }
  }

  @Test func linkToAFileIsTheFile() throws {
    let file = try directory.write(idx([3]), as: "elsewhere")
    try #require(symlink(file, path) == 0)
    #expect(try IDXFile(path: path).header.dimensions == [3])
  }

  @Test func unreadable() throws {
    _ = try directory.write(idx([3]), as: "train-images-idx3-ubyte")
    try #require(chmod(path, 0) == 0)
    withoutRoot {
      expectDataError(path, ["Permission denied"]) { try IDXFile(path: path) }
    }
  }

  /// Root may read everything, so on Linux this thread's file accesses become those of "nobody".
  private func withoutRoot(_ body: () -> Void) {
    typealias SetUser = @convention(c) (UInt32) -> Int32
    let symbol = dlsym(nil, "setfsuid")
    let setUser = symbol.map { unsafeBitCast($0, to: SetUser.self) }
    let user = setUser?(65534)
    defer { _ = user.map { setUser!(UInt32($0)) } }
    body()
  }
}
