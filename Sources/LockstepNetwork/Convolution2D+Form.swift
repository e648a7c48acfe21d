extension Convolution2D {
  struct Form: LayerForm {
    static let keyword = "conv"
    static let parts: [FormPart<Form>] = [
      .required(.count("N"), \.outputs), .required(.square("K"), \.size),
      .optional("stride", .count("S"), \.stride, default: { _ in 1 }),
      .optional("pad", .count("P", from: 0), \.padding, default: { _ in 0 }),
    ]
    static let examples = ["conv 5 3x3", "conv 19 2x2 stride 2 pad 1"]
    var outputs = 1, size = 1, stride = 1, padding = 0

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      let image = try network.requireImage()
      let (height, width) = (image.height + 2 * padding, image.width + 2 * padding)
      try network.require(
        height >= size && width >= size && padding < size,
        "an image of at least \(size)x\(size) with its padding, which is less than \(size)",
        "\(height)x\(width)")
      try network.count(inputs: image.channels * size * size, outputs: outputs)
      try network.require(
        Double(max(outputs, image.channels) + 16) * Double(height * width)
          < Double(NetworkBuilder.mostFloats),
        "fewer than 2^31 inputs and outputs, padding included",
        "\(outputs) filters over \(image.channels)x\(height)x\(width)")
      try network.count(tableEntries: image.channels * size * size)
      return Convolution2D(
        input: network.layout, outputs: outputs, size: size, stride: stride, padding: padding)
    }
  }
}

extension Convolution2D {
  /// With padding at the beginning and at the end of height and width.
  package func append(to graph: inout OperatorGraph) {
    graph.append(
      "Conv", tensors: ["weight", "bias"],
      [
        .integers("kernel_shape", [size, size]), .integers("strides", [stride, stride]),
        .integers("pads", [padding, padding, padding, padding]),
      ], shape: output.shape)
    if isRectified { graph.append("Relu") }
  }
}

extension LayerSpecification {
  /// 'conv N KxK stride S pad P': `[c, h, w] -> [outputs, (h + 2 padding - size) / stride + 1, ...]`, with a bias.
  /// `outputs` and `stride` are from 1 to a million, `size` from 1 to 1000, `padding` from 0 to below `size`.
  public static func conv(outputs: Int, size: Int, stride: Int, padding: Int) -> Self {
    Self(Convolution2D.Form(outputs: outputs, size: size, stride: stride, padding: padding))
  }
}
