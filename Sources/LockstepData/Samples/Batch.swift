import CKernels
import LockstepSupport

/// The samples of one forward pass: their pixels as Float in a workspace's input, and their labels.
package final class Batch {
  private let labelBuffer: AlignedBuffer<Int32>
  private let valueBuffer: AlignedBuffer<Float>
  private let scaling: TargetScaling?
  private let indexBuffer: AlignedBuffer<Int>
  /// What samples are mixed with; nil without mixup.
  private let mixed: MixedRows?
  /// Images before their transformation.
  private var originals: AlignedBuffer<Float>?
  /// The samples that others are mixed with.
  private var partners: AlignedBuffer<Float>?

  package var labels: UnsafePointer<Int32> { UnsafePointer(labelBuffer.pointer) }
  package var targets: BatchTargets {
    BatchTargets(
      labels: labels, values: UnsafePointer(valueBuffer.pointer), columns: scaling?.columns ?? 0,
      others: mixed.map { UnsafePointer($0.labels.pointer) },
      parts: mixed.map { UnsafePointer($0.parts.pointer) })
  }
  /// The index in the dataset of each row's sample.
  package var samples: UnsafePointer<Int> { UnsafePointer(indexBuffer.pointer) }

  /// `scaling` is that of targets; nil for classes. `mixes`: whether samples are mixed with others.
  package init(capacity: Int, targets scaling: TargetScaling? = nil, mixes: Bool = false) {
    self.scaling = scaling
    mixed = mixes ? MixedRows(capacity: capacity) : nil
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

  /// Loads `count` samples of a split; `index` gives the sample of each row. A batch that mixes takes a `mixup`.
  package func load(
    _ count: Int, from split: Split, normalization: Normalization, augmenter: Augmenter? = nil,
    mixup: Mixup? = nil, into input: Activations, team: ThreadTeam, index: @escaping (Int) -> Int
  ) {
    precondition((mixup != nil) == (mixed != nil), "a batch that mixes is made for it")
    let loader = SampleLoader(split, normalization, augmenter)
    Trace.span("load batch") {
      fill(count, from: split, by: loader, mixup: mixup, into: input, team: team, index: index)
      if let targets = split.targets { fill(count, from: targets, team) }
    }
  }

  /// Scales the targets of the rows' samples, if they are used.
  private func fill(_ count: Int, from targets: SampleTable, _ team: ThreadTeam) {
    guard let scaling else { return }
    let (values, columns, indices) = (valueBuffer.pointer, scaling.columns, indexBuffer.pointer)
    team.split(count, grain: 16) { [mixed] rows in
      for row in rows {
        for column in 0..<columns {
          func target(_ sample: Int) -> Double { scaling.scaled(targets.target(sample, column), column) }
          let own = target(indices[row])
          let other = mixed.map { Double($0.parts.pointer[row]) * (target($0.samples.pointer[row]) - own) }
          values[row * columns + column] = Float(own + (other ?? 0))
        }
      }
    }
  }

  private func fill(
    _ count: Int, from split: Split, by loader: SampleLoader, mixup: Mixup?, into input: Activations,
    team: ThreadTeam, index: @escaping (Int) -> Int
  ) {
    let (labels, indices) = (labelBuffer.pointer, indexBuffer.pointer)
    let originals = loader.transforms ? rows(&originals, as: input) : nil
    let mixing = mixup.map { ($0, rows(&partners, as: input)) }
    let copies = originals == nil && mixing == nil ? input.copies : nil
    team.split(count, grain: loader.transforms ? 2 : 16) { [mixed] rows in
      for row in rows {
        indices[row] = index(row)
        if !split.labels.isEmpty { labels[row] = split.labels[indices[row]] }
        if copies == nil { loader.load(indices[row], into: input.row(row), original: originals?.row(row)) }
        guard let (mixup, partners) = mixing, let mixed else { continue }
        let (partner, part) = mixup.partner(of: indices[row])
        mixed.set(row, partner, part, split)
        loader.load(partner, into: partners.row(row), original: originals?.row(row))
        kernel_move_average(
          partners.row(row), input.row(row), part, kernel_range(begin: 0, end: input.stride))
      }
    }
    let stride = input.stride
    copies?.renew { copy in
      for row in 0..<count {
        if row + 1 < count { split.images.prefetch(indices[row + 1]) }
        loader.load(indices[row], into: copy + row * stride)
      }
    }
  }

  /// Memory for images of the batch's rows, which is kept.
  private func rows(_ buffer: inout AlignedBuffer<Float>?, as input: Activations) -> Activations {
    let memory = buffer ?? AlignedBuffer(count: indexBuffer.count * input.stride, zero: 0)
    buffer = memory
    return Activations(memory.pointer, features: input.features)
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
