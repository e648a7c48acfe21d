import LockstepSupport

extension Split {
  /// Some samples as they are before normalization, bytes divided by 255, and after augmentation and mixing where there
  /// is one: each in the order of its shape.
  package func numbers(
    of samples: [Int], augmenter: Batch.Augmenter? = nil, mixup: Mixup? = nil, team: ThreadTeam
  ) -> [[Float]] {
    let features = images.elementsPerSample
    let buffer = AlignedBuffer<Float>(count: samples.count * rowStride(features), zero: 0)
    let rows = Activations(buffer.pointer, features: features)
    Batch(capacity: samples.count, mixes: mixup != nil).load(
      samples.count, from: self, normalization: .none, augmenter: augmenter, mixup: mixup, into: rows,
      team: team
    ) { samples[$0] }
    return samples.indices.map { Array(UnsafeBufferPointer(start: rows.row($0), count: features)) }
  }
}
