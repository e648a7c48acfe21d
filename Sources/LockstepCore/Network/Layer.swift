import CKernels

/// One layer: its forward and its backward, and nothing about ranks or optimizers.
///
/// A layer owns no memory. Its parameters are a range of the network's one flat buffer, in the layout that its kernels
/// want; `tensors` says where each element of PyTorch's layout lies in it.
package protocol Layer: Sendable {
  /// One sample's output.
  var output: FeatureLayout { get }
  /// Floats in the flat buffer, padding included: a multiple of 16.
  var parameterCount: Int { get }
  /// The parameters as PyTorch names and shapes them, relative to the layer.
  var tensors: [ParameterTensor] { get }
  /// Multiplications and additions of a sample's forward pass, counted as two.
  var flopsPerSample: Int { get }
  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int

  /// y = f(x), `[rows, in] -> [rows, out]`.
  func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)

  /// Given dL/dy, writes dL/dx where `dx` is asked for, and hands on the parameters' gradient, each micro-batch's share
  /// rounded as `GradientSum` says. May overwrite `dy`. Returns false where a gradient is NaN or too large to sum
  /// exactly.
  func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool
}

extension Layer {
  package var outputShape: [Int] { output.shape }
  package var parameterCount: Int { 0 }
  package var tensors: [ParameterTensor] { [] }
  package var flopsPerSample: Int { 0 }
  package func scratchCount(rows: Int) -> Int { 0 }
}

/// A batch of activations, row-major: sample r's features start at `pointer + r * stride`. The stride is a multiple of
/// 16; what lies between the features and the stride is zero.
package struct Activations: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let features: Int
  package var stride: Int { rowStride(features) }

  /// Where every thread has rows of its own; `pointer` is then that of nobody.
  let copies: ThreadCopies?

  package init(_ pointer: UnsafeMutablePointer<Float>, features: Int) {
    self.init(pointer, features: features, copies: nil)
  }

  init(_ pointer: UnsafeMutablePointer<Float>, features: Int, copies: ThreadCopies?) {
    self.pointer = pointer
    self.features = features
    self.copies = copies
  }

  /// The rows as the team's thread of that number reads them.
  func pointer(on thread: Int) -> UnsafeMutablePointer<Float> { copies?.pointer(on: thread) ?? pointer }

  /// Sample r's features.
  package func row(_ r: Int) -> UnsafeMutablePointer<Float> { pointer + r * stride }

  /// Where rows lie, padding included.
  func elements(of rows: Range<Int>) -> kernel_range {
    kernel_range(begin: rows.lowerBound * stride, end: rows.upperBound * stride)
  }

  /// As the kernels read and write them.
  var matrix: kernel_matrix { kernel_matrix(elements: pointer, stride: stride) }
  var mutableMatrix: kernel_mutable_matrix { kernel_mutable_matrix(elements: pointer, stride: stride) }
  func matrix(on thread: Int) -> kernel_matrix {
    kernel_matrix(elements: pointer(on: thread), stride: stride)
  }

  /// The same from row `rows` on.
  func dropping(rows: Int) -> Activations { Activations(row(rows), features: features) }
}

/// What a layer must know of the step that it works in.
package struct Pass: @unchecked Sendable {
  /// Samples in this rank's batch.
  package let rows: Int
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`; empty where nothing is learned.
  package let bounds: UnsafeBufferPointer<Int32>
  package let scratch: UnsafeMutablePointer<Float>
  package let team: ThreadTeam
  /// What dropout draws from; nil where nothing is learned and it lets everything through.
  package let randomness: Randomness?

  package struct Randomness {
    package let seed: UInt64
    package let epoch: Int
    /// The dataset's number of each row's sample.
    package let samples: UnsafePointer<Int>

    package init(seed: UInt64, epoch: Int, samples: UnsafePointer<Int>) {
      self.seed = seed
      self.epoch = epoch
      self.samples = samples
    }
  }

  package init(
    rows: Int, bounds: UnsafeBufferPointer<Int32>, scratch: UnsafeMutablePointer<Float>, team: ThreadTeam,
    randomness: Randomness? = nil
  ) {
    self.rows = rows
    self.bounds = bounds
    self.scratch = scratch
    self.team = team
    self.randomness = randomness
  }

  /// The same with other scratch memory.
  func with(scratch: UnsafeMutablePointer<Float>) -> Pass {
    Pass(rows: rows, bounds: bounds, scratch: scratch, team: team, randomness: randomness)
  }

  var microBatches: kernel_micro_batches {
    kernel_micro_batches(bounds: bounds.baseAddress, count: Int32(max(bounds.count - 1, 0)))
  }
}
