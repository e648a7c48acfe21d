/// One layer: its forward and its backward, and nothing about ranks or optimizers.
///
/// A layer owns no memory. Its parameters are a range of the network's one flat buffer, in the layout that its kernels
/// want; `tensors` says where each element of PyTorch's layout lies in it.
public protocol Layer: Sendable {
  /// The shape of one sample's output.
  var outputShape: [Int] { get }
  /// Floats in the flat buffer, padding included: a multiple of 16.
  var parameterCount: Int { get }
  /// The parameters as PyTorch names and shapes them, relative to the layer.
  var tensors: [ParameterTensor] { get }
  /// Floats of scratch memory that `backward` uses for a batch of `rows`.
  func scratchCount(rows: Int) -> Int

  /// y = f(x), `[rows, in] -> [rows, out]`.
  func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)

  /// Given dL/dy, writes dL/dx where `dx` is asked for, and the parameters' gradient, each micro-batch's share rounded
  /// as `GradientSum` says. May overwrite `dy`. Returns false where a gradient is NaN or too large to sum exactly.
  func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool
}

extension Layer {
  public var parameterCount: Int { 0 }
  public var tensors: [ParameterTensor] { [] }
  public func scratchCount(rows: Int) -> Int { 0 }
}

/// A batch of activations, row-major: sample r's features start at `pointer + r * stride`. The stride is a multiple of
/// 16; what lies between the features and the stride is zero.
public struct Activations: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  public let features: Int
  public var stride: Int { paddedToPanel(features) }

  public init(_ pointer: UnsafeMutablePointer<Float>, features: Int) {
    self.pointer = pointer
    self.features = features
  }
}

/// What a layer must know of the step that it works in.
public struct Pass: @unchecked Sendable {
  /// Samples in this rank's batch.
  public let rows: Int
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`; empty where nothing is learned.
  public let bounds: UnsafeBufferPointer<Int32>
  public let scratch: UnsafeMutablePointer<Float>
  public let team: ThreadTeam

  package init(
    rows: Int, bounds: UnsafeBufferPointer<Int32>, scratch: UnsafeMutablePointer<Float>, team: ThreadTeam
  ) {
    self.rows = rows
    self.bounds = bounds
    self.scratch = scratch
    self.team = team
  }
}
