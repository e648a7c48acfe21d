import LockstepCore
import Testing

/// Damaged files load consistently or throw a LockstepError; they never crash, and cost no more than their size.
@Suite struct IDXFuzzTests {
  static let seeds: [[UInt8]] = [
    idx([4, 2, 3]), idx([6], [5, 0, 4, 1, 9, 2]), idx(.int32, [3, 2]), idx(.float64, [2, 1, 2, 2]),
    idx(.int16, [300, 10]), idx(.int8, [1, 1]),
  ]
  static let dictionary =
    IDXElement.allCases.map { [0, 0, $0.rawValue, 2] } + [[0x1F, 0x8B, 8], [0x1F, 0x8B]]

  /// Raw files, gzip files of damaged raw files, and damaged gzip files.
  @Test(arguments: 0..<3)
  func damagedFiles(layer: Int) {
    var mutator = Mutator(seed: UInt64(layer), dictionary: Self.dictionary)
    var loaded = 0
    for i in 0..<7000 {
      let seed = Self.seeds[i % Self.seeds.count]
      let contents =
        switch layer {
        case 0: mutator.mutate(seed)
        case 1: gzip(mutator.mutate(seed))
        default: mutator.mutate(gzip(seed, level: Int32(i % 10)))
        }
      do {
        let table = try open(contents)
        loaded += 1
        try use(table)
      } catch {
        #expect(error is LockstepError, "case \(i) of layer \(layer)")
      }
    }
    // Some damage leaves a file sound (and the corpus would be useless if none did, or all).
    #expect(loaded > 50 && loaded < 5000)
  }

  private func open(_ contents: [UInt8]) throws -> SampleTable {
    let file = try IDXFile(contents: contents, path: "fuzz")
    #expect(file.header.payloadByteCount <= contents.count * 1032)
    let table = try file.table()
    #expect(table.count > 0 && table.elementsPerSample > 0)
    #expect(table.bytes.count == table.count * table.sampleByteCount)
    #expect(table.sample(table.count - 1).count == table.sampleByteCount)
    if !file.isCompressed {
      #expect(
        table.sample(0) == Array(contents.dropFirst(file.header.byteCount).prefix(table.sampleByteCount)))
    }
    return table
  }

  private func use(_ table: SampleTable) throws {
    let labels = try table.labels(path: "fuzz")
    #expect(labels.count == table.count)
    let split = Split(images: table, labels: labels)
    let dataset = try Dataset(train: split, test: split, name: "fuzz")
    #expect((2...65_536).contains(dataset.classes))
  }

  @Test func sameSeedSameDamage() {
    var (a, b, c) = (Mutator(seed: 1), Mutator(seed: 1), Mutator(seed: 2))
    let outputs = (0..<100).map { _ in
      (a.mutate(Self.seeds[0]), b.mutate(Self.seeds[0]), c.mutate(Self.seeds[0]))
    }
    #expect(outputs.allSatisfy { $0.0 == $0.1 })
    #expect(outputs.contains { $0.0 != $0.2 })
  }
}
