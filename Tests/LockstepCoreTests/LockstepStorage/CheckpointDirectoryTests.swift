import Foundation
import LockstepCore
import Testing

@Suite struct CheckpointDirectoryTests {
  let scratch: TemporaryDirectory
  let directory: CheckpointDirectory

  init() throws {
    scratch = try TemporaryDirectory()
    directory = CheckpointDirectory(path: scratch.path + "/checkpoints")
  }

  private func write(_ steps: [Int], keep: Int = 100) throws {
    for step in steps {
      try directory.write(CheckpointTests.tiny(step: step).serialized(), step: step, keep: keep)
    }
  }

  @Test func namesSortAsSteps() {
    #expect(directory.file(step: 469) == directory.path + "/step-00000469.safetensors")
    #expect(directory.file(step: 1_234_567_890).hasSuffix("/step-1234567890.safetensors"))
  }

  @Test func onlyTheNewestStay() throws {
    try write([9, 10, 100], keep: 2)
    #expect(directory.steps == [10, 100])
  }

  /// The run went back to step 10: of what comes later only the damaged goes, when something newer is safe.
  @Test func laterOnesStayUnlessTheyAreDamaged() throws {
    try write([9, 10, 60, 70, 80])
    try directory.write(
      CheckpointTests.tiny(step: 50).serialized(), step: 50, keep: 2, damaged: [60, 80, 90])
    #expect(directory.steps == [10, 50, 70])
  }

  @Test func sparedOnesStay() throws {
    for step in [3, 4, 6, 7, 9] {
      let bytes = try CheckpointTests.tiny(step: step).serialized()
      try directory.write(bytes, step: step, keep: 1) { $0 % 3 == 0 }
    }
    #expect(directory.steps == [3, 6, 9])
  }

  @Test func otherFilesAreLeftAlone() throws {
    try write([1])
    let others = [
      "step-2.safetensors", "step-00000003.safetensors.bak", "step--0000004.safetensors", "notes",
    ]
    for name in others { _ = try scratch.write([1], as: "checkpoints/" + name) }
    #expect(directory.steps == [1])
    try write([5], keep: 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(Set(names) == Set(others + ["step-00000005.safetensors"]))
  }

  @Test func theNewestThatVerifiesIsTaken() throws {
    #expect(try directory.newest().file == nil)
    try write([5, 6, 7, 8])
    #expect(try directory.newest().file?.path == directory.file(step: 8))
    #expect(try directory.newest().skipped == [])
    var bytes = try readFile(directory.file(step: 8), limit: 1 << 20, kind: .data)
    bytes[bytes.count - 3] ^= 4
    _ = try scratch.write(bytes, as: "checkpoints/step-00000008.safetensors")
    _ = try scratch.write([], as: "checkpoints/step-00000007.safetensors")
    // Whole, but not what its name says.
    _ = try scratch.write(
      CheckpointTests.tiny(step: 5).serialized(), as: "checkpoints/step-00000006.safetensors")
    let found = try directory.newest()
    #expect(found.file?.path == directory.file(step: 5))
    #expect(found.skipped.count == 3)
    #expect(found.damaged == [8, 7])
    for (reason, fragments) in zip(
      found.skipped, [["00000008", "checksum"], ["00000007", "0 bytes"], ["00000006", "of step 5"]])
    {
      for fragment in fragments { #expect(reason.contains(fragment)) }
    }
  }

  /// Whole, but of a version that is yet to come, or not to be read now: neither may go.
  @Test func whatCannotBeGoneOnFromIsNotDamaged() throws {
    try write([5])
    try FileManager.default.createDirectory(
      atPath: directory.file(step: 7), withIntermediateDirectories: true)
    var bytes = try CheckpointTests.tiny(step: 9).serialized()
    let version = try #require(bytes.firstRange(of: Array("checkpoint.version\":\"1".utf8)))
    bytes[version.upperBound - 1] = UInt8(ascii: "9")
    _ = try scratch.write(Self.sealed(bytes), as: "checkpoints/step-00000009.safetensors")
    let found = try directory.newest()
    #expect(found.file?.path == directory.file(step: 5) && found.skipped.count == 2)
    #expect(found.skipped.first?.contains("checkpoint.version") == true, "\(found.skipped)")
    #expect(found.damaged == [])
  }

  /// Of a file system that is not mounted: the checkpoints are not gone.
  @Test func aLinkToNothing() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.path, withDestinationPath: scratch.path + "/scratch")
    let error = #expect(throws: LockstepError.self) { try directory.newest() }
    #expect(error?.kind == .data && error?.fix?.contains("mounted") == true, "\(error!)")
  }

  /// Told at the start, and not each time that the step's checkpoint cannot be written.
  @Test(arguments: [
    ("checkpoints/step-00000007.safetensors", LockstepError.Kind.data), ("model.safetensors", .failure),
  ])
  func aDirectoryInAFilesPlace(_ scenario: (name: String, kind: LockstepError.Kind)) throws {
    let path = scratch.path + "/" + scenario.name
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let lock = try RunLock.take(scratch.path, shouldStop: { false }, tell: { _ in })
    let error = #expect(throws: LockstepError.self) { try RunDirectory(resuming: lock) }
    #expect(error?.subject == path && error?.kind == scenario.kind, "\(error!)")
    #expect(
      error?.found.contains("a directory") == true && error?.fix?.lowercased().contains("remove it") == true)
  }

  /// With the checksum that changed bytes have: the CRC-32 of all, with zeros in its own place.
  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let start = 8 + #"{"__metadata__":{"lockstep.checkpoint":""#.utf8.count
    bytes.replaceSubrange(start..<start + 8, with: "00000000".utf8)
    let sum = bytes.reduce(~0 as UInt32) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    bytes.replaceSubrange(start..<start + 8, with: UInt64(~sum).hexadecimal.suffix(8).utf8)
    return bytes
  }
}
