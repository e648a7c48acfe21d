import LockstepCore
import Testing

/// The real files, where they are at hand: every other test does without. CRC-32s, sums and labels were computed with
/// Python's gzip, zlib and numpy.
@Suite(.enabled(if: MNIST.directory != nil, "no MNIST here: scripts/fetch-data, then set LOCKSTEP_DATA"))
struct MNISTTests {
  @Test func mnistIsWhatPythonReads() throws {
    let data = try Dataset.load(directory: #require(MNIST.directory), collective: SingleProcess())
    #expect(data.classes == 10)
    for (split, count) in [(data.train, 60_000), (data.test, 10_000)] {
      #expect(split.count == count)
      #expect(split.images.count == count)
      #expect(split.images.shape == [28, 28])
      #expect(split.images.element == .uint8)
    }
    #expect(data.train.labels.prefix(5) == [5, 0, 4, 1, 9])
    #expect(data.test.labels.prefix(5) == [7, 2, 1, 0, 4])
    #expect(data.train.labels.reduce(0, +) == 267_236)
    #expect(data.test.labels.reduce(0, +) == 44_434)
    #expect(Dataset.crc(data.train.images) == 0xE9F4_D8B3)
    #expect(Dataset.crc(data.test.images) == 0x9137_3BDF)
    #expect(Dataset.crc(labels: data.train.labels) == 0xAAEF_D4C7)
    #expect(Dataset.crc(labels: data.test.labels) == 0x981C_1548)
    #expect(data.checksum == 0x8C0E_9F19_AC9E_D16C)
    #expect(sum(data.train.images) == 1_567_298_545)
    #expect(sum(data.test.images) == 264_923_200)
  }

  @Test func ranksShareOneCopyANode() throws {
    let directory = try #require(MNIST.directory)
    let results = ThreadedCollective.run(nodes: [0, 0, 0, 1]) {
      try Dataset.load(directory: directory, collective: $0)
    }
    let sets = try results.map { try $0.get() }
    #expect(Set(sets.map(\.checksum)).count == 1)
    #expect(Set(sets.map { $0.train.images.bytes.baseAddress }).count == 2)
    #expect(sets.allSatisfy { $0.train.labels == sets[0].train.labels })
  }

  private func sum(_ table: SampleTable) -> Int {
    withExtendedLifetime(table) { table.bytes.reduce(0) { $0 + Int($1) } }
  }
}
