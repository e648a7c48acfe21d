import CKernels
import LockstepData
import LockstepSupport

/// A layer of several inputs, sample by sample.
package protocol MergingLayer: NetworkLayer {
  /// y = f(x0, x1, ...) for some rows, on the calling thread.
  func forward(_ inputs: [Activations], to y: Activations, rows: Range<Int>)
  /// Given dL/dy, writes dL/dx of each input that has a place for it, from the last to the first; where it `adds`, to
  /// what is there.
  func backward(y: Activations, dy: Activations, to gradients: [MergedGradient?], rows: Range<Int>)
}

/// Where the gradient of an input of a `MergingLayer` goes.
package struct MergedGradient {
  let dx: Activations
  let adds: Bool
}

extension MergingLayer {
  package var passes: LayerPasses { .merging(self) }
}

/// The sum of what the lists of a residual block give, followed by a ReLU if it is rectified:
///
///     y = x0 + x1     [rows, n], [rows, n] -> [rows, n]
struct Sum: MergingLayer {
  let output: FeatureLayout
  let isRectified: Bool
  private let inputs: [FeatureLayout]
  /// nil for those that are laid out as the output is.
  private let places: [FeaturePlaces?]

  /// The layouts have the same shape. Convolutions need what lies before them interleaved.
  init(_ inputs: [FeatureLayout], isRectified: Bool = false) {
    let output = inputs.first(where: \.isInterleaved) ?? inputs[0]
    (self.inputs, self.output, self.isRectified) = (inputs, output, isRectified)
    places = inputs.map { $0 == output ? nil : FeaturePlaces(of: $0, in: output) }
  }

  var flopsPerSample: Int { output.features }
  var rectified: (any NetworkLayer)? { isRectified ? nil : Sum(inputs, isRectified: true) }

  func forward(_ inputs: [Activations], to y: Activations, rows: Range<Int>) {
    let elements = y.elements(of: rows).kernel
    guard let other = places.firstIndex(where: { $0 != nil }), let places = places[other] else {
      return kernel_add(inputs[0].pointer, inputs[1].pointer, y.pointer, isRectified, elements)
    }
    y.row(rows.lowerBound).update(from: inputs[1 - other].row(rows.lowerBound), count: rows.count * y.stride)
    for row in rows { places.copy(from: inputs[other].row(row), to: y.row(row), adds: true) }
    if isRectified { kernel_relu_forward(y.pointer, y.pointer, elements) }
  }

  func backward(y: Activations, dy: Activations, to gradients: [MergedGradient?], rows: Range<Int>) {
    if isRectified { Rectifier.mask(dy, where: y, rows: rows) }
    for (gradient, places) in zip(gradients, places).reversed() {
      guard let gradient else { continue }
      let dx = gradient.dx
      if let places {
        for row in rows { places.copyBack(from: dy.row(row), to: dx.row(row), adds: gradient.adds) }
      } else if gradient.adds {
        kernel_add(dx.pointer, dy.pointer, dx.pointer, false, dy.elements(of: rows).kernel)
      } else {
        dx.row(rows.lowerBound).update(from: dy.row(rows.lowerBound), count: rows.count * dy.stride)
      }
    }
  }

  func append(to graph: inout OperatorGraph) {
    graph.appendMerge("Add", shape: output.shape)
    if isRectified { graph.append("Relu") }
  }
}

/// What the lists of branches give, side by side: channels of images, else features.
///
///     [rows, c0, h, w], [rows, c1, h, w] -> [rows, c0 + c1, h, w]
struct Concatenation: MergingLayer {
  let inputs: [FeatureLayout]
  let output: FeatureLayout
  private let places: [FeaturePlaces]

  /// The layouts are of vectors, or of images of one height and width.
  init(_ inputs: [FeatureLayout]) {
    self.inputs = inputs
    let sizes = inputs.map { $0.shape[0] }
    let (total, rest) = (sizes.reduce(0, +), inputs[0].shape.dropFirst())
    let output: FeatureLayout =
      rest.isEmpty
      ? .vector(total) : .interleaved(channels: total, height: rest.first!, width: rest.last!)
    let area = rest.reduce(1, *)
    places = inputs.indices.map { number in
      FeaturePlaces(of: inputs[number], in: output, from: sizes[..<number].reduce(0, +) * area)
    }
    self.output = output
  }

  func forward(_ inputs: [Activations], to y: Activations, rows: Range<Int>) {
    for row in rows {
      for (x, places) in zip(inputs, places) { places.copy(from: x.row(row), to: y.row(row), adds: false) }
    }
  }

  func backward(y: Activations, dy: Activations, to gradients: [MergedGradient?], rows: Range<Int>) {
    for (gradient, places) in zip(gradients, places).reversed() {
      guard let gradient else { continue }
      for row in rows { places.copyBack(from: dy.row(row), to: gradient.dx.row(row), adds: gradient.adds) }
    }
  }

  func append(to graph: inout OperatorGraph) {
    graph.appendMerge("Concat", [.integer("axis", 1)], shape: output.shape)
  }
}
