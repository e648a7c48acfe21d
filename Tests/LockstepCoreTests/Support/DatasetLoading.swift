import LockstepCore
import Testing

struct LoadedDataset {
  let dataset: Dataset
  let calls: [String]
}

/// Tests that load a dataset on several ranks.
protocol DatasetLoading {}

extension DatasetLoading {
  /// Loads on ranks 0, 1 (node 0), 2, 3, 4 (node 1), each from the directory of its rank.
  func load(
    _ directories: [TemporaryDirectory], failingAllocation: Int? = nil
  ) -> [Result<LoadedDataset, any Error>] {
    ThreadedCollective.run(nodes: [0, 0, 1, 1, 1], failingAllocation: failingAllocation) { collective in
      let dataset = try Dataset.load(directory: directories[collective.rank].path, collective: collective)
      return LoadedDataset(dataset: dataset, calls: collective.calls)
    }
  }

  func directories(_ files: [[String: [UInt8]]]) throws -> [TemporaryDirectory] {
    try files.map { try TemporaryDirectory($0) }
  }

  func expectAgreed(
    _ results: [Result<LoadedDataset, any Error>], rank: Int, _ fragments: String...,
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

  /// Every rank ends with the tiny dataset after the same calls, but for those that only readers make.
  func expectTiny(_ results: [Result<LoadedDataset, any Error>]) throws -> [LoadedDataset] {
    let loaded = try results.map { try $0.get() }
    for (rank, one) in loaded.enumerated() {
      #expect(one.dataset.train.labels == [3, 1, 4, 1])
      #expect(one.dataset.test.labels == [5, 0])
      #expect(one.dataset.train.images.sample(3) == [18, 19, 20, 21, 22, 23])
      #expect(one.dataset.test.images.sample(1) == [6, 7, 8, 9, 10, 11])
      #expect(one.dataset.checksum == loaded[0].dataset.checksum)
      let calls = [one, loaded[0]].map { $0.calls.filter { $0 != "broadcastAcrossNodes" } }
      #expect(calls[0] == calls[1], "rank \(rank)")
    }
    return loaded
  }

  /// The same, where the second node was sent rank 0's data; each says so, with the fragments.
  func expectSent(_ results: [Result<LoadedDataset, any Error>], _ fragments: String...) throws {
    for (rank, one) in try expectTiny(results).enumerated() {
      #expect(one.calls.contains("broadcastAcrossNodes") == [0, 2].contains(rank))
      let note = try #require(one.dataset.notes.first)
      for fragment in ["were sent to n1, "] + fragments { #expect(note.contains(fragment), "\(note)") }
    }
  }

  func addresses(_ loaded: [LoadedDataset]) -> [UnsafeRawPointer?] {
    loaded.map { $0.dataset.train.images.bytes.baseAddress }
  }
}
