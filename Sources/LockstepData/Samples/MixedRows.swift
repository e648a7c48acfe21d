import LockstepSupport

/// What the rows of a batch are mixed with.
package struct MixedRows: @unchecked Sendable {
  /// The index in the dataset of each row's partner, [rows].
  package let samples: AlignedBuffer<Int>
  /// The partner's class, [rows].
  package let labels: AlignedBuffer<Int32>
  /// The partner's part of the row, [rows].
  package let parts: AlignedBuffer<Float>

  package init(capacity: Int) {
    samples = AlignedBuffer(count: capacity, zero: 0)
    labels = AlignedBuffer(count: capacity, zero: 0)
    parts = AlignedBuffer(count: capacity, zero: 0)
  }

  /// Notes the partner of a row.
  func set(_ row: Int, _ sample: Int, _ part: Float, _ split: Split) {
    (samples.pointer[row], parts.pointer[row]) = (sample, part)
    if !split.labels.isEmpty { labels.pointer[row] = split.labels[sample] }
  }
}
