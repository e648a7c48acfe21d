import LockstepCore
import Testing

/// Nodes that lack the data of rank 0, or have other data, are sent them.
@Suite struct DatasetSendTests: DatasetLoading {
  @Test func fileMissingOnOneRank() throws {
    for files in [tinyDataset(), compressed(tinyDataset())] {
      let whole = try TemporaryDirectory(files)
      for name in files.keys {
        let lacking = try TemporaryDirectory(files.filter { $0.key != name })
        for odd in 0..<5 {
          let results = load((0..<5).map { $0 == odd ? lacking : whole })
          switch odd {
          case 0: expectAgreed(results, rank: 0, "rank 0 on n0: ", "expected train-images-idx3-ubyte")
          case 2: try expectSent(results, "expected train-images-idx3-ubyte")
          default: _ = try expectTiny(results)
          }
        }
      }
    }
  }

  @Test func noTestFilesOnOneNode() throws {
    let training = tinyDataset().filter { $0.key.hasPrefix("train") }
    let loaded = try load(directories(Array(repeating: training, count: 5))).map { try $0.get().dataset }
    #expect(loaded.allSatisfy { $0.test.count == 0 && $0.train.count == 4 && $0.classes == 5 })
    try expectSent(
      load(directories([tinyDataset(), tinyDataset(), training, training, training])),
      "as on rank 0, found no such file")
    let fewer = try load(directories([training, training, tinyDataset(), training, training])).map {
      try $0.get().dataset
    }
    #expect(fewer.allSatisfy { $0.test.count == 0 && $0.checksum == loaded[0].checksum })
    #expect(fewer[0].notes.contains { $0.contains("expected no such file, as on rank 0") })
  }

  @Test func damagedOnOneNode() throws {
    let good = tinyDataset().merging(["t10k-labels-idx1-ubyte": idx(.int8, [2], [5, 0])]) { $1 }
    for odd in 0..<5 {
      var sets = Array(repeating: good, count: 5)
      sets[odd]["train-images-idx3-ubyte"]!.removeLast()
      var labels = Array(repeating: good, count: 5)
      labels[odd]["t10k-labels-idx1-ubyte"] = idx(.int8, [2], [0, 0x80])
      for (sets, found) in [(sets, "found 39 bytes"), (labels, "found -128 at index 1")] {
        let results = load(try directories(sets))
        switch odd {
        case 0: expectAgreed(results, rank: 0, "rank 0", found)
        case 2: try expectSent(results, found)
        // Of bytes that are not read nothing is said.
        default: #expect(try expectTiny(results)[0].dataset.notes.isEmpty)
        }
      }
    }
  }

  @Test func otherDataOnOneNode() throws {
    var other = tinyDataset()
    other["train-images-idx3-ubyte"]![20] ^= 1
    for node in [other, compressed(other)] {
      let own = tinyDataset()
      try expectSent(load(directories([own, own, node, node, node])), "(other data)")
    }
  }

  @Test func otherSizesOnOneNode() throws {
    var other = tinyDataset()
    other["train-images-idx3-ubyte"] = idx([5, 2, 3])
    other["train-labels-idx1-ubyte"] = idx([5])
    let (a, b) = (compressed(tinyDataset()), compressed(other))
    let sizes = "the dimensions [4, 2, 3] of type uint8, as on rank 0, found the dimensions [5, 2, 3]"
    try expectSent(load(directories([a, a, b, b, b])), "/train-images-idx3-ubyte.gz: ", sizes)
    // Where the node's reader agrees, another rank's files are of no matter.
    _ = try expectTiny(load(directories([a, a, a, b, a])))
  }

  /// Three nodes, one rank each: one has the data, one lacks a file, one has a directory of nothing.
  @Test func severalNodesAreSent() throws {
    let whole = tinyDataset()
    let sets = try directories([whole, whole.filter { $0.key.hasPrefix("t10k") }, [:]])
    let results = ThreadedCollective.run(nodes: [0, 1, 2]) {
      try Dataset.load(directory: sets[$0.rank].path, collective: $0)
    }
    let loaded = try results.map { try $0.get() }
    #expect(Set(loaded.map(\.checksum)).count == 1 && loaded[2].train.labels == [3, 1, 4, 1])
    #expect(loaded[0].notes[0].contains("were sent to n1 and 1 more node, "), "\(loaded[0].notes)")
  }
}
