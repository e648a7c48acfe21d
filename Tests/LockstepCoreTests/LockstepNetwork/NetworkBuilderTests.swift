import LockstepCore
import Testing

/// Layers that do not fit are refused before memory is asked for, in words that name the layer, what it needs and
/// what it gets.
@Suite struct NetworkBuilderTests {
  private func build(_ layers: String, of shape: [Int], classes: Int = 3, most: Int = 1 << 31) throws
    -> Network
  {
    var recipe = Recipe()
    try recipe.set("network", to: layers, subject: "network")
    return try Network(
      inputShape: shape, specification: recipe.network, classes: classes, mostParameters: most)
  }

  struct Misfit: Sendable {
    var shape: [Int]
    var layers: String
    /// What the message says.
    var subject: String
    var expected: String
    var found: String
  }

  static let misfits = [
    Misfit(
      shape: [13], layers: "conv 3 3x3, dense classes", subject: "layer 0 (conv 3 3x3)",
      expected: "[channels, height, width]", found: "[13]"),
    Misfit(
      shape: [8, 8], layers: "relu, dense 20, maxpool 2, dense classes", subject: "layer 2 (maxpool 2)",
      expected: "[channels, height, width]", found: "[20]"),
    Misfit(
      shape: [8, 8], layers: "conv 3 3x3, flatten, dropout2d 0.5, dense classes",
      subject: "layer 2 (dropout2d 0.5)", expected: "[channels, height, width]", found: "[108]"),
    Misfit(
      shape: [3, 8, 5], layers: "conv 3 6x6, dense classes", subject: "layer 0 (conv 3 6x6)",
      expected: "at least 6x6", found: "8x5"),
    Misfit(
      shape: [8, 8], layers: "conv 3 3x3 pad 3, dense classes", subject: "layer 0 (conv 3 3x3 pad 3)",
      expected: "padding, which is less than 3", found: "14x14"),
    Misfit(
      shape: [8, 8], layers: "conv 3 7x7, relu, maxpool 3, dense classes", subject: "layer 2 (maxpool 3)",
      expected: "at least 3x3", found: "2x2"),
    Misfit(
      shape: [8, 8], layers: "dense 4", subject: "layer 0 (dense 4)", expected: "3 outputs", found: "[4]"),
    Misfit(
      shape: [8, 8], layers: "dense classes, dense 7, relu, tanh", subject: "layer 3 (tanh)",
      expected: "3 outputs", found: "[7]"),
    Misfit(shape: [3], layers: "relu, tanh", subject: "layer 1 (tanh)", expected: "3 outputs", found: "[3]"),
    Misfit(
      shape: [8, 8], layers: "conv 6 3x3, groupnorm 4, dense classes", subject: "layer 1 (groupnorm 4)",
      expected: "divide evenly into 4 groups", found: "6"),
    // Blocks.
    Misfit(
      shape: [8, 8], layers: "conv 4 3x3, residual(conv 4 3x3, relu), dense classes",
      subject: "layer 1 (residual)",
      expected: "[4, 6, 6], as what it is added to", found: "[4, 4, 4]"),
    Misfit(
      shape: [8, 8], layers: "tanh, residual(relu, residual(dense 3) shortcut(tanh, dense 4)), dense classes",
      subject: "layer 1 (residual), body, layer 1 (residual)", expected: "[4], as what it is added to",
      found: "[3]"),
    Misfit(
      shape: [8, 8], layers: "relu, branches(conv 3 3x3 | conv 4 3x3, maxpool 7), dense classes",
      subject: "layer 1 (branches), branches.1, layer 1 (maxpool 7)", expected: "at least 7x7", found: "6x6"),
    Misfit(
      shape: [8, 8], layers: "branches(conv 3 3x3 | conv 4 5x5), dense classes",
      subject: "layer 0 (branches)",
      expected: "one height and width", found: "[[3, 6, 6], [4, 4, 4]]"),
    Misfit(
      shape: [8, 8], layers: "branches(conv 3 3x3 | flatten), dense classes", subject: "layer 0 (branches)",
      expected: "or vectors", found: "[[3, 6, 6], [64]]"),
    Misfit(
      shape: [8, 8], layers: "relu, batchnorm, dense classes", subject: "layer 1 (batchnorm)",
      expected: "features, or an image after a convolution", found: "the data's own [1, 8, 8]"),
    Misfit(
      shape: [8, 8], layers: "branches(conv 1000000 1x1 | conv 1000000 1x1), globalavgpool, dense classes",
      subject: "layer 0 (branches)", expected: "features of dropouts and blocks", found: "6400000"),
    // Too large, one by one and together.
    Misfit(
      shape: [60_000], layers: "dense 1000000, dense classes", subject: "layer 0 (dense 1000000)",
      expected: "at most 2147483648 parameters", found: "60001000000"),
    Misfit(
      shape: [1000], layers: "dense 1000000, dense 1000, dense 1000000, dense classes",
      subject: "layer 2 (dense 1000000)", expected: "at most 2147483648 parameters in all",
      found: "3002001000"),
    Misfit(
      shape: [1000, 1000], layers: "conv 1000000 1000x1000, dense classes",
      subject: "layer 0 (conv 1000000 1000x1000)", expected: "parameters", found: "1000001000000"),
    Misfit(
      shape: [1000, 1000], layers: "conv 1000000 1x1, dense classes", subject: "layer 0 (conv 1000000 1x1)",
      expected: "fewer than 2^31", found: "1000000 filters"),
    Misfit(
      shape: [1000, 1, 1], layers: "conv 1 1000x1000 pad 999, dense classes",
      subject: "layer 0 (conv 1 1000x1000 pad 999)", expected: "fewer than 2^31", found: "1000x1999x1999"),
  ]

  @Test(arguments: misfits)
  func namesTheLayer(misfit: Misfit) {
    let error = #expect(throws: LockstepError.self) { try build(misfit.layers, of: misfit.shape) }
    #expect(error?.kind == .usage)
    #expect(error?.subject == misfit.subject)
    #expect(error?.expected?.contains(misfit.expected) == true, "\(error?.expected ?? "")")
    #expect(error?.found.contains(misfit.found) == true, "\(error?.found ?? "")")
  }

  @Test func thousandLayersAndNoMore() throws {
    let layers = Array(repeating: "tanh", count: 999).joined(separator: ", ") + ", dense classes"
    #expect(try build(layers, of: [5]).layers.count == 1000)
    let error = #expect(throws: LockstepError.self) { try build("tanh, " + layers, of: [5]) }
    #expect(error?.expected == "at most 1000 layers")
    #expect(error?.found == "1001")
  }

  @Test func parametersUpToTheLimit() throws {
    #expect(try build("dense 10, dense classes", of: [4], most: 83).tensors.count == 4)
    let error = #expect(throws: LockstepError.self) {
      try build("dense 10, dense classes", of: [4], most: 82)
    }
    #expect(error?.subject == "layer 1 (dense classes)")
  }

  /// As those of a torch.nn.Sequential of modules that have lists `body` and `shortcut`, or `branches`.
  @Test func namesInBlocks() throws {
    let network = try build(
      "relu, residual(conv 3 1x1, residual(flatten, tanh) shortcut(flatten)) shortcut(conv 3 1x1, flatten), "
        + "branches(relu | dense 4, tanh | dropout 0.5), dense classes", of: [4, 4])
    #expect(
      network.names == [
        "layers.0", "layers.1.body.0", "layers.1.body.1.body.1", "layers.1.body.1", "layers.1.shortcut.0",
        "layers.1", "layers.2.branches.0.0", "layers.2.branches.1.0", "layers.2.branches.1.1",
        "layers.2.branches.2.0", "layers.2", "layers.3",
      ])
    // Each dropout draws numbers of its own.
    #expect(Set(network.positions).count == network.positions.count)
    // The outline has what is fused, and flatten, on the line of the layer before.
    let lines = network.table.split(separator: "\n").map { line in
      line.split(separator: " ").prefix(4).joined(separator: " ")
    }
    #expect(lines.contains("residual") && lines.contains("shortcut") && lines.contains("branches.2"))
    #expect(lines.contains { $0.hasPrefix("layers.1.body.1.body.1 tanh") }, "\(lines)")
  }

  /// Names are places in the list, as in torch.nn.Sequential, though flatten is no layer, and ReLUs may be computed
  /// with the layer before.
  @Test func namesArePlacesInTheList() throws {
    let network = try build(
      "conv 4 3x3, relu, maxpool 2, relu, flatten, relu, dense 9, tanh, dense classes", of: [9, 9])
    #expect(network.names == [0, 1, 2, 3, 5, 6, 7, 8].map { "layers.\($0)" })
    let units = FusionPlan(network).units
    #expect(units.map(\.name) == ["layers.0", "layers.2", "layers.5", "layers.6", "layers.7", "layers.8"])
    #expect(
      network.tensors.map(\.name).filter { $0.hasSuffix("bias") }
        == ["layers.0.bias", "layers.6.bias", "layers.8.bias"])
    #expect(units.map(\.layer.outputShape) == [[4, 7, 7], [4, 3, 3], [36], [9], [9], [3]])
    #expect(network.tensors.map(\.shape) == [[4, 1, 3, 3], [4], [9, 36], [9], [3, 9], [3]])
  }

  /// Every element of every tensor has a place of its own.
  @Test func placesAreDistinct() throws {
    let network = try build(
      "conv 18 3x3 stride 2 pad 1, maxpool 2, conv 35 2x2, flatten, dense 17, dense classes", of: [3, 9, 9])
    let places = network.tensors.flatMap { tensor in (0..<tensor.count).map(tensor.flatIndex) }
    #expect(Set(places).count == places.count)
    #expect(places.allSatisfy { (0..<network.paddedParameterCount).contains($0) })
    #expect(network.paddedParameterCount % 16 == 0)
  }
}
