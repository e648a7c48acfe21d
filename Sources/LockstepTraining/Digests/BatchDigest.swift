import LockstepData
import LockstepRanks
import LockstepSupport

/// A global batch in short, the same however its samples are divided among ranks: hashes of samples are added up, and
/// each hash knows its sample's position in the batch.
public struct BatchDigest: Equatable, Sendable {
  /// The samples of the global batch.
  public var samples: Int
  /// Which samples these are, and their labels: the sum mod 2⁶⁴ of the 64-bit FNV-1a of each sample's position in
  /// the batch, its index in the dataset and its label, or targets as scaled Floats, 32 bits each, little-endian. Where
  /// samples are mixed, the second label and its part follow the label.
  public var order: UInt64
  /// The samples as they enter the network, normalized and augmented: the same sum of position, index and the features
  /// as little-endian Float.
  public var inputs: UInt64
  /// The largest magnitude of a feature; NaN if any is.
  public var largest: Float

  /// Of a global batch of so many samples, none of which have been added.
  init(samples: Int) { (self.samples, order, inputs, largest) = (samples, 0, 0, 0) }

  /// Adds the rows of a shard, the first of which is at `position` in the global batch.
  mutating func add(_ shard: Shard, of batch: Batch, input: Activations, position: Int) {
    var largest = LargestMagnitude(bits: largest.bitPattern)
    let rows = input.readied(for: 0)
    for row in 0..<shard.entries.count {
      var place = FNV1a()
      place.combine(UInt32(truncatingIfNeeded: position + row))
      place.combine(UInt32(truncatingIfNeeded: batch.samples[row]))
      var features = place
      Self.combineLabel(of: row, batch.targets, into: &place)
      for value in UnsafeBufferPointer(start: rows + row * input.stride, count: input.features) {
        features.combine(value.bitPattern)
        largest.add(value)
      }
      order &+= place.value
      inputs &+= features.value
    }
    self.largest = largest.value
  }

  private static func combineLabel(of row: Int, _ targets: BatchTargets, into place: inout FNV1a) {
    guard targets.columns > 0 else {
      place.combine(UInt32(bitPattern: targets.labels[row]))
      guard let others = targets.others, let parts = targets.parts else { return }
      place.combine(UInt32(bitPattern: others[row]))
      return place.combine(parts[row].bitPattern)
    }
    for column in 0..<targets.columns {
      place.combine(targets.values[row * targets.columns + column].bitPattern)
    }
  }

  /// The digest of the whole batch, of those of the ranks' shards. Collective.
  func summed(_ collective: any Collective) throws -> BatchDigest {
    var sum = self
    sum.order = try collective.allGather(order).reduce(0, &+)
    sum.inputs = try collective.allGather(inputs).reduce(0, &+)
    let bits = try collective.allGather(UInt64(largest.bitPattern)).max() ?? 0
    sum.largest = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    return sum
  }
}
