import LockstepCore
import Testing

/// The file's structure; what ONNX Runtime makes of it is seen by scripts/test-python.
@Suite struct ONNXFileTests {
  private func model(
    _ shape: [Int] = [4, 5], _ layers: String = "conv 2 3x3 pad 1, relu, dense 3",
    _ normalization: Normalization = .fixed(mean: 0.5, deviation: 0.25)
  ) throws -> Model {
    try Model(parameters: Problem(shape, layers, samples: 1).parameters, normalization: normalization)
  }

  private func read(_ bytes: [UInt8]) throws -> (model: ProtobufFields, graph: ProtobufFields) {
    let model = try #require(ProtobufFields(bytes))
    return (model, try #require(model.messages(7).first))
  }

  @Test func versions() throws {
    let (file, _) = try read(model().onnx(.bytes, path: "m"))
    #expect(file.integers(1) == [8])
    #expect(file.texts(2) == ["lockstep"])
    #expect(file.messages(8).map { $0.integers(2) } == [[18]])
  }

  @Test func metadata() throws {
    let model = try model()
    let (file, _) = try read(model.onnx(.bytes, recipe: "epochs: 1\n", path: "m"))
    let entries = file.messages(14).map { ($0.texts(1)[0], $0.texts(2)[0]) }
    #expect(entries.map(\.0) == entries.map(\.0).sorted())
    let found = Dictionary(uniqueKeysWithValues: entries)
    #expect(found["classes"] == #"["0", "1", "2"]"#)
    #expect(found["lockstep.weights"] == model.parameters.digest.hexadecimal)
    #expect(found["lockstep.recipe"] == "epochs: 1\n")
    #expect(found["lockstep.network"] == "conv 2 3x3 pad 1, relu, dense 3")
    #expect(found["lockstep.input"] == "pixels from 0 to 255")
    let (other, _) = try read(model.onnx(.numbers, path: "m"))
    #expect(!other.messages(14).contains { $0.texts(1) == ["lockstep.recipe"] })
  }

  /// Images are [batch, channels, height, width] even where a dataset has no channels.
  @Test(arguments: [([4, 5], [1, 4, 5]), ([2, 4, 5], [2, 4, 5])]) func shapes(shape: [Int], input: [Int])
    throws
  {
    let (_, graph) = try read(model(shape).onnx(.bytes, path: "m"))
    #expect(try values(graph, 11) == [Value("input", input)])
    #expect(try values(graph, 12) == [Value("logits", [3]), Value("probabilities", [3])])
  }

  @Test func vectors() throws {
    let (_, graph) = try read(model([7], "dense 3").onnx(.bytes, path: "m"))
    #expect(try values(graph, 11) == [Value("input", [7])])
  }

  private struct Value: Equatable {
    let name: String
    let shape: [Int]
    init(_ name: String, _ shape: [Int]) { (self.name, self.shape) = (name, shape) }
  }

  /// Values of F32 whose first dimension is "batch".
  private func values(_ graph: ProtobufFields, _ field: Int) throws -> [Value] {
    try graph.messages(field).map { value in
      let tensor = try #require(value.messages(2).first?.messages(1).first)
      #expect(tensor.integers(1) == [1])
      let dimensions = try #require(tensor.messages(2).first).messages(1)
      #expect(dimensions.first?.texts(2) == ["batch"])
      return Value(value.texts(1)[0], dimensions.dropFirst().flatMap { $0.integers(1) })
    }
  }

  /// Tensors have PyTorch's names, shapes and order of elements.
  @Test func tensors() throws {
    let model = try model()
    let (_, graph) = try read(model.onnx(.bytes, path: "m"))
    let tensors = graph.messages(5)
    for expected in model.safetensors().tensors {
      let found = try #require(tensors.first { $0.texts(8) == [expected.name] })
      #expect(found.integers(1) == expected.shape && found.integers(2) == [1])
      let bytes = expected.values.flatMap { value in
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      }
      #expect(found.bytes(9) == [bytes], "\(expected.name)")
    }
  }

  /// Bytes are scaled, other numbers are not; what changes nothing is left out.
  @Test func normalization() throws {
    func operators(_ normalization: Normalization, _ input: ExportedInput) throws -> [String] {
      try read(model([4, 5], "dense 3", normalization).onnx(input, path: "m")).graph.messages(1).map {
        $0.texts(4)[0]
      }
    }
    let rest = ["Flatten", "Gemm", "Softmax"]
    #expect(try operators(.fixed(mean: 0.5, deviation: 0.25), .bytes) == ["Mul", "Add"] + rest)
    #expect(try operators(.fixed(mean: 0, deviation: 0.25), .numbers) == ["Mul"] + rest)
    #expect(try operators(.none, .bytes) == ["Mul"] + rest)
    #expect(try operators(.none, .numbers) == rest)
  }

  @Test func equalModelsAreEqualBytes() throws {
    #expect(try model().onnx(.bytes, path: "m") == model().onnx(.bytes, path: "n"))
  }

  /// Readers of Protocol Buffers take no more; the network alone has no memory for its weights.
  @Test func modelsThatAreTooLarge() throws {
    func check(_ outputs: Int) throws {
      try ONNXFile.requireRoom(
        for: Network(
          inputShape: [1000], specification: [.dense(outputs: outputs), .dense(outputs: 2)], classes: 2),
        path: "m.safetensors")
    }
    try check(500_000)
    let error = #expect(throws: LockstepError.self) { try check(600_000) }
    #expect(error?.kind == .data && error?.subject == "m.safetensors")
    #expect(error?.description.contains("found 24072") == true, "\(error?.description ?? "")")
  }
}
