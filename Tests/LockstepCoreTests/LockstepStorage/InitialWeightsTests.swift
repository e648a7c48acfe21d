import LockstepCore
import Testing

/// Which tensors of a file a network starts from.
@Suite struct InitialWeightsTests {
  private static let network = Network(
    inputShape: [6], specification: [.dense(outputs: 5), .relu, .dense(outputs: 3)])

  /// A file of these tensors; the values of tensor n are n + 1, but for `odd`.
  private func fit(
    _ shapes: [(String, [Int])], to network: Network = network, odd: Float? = nil
  ) throws -> InitialWeights.Fit {
    let tensors = shapes.enumerated().map { number, tensor in
      NamedTensor(
        name: tensor.0, shape: tensor.1,
        values: Array(repeating: odd ?? Float(number + 1), count: tensor.1.reduce(1, *)))
    }
    let file = Safetensors(metadata: [:], tensors: tensors)
    return try InitialWeights(bytes: try file.serialized(), path: "f").fit(to: network)
  }

  private func named(_ first: String, _ second: String, classes: Int = 3) -> [(String, [Int])] {
    [
      ("\(first).weight", [5, 6]), ("\(first).bias", [5]), ("\(second).weight", [classes, 5]),
      ("\(second).bias", [classes]),
    ]
  }

  @Test(arguments: [
    ("layers.0", "layers.2"), ("0", "2"), ("net.0", "net.2"), ("module.body.0", "module.body.2"),
    ("fc1", "fc2"),
    ("1", "3"), ("model.hidden", "out"),
  ])
  func everyNaming(first: String, second: String) throws {
    let fit = try fit(named(first, second))
    #expect(
      fit.tensors.map { "\($0.0.name) \($0.1[0])" }
        == ["layers.0.bias 2.0", "layers.0.weight 1.0", "layers.2.bias 4.0", "layers.2.weight 3.0"])
    #expect(fit.missing.isEmpty && fit.unused.isEmpty)
    let renamed = first == "layers.0" ? [] : ["\(first) is layers.0", "\(second) is layers.2"]
    #expect(fit.renamed == renamed)
  }

  /// Layers in blocks by their paths, whatever numbers these end with; running statistics too, but not PyTorch's count.
  @Test(arguments: ["layers.", "", "net."]) func layersInBlocks(root: String) throws {
    let network = Network(
      inputShape: [5],
      specification: [
        .dense(outputs: 5), .residual([.dense(outputs: 5), .relu, .dense(outputs: 5), .batchNorm()]),
        .dense(outputs: 5), .dense(outputs: 3),
      ])
    let shapes = network.savedTensors.map { (root + $0.name.dropFirst("layers.".count), $0.shape) }
    let fit = try fit(shapes + [(root + "1.body.3.num_batches_tracked", [])], to: network)
    #expect(fit.missing.isEmpty && fit.unused.isEmpty)
    let expected = network.savedTensors.enumerated().map { "\($1.name) \(Float($0 + 1))" }
    #expect(fit.tensors.map { "\($0.0.name) \($0.1[0])" } == expected.sorted())
    #expect(fit.renamed.isEmpty == (root == "layers."))
  }

  /// A layer of another size than here is drawn anew, and named.
  @Test(arguments: [("layers.0", "layers.2"), ("0", "2")]) func otherClasses(first: String, second: String)
    throws
  {
    let fit = try fit(named(first, second, classes: 7))
    #expect(fit.tensors.map(\.0.name) == ["layers.0.bias", "layers.0.weight"])
    #expect(
      fit.missing == [
        "layers.2.bias: [7] in the file, [3] here", "layers.2.weight: [7, 5] in the file, [3, 5] here",
      ])
  }

  /// Also where hidden layers are of one shape, which names tell apart.
  @Test func otherClassesBehindEqualLayers() throws {
    let network = Network(
      inputShape: [5], specification: [.dense(outputs: 5), .relu, .dense(outputs: 5), .dense(outputs: 3)])
    let fit = try fit(
      [
        ("layers.0.weight", [5, 5]), ("layers.0.bias", [5]), ("layers.2.weight", [5, 5]),
        ("layers.2.bias", [5]), ("layers.3.weight", [7, 5]), ("layers.3.bias", [7]),
      ], to: network)
    #expect(fit.tensors.count == 4 && fit.missing.count == 2 && fit.renamed.isEmpty)
  }

  @Test func otherClassesUnderOtherNames() throws {
    let fit = try fit(named("fc1", "fc2", classes: 7))
    #expect(fit.tensors.map(\.0.name) == ["layers.0.bias", "layers.0.weight"])
    #expect(
      fit.missing == [
        "layers.2.bias: [7] in the file, [3] here", "layers.2.weight: [7, 5] in the file, [3, 5] here",
      ] && fit.unused.isEmpty)
  }

  /// Modules 1, 4, 7 and 10 of a Sequential with dropout are the four dense layers, although numbers 4 and 10 are the
  /// network's, too; and so are a run's own when dropout has moved them.
  @Test(arguments: [
    ["1", "4", "7", "10"], ["layers.0", "layers.2", "layers.4", "layers.6"], ["fc2", "fc9", "fc10", "fc11"],
  ])
  func orderComesBeforeChance(names: [String]) throws {
    let dense = LayerSpecification.dense(outputs: 5)
    let network = Network(
      inputShape: [5],
      specification: [dense, .relu, .relu, .relu, dense, .relu, dense, .relu, .relu, .relu, dense])
    let fit = try fit(
      names.sorted().flatMap { [("\($0).weight", [5, 5]), ("\($0).bias", [5])] }, to: network)
    #expect(fit.missing.isEmpty && fit.unused.isEmpty)
    let layers = ["layers.0", "layers.4", "layers.6", "layers.10"]
    #expect(Set(fit.renamed) == Set(zip(names, layers).filter { $0 != $1 }.map { "\($0) is \($1)" }))
  }

  /// Numbers decide where they fit, whatever shapes others have.
  @Test func namesComeBeforeShapes() throws {
    let network = Network(
      inputShape: [5], specification: [.dense(outputs: 5), .relu, .dense(outputs: 5), .dense(outputs: 3)])
    let shapes = [
      ("2.weight", [5, 5]), ("2.bias", [5]), ("0.weight", [5, 5]), ("0.bias", [5]), ("3.weight", [3, 5]),
      ("3.bias", [3]),
    ]
    let fit = try fit(shapes, to: network)
    #expect(fit.tensors.first { $0.0.name == "layers.2.weight" }?.1[0] == 1)
    #expect(fit.tensors.first { $0.0.name == "layers.0.weight" }?.1[0] == 3)
    let names = ["0": "first", "2": "second", "3": "last"]
    let others = shapes.map { (names[String($0.0.first!)]! + $0.0.dropFirst(), $0.1) }
    expectDataError("f", ["layers.0, layers.2", "first, second", "Rename"]) {
      try self.fit(others, to: network)
    }
  }

  @Test func whatHasNoPlaceIsNamed() throws {
    let fit = try fit(named("layers.0", "layers.2") + [("norm.running_mean", [5])])
    #expect(fit.tensors.count == 4 && fit.unused == ["norm"])
  }

  @Test func nothingFits() {
    expectDataError("f", ["layers.0.weight [5, 6]", "a.weight [9, 9]", "--network"]) {
      try fit([("a.weight", [9, 9])])
    }
    expectDataError("f", ["found none"]) { try fit([]) }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersAreFinite(odd: Float) {
    expectDataError("f", ["finite weights in layers.0.bias", "\(odd)"]) {
      try fit(named("layers.0", "layers.2"), odd: odd)
    }
  }

  @Test(arguments: [Array("PK\u{3}\u{4}...".utf8), [0x80, 2, 0x8A, 0x0A]]) func picklesAreNamed(
    bytes: [UInt8]
  ) {
    expectDataError("f", ["a pickle", "save_file"]) { try InitialWeights(bytes: bytes, path: "f") }
  }

  /// Every half, against Swift's own where there is one.
  @Test func halves() {
    #if !(os(macOS) && arch(x86_64))
      for bits in UInt16.min...UInt16.max {
        let (value, expected) = (Safetensors.ElementType.half(bits), Float(Float16(bitPattern: bits)))
        #expect(value.bitPattern == expected.bitPattern || value.isNaN && expected.isNaN, "\(bits)")
      }
    #endif
  }

  /// Other floats are rounded to Float, integers left out; only where that is asked for.
  @Test func otherElements() throws {
    func file(_ entries: [(String, String, [UInt8])]) -> [UInt8] {
      var (offset, fields, data) = (0, [String](), [UInt8]())
      for (name, type, bytes) in entries {
        let offsets = "[\(offset),\(offset + bytes.count)]"
        fields.append("\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[1],\"data_offsets\":\(offsets)}")
        offset += bytes.count
        data += bytes
      }
      let header = Array("{\(fields.joined(separator: ","))}".utf8)
      return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
    }
    let bytes = file([
      ("d", "F64", [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F]), ("n", "I64", [1, 0, 0, 0, 0, 0, 0, 0]),
      ("f", "F32", [0, 0, 0x20, 0x41]), ("h", "F16", [0, 0xC0]), ("b", "BF16", [0x20, 0x41]),
    ])
    let read = try Safetensors(bytes: bytes, path: "f", converts: true)
    #expect(
      read.tensors.map { "\($0.name) \($0.values)" } == ["d [0.1]", "f [10.0]", "h [-2.0]", "b [10.0]"])
    expectDataError("f", ["tensors of F32", "d of F64"]) { try Safetensors(bytes: bytes, path: "f") }
    let strange = file([("c", "C64", [0, 0, 0, 0, 0, 0, 0, 0])])
    expectDataError("f", ["c of C64"]) { try Safetensors(bytes: strange, path: "f", converts: true) }
  }
}
