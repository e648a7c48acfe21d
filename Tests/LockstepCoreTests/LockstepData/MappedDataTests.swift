import Foundation
import LockstepCore
import Testing

/// Where memory leaves no room for a copy, raw files are mapped: what happens to them then is seen.
@Suite struct MappedDataTests {
  /// Loads on two ranks of one node without shared memory, then lets `body` see what each has.
  private func load<T: Sendable>(
    _ directories: [TemporaryDirectory], _ body: @escaping @Sendable (ThreadedCollective, Dataset) throws -> T
  ) -> [Result<T, any Error>] {
    ThreadedCollective.run(nodes: [0, 0], failingAllocation: 0) { collective in
      let dataset = try Dataset.load(directory: directories[collective.rank].path, collective: collective)
      return try body(collective, dataset)
    }
  }

  @Test func everyRankMaps() throws {
    let directory = try TemporaryDirectory(tinyDataset())
    let results = load([directory, directory]) { _, dataset in
      try dataset.requireUnchanged()
      #expect(dataset.train.labels == [3, 1, 4, 1])
      #expect(dataset.train.images.sample(3) == [18, 19, 20, 21, 22, 23])
      return UInt(bitPattern: dataset.train.images.bytes.baseAddress)
    }
    #expect(try Set(results.map { try $0.get() }).count == 2)
  }

  @Test func anotherCopyMustBeTheSame() throws {
    let (own, copy) = (try TemporaryDirectory(tinyDataset()), try TemporaryDirectory(tinyDataset()))
    for result in load([own, copy], { _, dataset in dataset.checksum }) { _ = try result.get() }
    var files = tinyDataset()
    files["train-images-idx3-ubyte"]![20] ^= 1
    let damaged = try TemporaryDirectory(files)
    for (pair, rank) in [([own, damaged], 1), ([damaged, own], 1)] {
      for result in load(pair, { _, dataset in dataset.checksum }) {
        let error = #expect(throws: AgreedError.self) { try result.get() }
        #expect(error?.message.contains("found other data on n0 (rank \(rank))") == true, "\(error!.message)")
      }
    }
  }

  /// Without room for a copy nothing can be sent.
  @Test func everyRankNeedsTheFiles() throws {
    let (own, lacking) = (try TemporaryDirectory(tinyDataset()), try TemporaryDirectory([:]))
    for result in load([own, lacking], { _, dataset in dataset.checksum }) {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message.contains("rank 1 on n0: \(lacking.path): ") == true, "\(error!.message)")
    }
  }

  @Test func compressedFilesNeedMemory() throws {
    let directory = try TemporaryDirectory(compressed(tinyDataset()))
    for result in load([directory, directory], { _, _ in 0 }) {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message.contains("no shared memory is left") == true)
    }
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let isSeen: Bool
    let make: @Sendable (String) throws -> Void
  }

  static let changes = [
    Change(testDescription: "none", isSeen: false) { _ in },
    Change(testDescription: "another mode", isSeen: false) { try #require(chmod($0, 0o600) == 0) },
    Change(testDescription: "another name", isSeen: false) { try #require(rename($0, $0 + ".old") == 0) },
    Change(testDescription: "removed", isSeen: false) { try #require(unlink($0) == 0) },
    Change(testDescription: "replaced by a rename", isSeen: false) { path in
      try Data(count: 40).write(to: URL(fileURLWithPath: path), options: .atomic)
    },
    Change(testDescription: "one byte", isSeen: true) { try write([9], to: $0, at: 20) },
    Change(testDescription: "the same byte", isSeen: true) { try write([4], to: $0, at: 20) },
    Change(testDescription: "more bytes", isSeen: true) { try write([1], to: $0, at: 40) },
    Change(testDescription: "one byte, and the time put back", isSeen: true) { path in
      var status = stat()
      try #require(stat(path, &status) == 0)
      try write([9], to: path, at: 20)
      let times = [status.st_atim, status.st_mtim]
      try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    },
  ]

  private static func write(_ bytes: [UInt8], to path: String, at offset: UInt64) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: bytes)
    try file.close()
  }

  @Test(arguments: changes) func aChangeIsSeen(change: Change) throws {
    let directory = try TemporaryDirectory(tinyDataset())
    let path = directory.path + "/train-images-idx3-ubyte"
    // A version of its own: a clock's tick may not lie between loading and the change.
    var past = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, &past, 0) == 0)
    let results = load([directory, directory]) { collective, dataset in
      try collective.barrier()
      if collective.rank == 0 { try change.make(path) }
      try collective.barrier()
      try dataset.requireUnchanged()
      // Once more: what was found to be the same stays so.
      try dataset.requireUnchanged()
    }
    for result in results {
      guard change.isSeen else {
        try result.get()
        continue
      }
      let error = #expect(throws: LockstepError.self) { try result.get() }
      #expect(error?.kind == .data && error?.subject == path)
      #expect(error?.description.contains("--resume") == true)
    }
  }
}
