/// A layer whose backward pass comes in two parts. The second one, the parameters' gradient, can wait until all layers'
/// first parts are done, and be divided among threads and among ranks that share memory: each sums its share of the
/// parameters over all samples, so that no gradient is written, summed and read again.
package protocol DividedLayer: Layer {
  /// Given dL/dy, takes `dy` back through the layer's own activation, in place, and writes dL/dx where `dx` is asked for.
  func inputGradient(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    pass: Pass)

  /// Hands on a part of a rank's share of the parameters' gradient, `dy` being what `inputGradient` left, on the team's
  /// thread of that number, which calls. Returns false where a gradient is NaN or too large to sum exactly.
  func weightGradient(
    x: Activations, dy: Activations, gradient: GradientSlice, pass: Pass, share: Share, part: Share,
    thread: Int
  ) -> Bool
}

extension DividedLayer {
  package func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    inputGradient(x: x, y: y, dy: dy, dx: dx, parameters: parameters, pass: pass)
    return DividedGradient(layer: self, x: x, dy: dy, gradient: gradient).sum(pass: pass)
  }
}

/// The second part of a divided layer's backward pass.
struct DividedGradient {
  let layer: any DividedLayer
  let x: Activations
  let dy: Activations
  let gradient: GradientSlice

  /// Returns false where the gradient is NaN or too large to sum exactly.
  func sum(pass: Pass) -> Bool { Self.sum([self], share: .whole, pass: pass)[0] }

  /// A share of several layers' gradients, on all threads, which wait for each other once. Tells of each whether it can
  /// be summed.
  static func sum(_ layers: [DividedGradient], share: Share, pass: Pass) -> [Bool] {
    let failures = layers.map { _ in FailureFlag() }
    let parts = pass.team.count
    pass.team.splitByThread(parts, pieces: 1) { range, thread in
      for part in range {
        let part = Share(index: part, count: parts)
        for (i, layer) in layers.enumerated() where !layer.sum(share, part, pass: pass, thread: thread) {
          failures[i].raise()
        }
      }
    }
    return failures.map { !$0.isRaised }
  }

  private func sum(_ share: Share, _ part: Share, pass: Pass, thread: Int) -> Bool {
    layer.weightGradient(
      x: x, dy: dy, gradient: gradient, pass: pass, share: share, part: part, thread: thread)
  }
}
