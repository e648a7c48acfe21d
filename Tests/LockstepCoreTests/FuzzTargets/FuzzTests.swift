import Foundation
import FuzzTargets
import LockstepCore
import Testing

/// The fuzz targets on their seed corpus and a bounded number of damaged inputs, the same ones in every run;
/// `scripts/fuzz` goes on for as long as one likes.
@Suite struct FuzzTests {
  private static let corpus = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzz/corpus")

  private func seeds(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let directory = Self.corpus.appendingPathComponent(target.name)
    return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map {
      ($0, Array(try Data(contentsOf: directory.appendingPathComponent($0))))
    }
  }

  @Test func everyDirectoryOfTheCorpusIsATarget() throws {
    let directories = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
    #expect(Set(directories) == Set(FuzzTarget.all.map(\.name)))
  }

  /// A seed's name says what must become of it.
  @Test(arguments: FuzzTarget.all) func seedsAreAcceptedOrRefused(target: FuzzTarget) throws {
    let seeds = try seeds(of: target)
    for (name, bytes) in seeds {
      var accepted = false
      #expect(throws: Never.self, "\(name)") { accepted = try target.accepts(bytes) }
      #expect(bytes.count <= target.longestInput)
      #expect(!name.hasPrefix(accepted ? "bad-" : "good-"), "\(name)")
    }
    #expect(seeds.contains { $0.name.hasPrefix("good-") } && seeds.contains { $0.name.hasPrefix("bad-") })
  }

  /// Every truncation and every flipped bit of every small seed.
  @Test(arguments: FuzzTarget.all) func everyTruncationAndFlippedBit(target: FuzzTarget) throws {
    for (name, bytes) in try seeds(of: target) where bytes.count <= 200 {
      for count in 0..<bytes.count {
        #expect(throws: Never.self, "\(count) bytes of \(name)") {
          try target.accepts(Array(bytes[..<count]))
        }
      }
      for bit in 0..<8 * bytes.count {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: Never.self, "bit \(bit) of \(name)") { try target.accepts(damaged) }
      }
    }
  }

  /// Some damage leaves an input sound: the targets would show nothing if none did, or all.
  @Test(arguments: FuzzTarget.all) func damagedInputs(target: FuzzTarget) throws {
    // A bomb takes many milliseconds; there are enough without.
    let seeds = try seeds(of: target).filter { $0.bytes.count <= 2000 }
    let good = seeds.filter { $0.name.hasPrefix("good-") }
    var mutator = Mutator(seed: 1, dictionary: target.dictionary)
    var accepted = 0
    let inputs = 5000
    for i in 0..<inputs {
      let (name, seed) = i.isMultiple(of: 2) ? seeds[i / 2 % seeds.count] : good[i / 2 % good.count]
      let bytes = mutator.mutate(seed)
      #expect(throws: Never.self, "input \(i), of \(name): \(bytes)") {
        if try target.accepts(bytes) { accepted += 1 }
      }
    }
    #expect(10...inputs / 2 ~= accepted, "\(accepted) accepted")
  }

  @Test func sameSeedSameDamage() {
    var (a, b, c) = (Mutator(seed: 1), Mutator(seed: 1), Mutator(seed: 2))
    let outputs = (0..<100).map { _ in (a.mutate([1, 2, 3]), b.mutate([1, 2, 3]), c.mutate([1, 2, 3])) }
    #expect(outputs.allSatisfy { $0.0 == $0.1 })
    #expect(outputs.contains { $0.0 != $0.2 })
  }
}

extension FuzzTarget: CustomTestStringConvertible {
  public var testDescription: String { name }
}
