/// Loads samples as they enter a network: normalized, and augmented.
struct SampleLoader {
  private let split: Split
  private let scale: Float
  private let shift: Float
  /// How images, and of what shape, are transformed; nil for not at all.
  private let augmenter: (Batch.Augmenter, FeatureLayout.Image)?

  /// What is no image is not transformed.
  init(_ split: Split, _ normalization: Normalization, _ augmenter: Batch.Augmenter?) {
    self.split = split
    (scale, shift) = normalization.affine(for: split.images.element)
    if let augmenter, let image = FeatureLayout(sampleShape: split.images.shape).image {
      self.augmenter = (augmenter, image)
    } else {
      self.augmenter = nil
    }
  }

  /// Whether `load` needs memory for an image before its transformation.
  var transforms: Bool { augmenter != nil }

  /// Writes a sample to a row; `original` is memory for another one, where samples are transformed.
  func load(
    _ sample: Int, into row: UnsafeMutablePointer<Float>, original: UnsafeMutablePointer<Float>? = nil
  ) {
    guard let (augmenter, image) = augmenter, let original else {
      return split.images.load(sample, into: row, scale: scale, shift: shift)
    }
    split.images.load(sample, into: original, scale: scale, shift: shift)
    Augmentation.apply(
      augmenter.augmentation.transform(seed: augmenter.seed, epoch: augmenter.epoch, sample: sample),
      from: original, to: row, channels: image.channels, height: image.height, width: image.width,
      outside: shift)
  }
}
