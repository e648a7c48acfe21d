import LockstepCore
import Testing

/// Loading by several ranks on several nodes, each node with files of its own.
@Suite struct DatasetLoadTests {
  struct Loaded {
    let dataset: Dataset
    let calls: [String]
  }

  /// Loads on ranks 0, 1 (node 0), 2, 3, 4 (node 1), each from the directory of its rank.
  private func load(
    _ directories: [TemporaryDirectory], failingAllocation: Int? = nil
  ) -> [Result<Loaded, any Error>] {
    ThreadedCollective.run(nodes: [0, 0, 1, 1, 1], failingAllocation: failingAllocation) { collective in
      let dataset = try Dataset.load(directory: directories[collective.rank].path, collective: collective)
      return Loaded(dataset: dataset, calls: collective.calls)
    }
  }

  private func directories(_ files: [[String: [UInt8]]]) throws -> [TemporaryDirectory] {
    try files.map { try TemporaryDirectory($0) }
  }

  private func expectAgreed(
    _ results: [Result<Loaded, any Error>], rank: Int, _ fragments: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for result in results {
      let error = #expect(throws: AgreedError.self, sourceLocation: sourceLocation) { try result.get() }
      #expect(error?.rank == rank, sourceLocation: sourceLocation)
      for fragment in fragments {
        #expect(
          error?.message.contains(fragment) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation
        )
      }
    }
  }

  /// Every rank ends with the tiny dataset after the same calls.
  private func expectTiny(_ results: [Result<Loaded, any Error>]) throws -> [Loaded] {
    let loaded = try results.map { try $0.get() }
    for (rank, one) in loaded.enumerated() {
      #expect(one.dataset.train.labels == [3, 1, 4, 1])
      #expect(one.dataset.test.labels == [5, 0])
      #expect(one.dataset.train.images.sample(3) == [18, 19, 20, 21, 22, 23])
      #expect(one.dataset.test.images.sample(1) == [6, 7, 8, 9, 10, 11])
      #expect(one.dataset.checksum == loaded[0].dataset.checksum)
      #expect(one.calls == loaded[0].calls, "rank \(rank)")
    }
    return loaded
  }

  private func addresses(_ loaded: [Loaded]) -> [UnsafeRawPointer?] {
    loaded.map { $0.dataset.train.images.bytes.baseAddress }
  }

  @Test(arguments: [false, true]) func oneCopyANode(isCompressed: Bool) throws {
    let files = isCompressed ? compressed(tinyDataset()) : tinyDataset()
    let loaded = try expectTiny(load(directories(Array(repeating: files, count: 5))))
    let at = addresses(loaded)
    #expect(at[0] == at[1])
    #expect(at[2] == at[3] && at[2] == at[4])
    #expect(at[0] != at[2])
    #expect(loaded[0].calls.contains("nodeBarrier"))
  }

  /// What the other ranks of a node would read is of no matter.
  @Test func onlyTheReaderReads() throws {
    var other = tinyDataset()
    other["train-images-idx3-ubyte"] = idx([4, 2, 3], Array(repeating: 0, count: 24))
    _ = try expectTiny(load(directories([tinyDataset(), other, tinyDataset(), other, compressed(other)])))
  }

  /// The files of the others are sound as far as the header and broken after it: they must not look there.
  @Test func onlyTheReaderInflates() throws {
    let large = largerThanAHeader()
    let damaged = large.mapValues { Array($0.dropLast()) + [$0.last! ^ 1] }
    let results = load(try directories([large, damaged, large, damaged, damaged]))
    for result in results { #expect(try result.get().dataset.train.count == 3) }
    expectAgreed(
      load(try directories([large, large, damaged, large, large])), rank: 2, "rank 2 on n1",
      "incorrect length check")
  }

  /// Compressed files longer than the longest header, so that reading the header does not reach the end.
  private func largerThanAHeader() -> [String: [UInt8]] {
    [
      "train-images-idx3-ubyte.gz": gzip(idx([3, 40, 40])),
      "train-labels-idx2-int.gz": gzip(idx([3, 1500], oneHot(3, columns: 1500))),
      "t10k-images-idx3-ubyte.gz": gzip(idx([2, 40, 40])),
      "t10k-labels-idx2-int.gz": gzip(idx([2, 1500], oneHot(2, columns: 1500))),
    ]
  }

  private func oneHot(_ rows: Int, columns: Int) -> [UInt8] {
    (0..<rows * columns).map { $0 % columns == 0 ? 1 : 0 }
  }

  @Test func oneNodeRawAndTheOtherCompressed() throws {
    let (raw, packed) = (tinyDataset(), compressed(tinyDataset()))
    _ = try expectTiny(load(directories([raw, raw, packed, packed, packed])))
    _ = try expectTiny(load(directories([packed, packed, raw, raw, raw])))
    // Even within a node, and by file.
    _ = try expectTiny(load(directories([raw, packed, packed, raw, packed])))
    var mixed = raw
    mixed["train-images-idx3-ubyte"] = nil
    mixed["train-images-idx3-ubyte.gz"] = packed["train-images-idx3-ubyte.gz"]
    let loaded = try expectTiny(load(directories([raw, raw, mixed, mixed, mixed])))
    #expect(loaded.allSatisfy { $0.calls.contains("allocateShared(256)") })
  }

  @Test func fileMissingOnOneRank() throws {
    for files in [tinyDataset(), compressed(tinyDataset())] {
      let whole = try TemporaryDirectory(files)
      for name in files.keys {
        let lacking = try TemporaryDirectory(files.filter { $0.key != name })
        for odd in 0..<5 {
          let results = load((0..<5).map { $0 == odd ? lacking : whole })
          expectAgreed(
            results, rank: odd, "rank \(odd) on n\(odd < 2 ? 0 : 1): ", "expected train-images-idx3-ubyte")
        }
      }
    }
  }

  @Test func noTestFilesOnOneNode() throws {
    let training = tinyDataset().filter { $0.key.hasPrefix("train") }
    let loaded = try load(directories(Array(repeating: training, count: 5))).map { try $0.get().dataset }
    #expect(loaded.allSatisfy { $0.test.count == 0 && $0.train.count == 4 && $0.classes == 5 })
    expectAgreed(
      load(try directories([tinyDataset(), tinyDataset(), training, training, training])), rank: 2,
      "rank 2 on n1",
      "as on rank 0, found no such file")
    expectAgreed(
      load(try directories([training, training, tinyDataset(), training, training])), rank: 2, "rank 2 on n1",
      "expected no such file, as on rank 0")
  }

  @Test func damagedOnOneNode() throws {
    let good = tinyDataset().merging(["t10k-labels-idx1-ubyte": idx(.int8, [2], [5, 0])]) { $1 }
    for odd in 0..<5 {
      var sets = Array(repeating: good, count: 5)
      sets[odd]["train-images-idx3-ubyte"]!.removeLast()
      expectAgreed(load(try directories(sets)), rank: odd, "rank \(odd)", "found 39 bytes")
      // Of bytes that are not read nothing is said.
      if odd != 0, odd != 2 { continue }
      sets[odd] = good
      sets[odd]["t10k-labels-idx1-ubyte"] = idx(.int8, [2], [0, 0x80])
      expectAgreed(load(try directories(sets)), rank: odd, "rank \(odd)", "found -128 at index 1")
    }
  }

  @Test func everyRankFailsAlike() throws {
    let sets = Array(repeating: tinyDataset(), count: 5).map { files in
      files.merging(["train-labels-idx1-ubyte": idx(.float32, [4])]) { $1 }
    }
    let results = load(try directories(sets))
    expectAgreed(results, rank: 0, "labels of type float32")
    let error = #expect(throws: AgreedError.self) { try results[0].get() }
    #expect(error?.message.contains("rank") == false)
  }

  @Test func otherDataOnOneNodeIsNamed() throws {
    var other = tinyDataset()
    other["train-images-idx3-ubyte"]![20] ^= 1
    for node in [other, compressed(other)] {
      let own = tinyDataset()
      expectAgreed(
        load(try directories([own, own, node, node, node])), rank: 0,
        "the same data everywhere, found other data on n1 (rank 2) than on n0 (rank 0)")
    }
  }

  @Test func otherSizesOnOneNodeAreNamed() throws {
    var other = tinyDataset()
    other["train-images-idx3-ubyte"] = idx([5, 2, 3])
    other["train-labels-idx1-ubyte"] = idx([5])
    let (a, b) = (compressed(tinyDataset()), compressed(other))
    expectAgreed(
      load(try directories([a, a, b, b, b])), rank: 2, "rank 2 on n1: ", "/train-images-idx3-ubyte.gz: ",
      "expected the dimensions [4, 2, 3] of type uint8, as on rank 0, found the dimensions [5, 2, 3] of type uint8"
    )
    // On one rank of a node whose reader agrees, too.
    expectAgreed(load(try directories([a, a, a, b, a])), rank: 3, "rank 3 on n1: ", "as on rank 0")
  }

  @Test func noSharedMemoryOnOneNode() throws {
    let sets = Array(repeating: compressed(tinyDataset()), count: 5)
    expectAgreed(
      load(try directories(sets), failingAllocation: 1), rank: 2, "rank 2 on n1", "no shared memory")
  }
}
