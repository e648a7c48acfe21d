import LockstepCore
import Testing

/// Every layer against PyTorch, forward and backward: see Tests/Golden/layers.py.
@Suite struct GoldenLayerTests {
  struct File: Decodable {
    let cases: [Case]
    let functions: [Function]
    let losses: [Loss]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let layers: String
    let shape: [Int]
    let rows: Int
    let scale: Float
    let levels: Int
    let y: [Double]
    let dx: [Double]
    let gradients: [[Double]]
    let state: [[Double]]
    var testDescription: String { "\(layers) of \(shape)" }

    var specification: [LayerSpecification] {
      try! LayerSpecification.list(layers, subject: "network")
    }
  }

  /// Of an elementwise layer.
  struct Function: Decodable, CustomTestStringConvertible {
    let layer: String
    let x: [Float]
    let y: [Double]
    let derivative: [Double]
    var testDescription: String { layer }
  }

  struct Loss: Decodable {
    let classes: Int
    let rows: Int
    let labels: [Int32]
    let loss: Double
    let gradient: [Double]
  }

  private static let file: File = try! Golden.load("layers.json")

  @Test func everyLayerIsThere() {
    let layers = Self.file.cases.map(\.layers).joined(separator: ", ")
    let words = Set(layers.split { " ,".contains($0) }.map(String.init))
    for example in LayerRegistry.examples {
      // Its name, and the words of its options.
      for word in example.split(separator: " ").filter({ $0.first!.isLetter && $0 != "classes" }) {
        #expect(words.contains(String(word)), "layers.py has no \(word)")
      }
    }
  }

  @Test(arguments: Self.file.cases, [1, 3])
  func layersAreClose(golden: Case, threads: Int) throws {
    // A normalization takes no planes of a dataset.
    let isNormalization = ["layernorm", "batchnorm", "groupnorm"].contains { golden.layers.hasPrefix($0) }
    if golden.shape.count < 3 || !isNormalization {
      try check(golden, FeatureLayout(sampleShape: golden.shape), threads: threads)
    }
    if golden.shape.count == 3 {
      let (channels, height, width) = (golden.shape[0], golden.shape[1], golden.shape[2])
      let interleaved = FeatureLayout.interleaved(channels: channels, height: height, width: width)
      try check(golden, interleaved, threads: threads)
    }
  }

  private func check(_ golden: Case, _ input: FeatureLayout, threads: Int) throws {
    let run = try LayerRun(golden.specification, input: input, rows: golden.rows)
    let count = golden.rows * input.features
    let begins = ["conv", "residual", "branches"].contains { golden.layers.hasPrefix($0) }
    let isOfPlanes = input.shape.count == 3 && !input.isInterleaved && begins
    let found = try run.run(
      x: Golden.numbers(1, count: count, levels: golden.levels).map { golden.scale * $0 },
      dy: Golden.numbers(2, count: golden.rows * run.output.features),
      tensors: run.tensors.enumerated().map { Golden.numbers(3 + $0, count: $1.count) },
      // A convolution of the dataset's planes is asked for no gradient of them.
      wantsDX: !isOfPlanes, threads: threads)
    #expect(found.isFinite)
    #expect(relativeError(found.y, golden.y) <= 1e-5)
    if !isOfPlanes { #expect(relativeError(found.dx, golden.dx) <= 1e-5) }
    #expect(found.gradients.count == golden.gradients.count)
    for (tensor, (gradient, expected)) in zip(run.tensors, zip(found.gradients, golden.gradients)) {
      // A batch normalization takes a bias before it away again.
      let isZero = expected.allSatisfy { $0 == 0 }
      #expect(isZero || relativeError(gradient, expected) <= 1e-5, "\(tensor.name)")
      #expect(!isZero || gradient.allSatisfy { abs($0) < 1e-5 }, "\(tensor.name)")
    }
    #expect(found.state.count == golden.state.count)
    for (state, expected) in zip(found.state, golden.state) {
      #expect(relativeError(state, expected) <= 1e-5)
    }
  }

  /// At every size of number, by every build: within a few units in the last place, and NaN stays NaN.
  @Test(arguments: Self.file.functions)
  func functionsAreClose(golden: Function) throws {
    let (x, ones) = (golden.x + [.nan], [Float](repeating: 1, count: golden.x.count + 1))
    let run = try LayerRun([LayerSpecification(golden.layer)!], input: .vector(x.count), rows: 1)
    for name in ISA.names {
      let found = try ISA.with(name) { try run.run(x: x, dy: ones) }!
      for (i, x) in golden.x.enumerated() {
        let (y, derivative) = (golden.y[i], golden.derivative[i])
        #expect(abs(found.y[i] - y) <= 1e-6 * abs(y) + 1e-34, "\(name) of \(x)")
        #expect(abs(found.dx[i] - derivative) <= 1e-6 * abs(derivative) + 2e-7, "derivative, \(name) of \(x)")
      }
      #expect(found.y.last!.isNaN && found.dx.last!.isNaN)
    }
  }

  /// Every layer that is a function of single numbers has golden ones.
  @Test func everyFunctionIsThere() throws {
    let names = Set(Self.file.functions.map { $0.layer.prefix { $0 != " " } })
    for example in LayerRegistry.examples {
      var builder = NetworkBuilder(input: .vector(5), classes: 3, mostParameters: 1000)
      guard (try? builder.add([LayerSpecification(example)!])) != nil else { continue }
      for case is any ElementwiseLayer in builder.layers {
        #expect(names.contains(example.prefix { $0 != " " }), "layers.py has no \(example)")
      }
    }
  }

  @Test(arguments: Self.file.losses.indices)
  func lossIsClose(index: Int) throws {
    let golden = Self.file.losses[index]
    let (rows, classes) = (golden.rows, golden.classes)
    // Only for its memory.
    let network = try Network(
      inputShape: [classes], specification: [.dense(outputs: nil)], classes: classes)
    let plan = FusionPlan(network, style: .plain)
    let workspace = Workspace(plan, capacity: rows, learns: true)
    let (logits, gradient) = (workspace.logits, workspace.logitsGradient)
    for i in 0..<rows * classes {
      logits.pointer[i / classes * logits.stride + i % classes] = 6 * Golden.number(1, i)
    }
    let pass = Pass(
      rows: rows, scratch: workspace.scratch.pointer, team: try ThreadTeam(count: 1))
    let found = golden.labels.withUnsafeBufferPointer {
      plan.evaluate(
        SoftmaxCrossEntropy(classes: classes, capacity: rows), targets: BatchTargets(labels: $0.baseAddress!),
        divisor: Double(rows),
        Parameters(network), workspace, pass: pass)
    }
    #expect(abs(found.loss.value - golden.loss) <= 1e-5 * golden.loss)
    let values = (0..<rows * classes).map {
      Double(gradient.pointer[$0 / classes * gradient.stride + $0 % classes])
    }
    #expect(relativeError(values, golden.gradient) <= 1e-5)
  }
}
