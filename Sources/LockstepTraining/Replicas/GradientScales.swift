import CKernels
import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// The integer grids of `Reduction.exact32` and `exact16`, a power of two for each tensor. A micro-batch's gradient is
/// rounded to a multiple of it, of at most `most` in magnitude, so that integers of 32 or 16 bits hold the sum of all
/// micro-batches: those add up exactly in any order.
///
/// A step's grids are a function of the training's state, never of the ranks: from the exact maxima of the steps
/// before, over all micro-batches. The first step has none, and its gradients go in doubles. What does not fit is cut
/// off at the grid's end, which is a function of the micro-batch alone, and counted; the next grid is wider.
package final class GradientScales {
  /// By tensor, the largest magnitude of a micro-batch's gradient in the steps before, where it was not 0; 0 before
  /// that. What is past fades by a sixteenth a step: maxima of small micro-batches go up and down, and a grid that
  /// followed the last one alone would often be too narrow.
  package private(set) var largest: [Float]
  package let findings: GridFindings
  /// Of a sum's integers.
  package let bits: Int
  /// How many times the magnitude expected fits the grid. Sixteen bits have none to spare.
  private var headroom: Double { bits == 32 ? 8 : 2 }
  /// The largest multiple that a micro-batch's gradient becomes.
  package let most: Float
  private let seed: UInt64
  /// The samples of the largest global batch.
  private let fullBatch: Int
  /// Of each 16 elements of the flat buffer.
  private let tensors: AlignedBuffer<UInt32>
  /// Of each tensor, in this step.
  private let units: AlignedBuffer<Float>
  private var step = 0

  /// nil if the recipe's reduction has no grids.
  package init?(_ network: Network, _ recipe: Recipe, fullBatch: Int) {
    guard let bits = recipe.reduction.integerBits else { return nil }
    self.bits = bits
    most = Self.most(bits: bits, microBatches: recipe.microBatches)
    seed = recipe.seed
    self.fullBatch = fullBatch
    largest = [Float](repeating: 0, count: network.tensors.count)
    findings = GridFindings(tensors: network.tensors.count)
    tensors = TensorBlocks(network).numbers
    // A layer with a weight alone looks for the unit of its bias too.
    units = AlignedBuffer(count: network.tensors.count + 1, zero: 0)
    units.pointer[network.tensors.count] = 1
  }

  /// The largest multiple of which so many sum without overflow. 2^22 at most, so that single precision rounds to it.
  package static func most(bits: Int, microBatches: Int) -> Float {
    Float(min(1 << 22, (1 << (bits - 1) - 1) / microBatches))
  }

  /// Whether this is the first step, whose gradients go in doubles.
  package var isFirstStep: Bool { step == 1 }

  /// Sets the grids of a step, counted from 1, of so many samples.
  package func begin(_ step: Int, samples: Int) {
    self.step = step
    findings.reset()
    for (number, largest) in largest.enumerated() {
      units.pointer[number] = Self.unit(
        largest: largest, most: most, headroom: headroom, full: fullBatch, samples: samples)
    }
  }

  /// The least power of two of which `most` are at least `headroom` times the magnitude expected: `largest`, or 1
  /// before there is one. The gradient is divided by the number of samples: the shorter last batch of an epoch has
  /// larger ones.
  package static func unit(
    largest: Float, most: Float, headroom: Double, full: Int, samples: Int
  ) -> Float {
    let expected = Double(largest == 0 ? 1 : largest) * Double(max(full, samples)) / Double(max(samples, 1))
    let least = headroom * expected / Double(most)
    let exponent = Int(least.exponent) + (least.significand == 1 ? 0 : 1)
    return Float(sign: .plus, exponent: min(max(exponent, -120), 100), significand: 1)
  }

  /// Where the layer whose parameters start at `offset` writes its gradient; nil for `integers` and `update` only looks
  /// at it. `microBatch` is the number of the first of its rows.
  func slice(
    at offset: Int, microBatch: Int, into integers: UnsafeMutableRawPointer?, applying update: kernel_update?
  ) -> GradientSlice {
    let tensor = Int(tensors.pointer[offset / 16])
    let (weight, bias) = (units.pointer[tensor], units.pointer[tensor + 1])
    let stream = CounterRandom(seed: seed, purpose: .gradientRounding, time: step, sample: microBatch)
    let grid = kernel_grid(
      unit: (weight, bias), per_unit: (1 / weight, 1 / bias), most: most, bits: Int32(bits),
      random: kernel_random(
        seed: stream.seed, sample: stream.sample, time: stream.time, purpose: stream.purpose.rawValue),
      first_block: UInt32(truncatingIfNeeded: offset / 8))
    return .grid(
      GridSlice(grid: grid, tensor: tensor, integers: integers, update: update, findings: findings))
  }

  /// Ends the step with what all ranks have found. Collective.
  package func finish(_ collective: any Collective) throws {
    var found = findings.largest.map { Int32(bitPattern: $0) }
    try found.withUnsafeMutableBufferPointer { try collective.allReduceMaximum($0) }
    finish(found.map { UInt32(bitPattern: $0) })
  }

  /// The same with the bits of the largest magnitudes over all ranks.
  package func finish(_ found: [UInt32]) {
    for (number, bits) in found.enumerated() where bits > 0 && bits < Float.infinity.bitPattern {
      largest[number] = max(Float(bitPattern: bits), largest[number] * 0.9375)
    }
  }

  /// Resumes with another training's `largest`.
  package func restore(_ largest: [Float]) { self.largest = largest }

  /// This step's multiple of which an integer at `index` of the flat buffer is one.
  package func unit(at index: Int) -> Float { units.pointer[Int(tensors.pointer[index / 16])] }

  /// Buffers of integers as the kernels take them.
  func gradients(_ integers: UnsafePointer<UnsafeRawPointer?>?, count: Int32) -> kernel_grid_gradients {
    kernel_grid_gradients(
      integers: integers, count: count, bits: Int32(bits), units: units.pointer, tensors: tensors.pointer)
  }
}
