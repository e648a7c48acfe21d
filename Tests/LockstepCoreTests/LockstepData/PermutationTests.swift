import LockstepCore
import Testing

@Suite struct PermutationTests {
  private func entries(_ count: Int, seed: UInt64 = 1, time: Int = 0) -> [Int] {
    let permutation = Permutation(count: count, seed: seed, purpose: .epochOrder, time: time)
    return (0..<count).map { permutation[$0] }
  }

  @Test(arguments: Array(1...70) + [127, 128, 129, 1000, 4095, 4096, 4097, 60_000])
  func isABijection(count: Int) {
    #expect(entries(count).sorted() == Array(0..<count))
  }

  @Test func everySeedAndEpochHasItsOrder() {
    let orders = [
      entries(1000), entries(1000, time: 1), entries(1000, seed: 2), entries(1000, seed: 1 << 32 + 1),
    ]
    #expect(Set(orders).count == 4)
    #expect(entries(1000) == orders[0])
  }

  /// Over many epochs every sample is as likely in every place: Pearson's chi-square of 8 x 8 counts with 49 degrees
  /// of freedom, whose 99.99th percentile is 95.
  @Test func placesAreUniform() {
    var counts = [[Double]](repeating: [Double](repeating: 0, count: 8), count: 8)
    for time in 0..<4000 {
      for (place, sample) in entries(8, time: time).enumerated() { counts[place][sample] += 1 }
    }
    let chiSquare = counts.joined().reduce(0) { $0 + ($1 - 500) * ($1 - 500) / 500 }
    #expect(chiSquare < 95)
  }

  /// A shuffle has about one fixed point, and neighbours rarely stay neighbours.
  @Test func hasNoVisibleStructure() {
    let order = entries(60_000)
    #expect(order.indices.count { order[$0] == $0 } < 10)
    #expect(zip(order, order.dropFirst()).count { $1 == $0 + 1 } < 10)
  }
}
