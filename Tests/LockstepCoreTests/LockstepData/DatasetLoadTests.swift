import LockstepCore
import Testing

/// Loading by several ranks on several nodes, each node with files of its own.
@Suite struct DatasetLoadTests: DatasetLoading {
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
    for result in load(try directories([large, large, damaged, large, large])) {
      #expect(try result.get().dataset.notes[0].contains("incorrect length check"))
    }
    expectAgreed(
      load(try directories([damaged, large, large, large, large])), rank: 0, "rank 0 on n0",
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

  @Test func everyRankFailsAlike() throws {
    let sets = Array(repeating: tinyDataset(), count: 5).map { files in
      files.merging(["train-labels-idx1-ubyte": idx(.float32, [4])]) { $1 }
    }
    let results = load(try directories(sets))
    expectAgreed(results, rank: 0, "expected labels as those to train on, 1 number a sample")
    let error = #expect(throws: AgreedError.self) { try results[0].get() }
    #expect(error?.message.contains("rank") == false)
  }

  @Test func noSharedMemoryOnOneNode() throws {
    let sets = Array(repeating: compressed(tinyDataset()), count: 5)
    expectAgreed(
      load(try directories(sets), failingAllocation: 1), rank: 2, "rank 2 on n1", "no shared memory")
  }
}
