/// A layer whose backward pass comes in two parts. Ranks that share memory make the second one together, each a share of
/// the parameters for all of their samples, so that no gradient is written, summed and read again.
public protocol DividedLayer: Layer {
  /// Given dL/dy, takes `dy` back through the layer's own activation, in place, and writes dL/dx where `dx` is asked for.
  func inputGradient(
    y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>, pass: Pass)

  /// Hands on a share of the parameters' gradient, `dy` being what `inputGradient` left. Returns false where a gradient
  /// is NaN or too large to sum exactly.
  func weightGradient(
    x: Activations, dy: Activations, gradient: GradientSlice, pass: Pass, share: Share
  ) -> Bool
}

extension DividedLayer {
  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    inputGradient(y: y, dy: dy, dx: dx, parameters: parameters, pass: pass)
    return weightGradient(x: x, dy: dy, gradient: gradient, pass: pass, share: .whole)
  }
}

/// One of several even parts.
public struct Share: Equatable, Sendable {
  public let index: Int
  public let count: Int
  public static let whole = Share(index: 0, count: 1)

  public init(index: Int, count: Int) {
    precondition(0..<count ~= index)
    (self.index, self.count) = (index, count)
  }

  /// This share of `0 ..< n`, which begins at a multiple of `grain`.
  public func range(of n: Int, grain: Int = 1) -> Range<Int> {
    let blocks = (n + grain - 1) / grain
    return min(blocks * index / count * grain, n)..<min(blocks * (index + 1) / count * grain, n)
  }
}
