import LockstepData

/// Order and split by a seed: functions of the seed and the number of samples, whatever machine and threads.
package enum SeededOrder {
  /// A permutation of `0 ..< count`.
  package static func order(count: Int, seed: UInt64, half: Int) -> [Int] {
    guard count > 0 else { return [] }
    let permutation = Permutation(count: count, seed: seed, purpose: .importing, time: half)
    return (0..<count).map { permutation[$0] }
  }

  /// Whether each sample is to test with: the same fraction of each class, rounded to the nearest number of samples.
  package static func isTest(labels: [Int32], fraction: Double, seed: UInt64) -> [Bool] {
    var members: [Int32: [Int]] = [:]
    for (index, label) in labels.enumerated() { members[label, default: []].append(index) }
    var result = [Bool](repeating: false, count: labels.count)
    for (label, own) in members {
      let order = order(count: own.count, seed: seed, half: 2 + Int(label))
      for place in order.prefix(Int((Double(own.count) * fraction).rounded())) { result[own[place]] = true }
    }
    return result
  }
}
