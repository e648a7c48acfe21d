import CKernels
import LockstepSupport

/// The samples of one forward pass: their pixels as Float in a workspace's input, and their labels.
package final class Batch {
  private let labelBuffer: AlignedBuffer<Int32>
  private let valueBuffer: AlignedBuffer<Float>
  private let scaling: TargetScaling?
  private let indexBuffer: AlignedBuffer<Int>
  /// Images before their transformation.
  private var originals: AlignedBuffer<Float>?

  package var labels: UnsafePointer<Int32> { UnsafePointer(labelBuffer.pointer) }
  package var targets: BatchTargets {
    BatchTargets(labels: labels, values: UnsafePointer(valueBuffer.pointer), columns: scaling?.columns ?? 0)
  }
  /// The index in the dataset of each row's sample.
  package var samples: UnsafePointer<Int> { UnsafePointer(indexBuffer.pointer) }

  /// `scaling` is that of targets; nil for classes.
  package init(capacity: Int, targets scaling: TargetScaling? = nil) {
    self.scaling = scaling
    valueBuffer = AlignedBuffer(count: capacity * (scaling?.columns ?? 0), zero: 0)
    labelBuffer = AlignedBuffer(count: capacity, zero: 0)
    indexBuffer = AlignedBuffer(count: capacity, zero: 0)
  }

  /// Random transformations of the images, functions of seed, epoch and sample.
  package struct Augmenter {
    package let augmentation: Augmentation
    package let seed: UInt64
    package let epoch: Int

    package init(_ augmentation: Augmentation, seed: UInt64, epoch: Int) {
      self.augmentation = augmentation
      self.seed = seed
      self.epoch = epoch
    }
  }

  /// Loads `count` samples of a split; `index` gives the sample of each row.
  package func load(
    _ count: Int, from split: Split, normalization: Normalization, augmenter: Augmenter? = nil,
    into input: Activations, team: ThreadTeam, index: @escaping (Int) -> Int
  ) {
    Trace.span("load batch") {
      fill(
        count, from: split, normalization: normalization, augmenter: augmenter, into: input, team: team,
        index: index)
      if let targets = split.targets { fill(count, from: targets, team) }
    }
  }

  /// Scales the targets of the rows' samples, if they are used.
  private func fill(_ count: Int, from targets: SampleTable, _ team: ThreadTeam) {
    guard let scaling else { return }
    let (values, columns, indices) = (valueBuffer.pointer, scaling.columns, indexBuffer.pointer)
    team.split(count, grain: 16) { rows in
      for row in rows {
        for column in 0..<columns {
          let target = scaling.scaled(targets.target(indices[row], column), column)
          values[row * columns + column] = Float(target)
        }
      }
    }
  }

  private func fill(
    _ count: Int, from split: Split, normalization: Normalization, augmenter: Augmenter?,
    into input: Activations, team: ThreadTeam, index: @escaping (Int) -> Int
  ) {
    let images = split.images
    let labels = labelBuffer.pointer
    let (scale, shift) = normalization.affine(for: images.element)
    let indices = indexBuffer.pointer
    guard let augmenter, let image = FeatureLayout(sampleShape: images.shape).image else {
      let copies = input.copies
      team.split(count, grain: 16) { rows in
        for row in rows {
          indices[row] = index(row)
          if !split.labels.isEmpty { labels[row] = split.labels[indices[row]] }
          if copies == nil { images.load(indices[row], into: input.row(row), scale: scale, shift: shift) }
        }
      }
      let stride = input.stride
      copies?.renew { copy in
        for row in 0..<count {
          if row + 1 < count { images.prefetch(indices[row + 1]) }
          images.load(indices[row], into: copy + row * stride, scale: scale, shift: shift)
        }
      }
      return
    }
    let originals = originals ?? AlignedBuffer(count: indexBuffer.count * input.stride, zero: 0)
    self.originals = originals
    let plain = Activations(originals.pointer, features: input.features)
    team.split(count, grain: 2) { rows in
      for row in rows {
        indices[row] = index(row)
        if !split.labels.isEmpty { labels[row] = split.labels[indices[row]] }
        images.load(indices[row], into: plain.row(row), scale: scale, shift: shift)
        Augmentation.apply(
          augmenter.augmentation.transform(
            seed: augmenter.seed, epoch: augmenter.epoch, sample: indices[row]),
          from: plain.row(row), to: input.row(row), channels: image.channels, height: image.height,
          width: image.width, outside: shift)
      }
    }
  }
}

extension SampleTable {
  /// Prefetches a sample: the hardware cannot, because samples are read in random order.
  func prefetch(_ index: Int) {
    kernel_prefetch(bytes.baseAddress! + index * sampleByteCount, sampleByteCount)
  }

  /// Writes sample `index` as Floats: value * scale + shift.
  func load(_ index: Int, into row: UnsafeMutablePointer<Float>, scale: Float, shift: Float) {
    let count = elementsPerSample
    if element == .uint8 {
      let start = bytes.baseAddress! + index * count
      kernel_load_uint8(start.assumingMemoryBound(to: UInt8.self), row, count, scale, shift)
    } else {
      for i in 0..<count {
        row[i] = Float(shift).addingProduct(Float(element.value(at: index * count + i, in: bytes)), scale)
      }
    }
  }
}
