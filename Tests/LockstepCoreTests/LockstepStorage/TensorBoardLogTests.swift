import Foundation
import LockstepCore
import Testing

/// What TensorBoard itself makes of the files is tried by scripts/test-python.
@Suite struct TensorBoardLogTests {
  /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  @Test func checksum() {
    #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(Checksum.crc32c(0..<32) == 0x46DD_794E)
    #expect(Checksum.crc32c("123456789".utf8) == 0xE306_9283)
    #expect(Checksum.crc32c([]) == 0)
  }

  /// Its checksums are those of google_crc32c, masked as TensorFlow's record_writer.h does.
  @Test func frame() {
    let length: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0]
    #expect(
      TensorBoardLog.record([1, 2, 3]) == length + [176, 153, 73, 14] + [1, 2, 3] + [57, 205, 192, 134])
  }

  @Test func aDirectoryThatCannotBe() throws {
    let scratch = try TemporaryDirectory(["file": []])
    let error = #expect(throws: LockstepError.self) {
      try TensorBoardLog(directory: scratch.path + "/file/logs", logEvery: 1) { _ in }
    }
    #expect(error?.description.contains("--tensorboard") == true, "\(String(describing: error))")
  }

  /// Two in the same second are two files.
  @Test func filesOfTheirOwn() throws {
    let scratch = try TemporaryDirectory()
    _ = try TensorBoardLog(directory: scratch.path + "/new/logs", logEvery: 1) { _ in }
    _ = try TensorBoardLog(directory: scratch.path + "/new/logs", logEvery: 1) { _ in }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/new/logs").count == 2)
  }
}
