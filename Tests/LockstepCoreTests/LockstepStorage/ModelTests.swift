import LockstepCore
import Testing

@Suite struct ModelTests {
  private static let network = Network(
    inputShape: [2, 3], specification: [.dense(outputs: 17), .relu, .dense(outputs: 3)])
  private static var model: Model {
    try! Model(
      parameters: Parameters(network, seed: 5), normalization: .fixed(mean: 0.1307, deviation: 0.3081))
  }

  /// Expects that a file with this content is no model.
  private func refuse(
    _ file: Safetensors, _ fragments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let directory = try TemporaryDirectory(["model.safetensors": file.serialized()])
    expectDataError(directory.path + "/model.safetensors", fragments, sourceLocation: sourceLocation) {
      try Model(path: directory.path)
    }
  }

  @Test func roundTrip() throws {
    let directory = try TemporaryDirectory(["model.safetensors": Self.model.safetensors().serialized()])
    for path in [directory.path + "/model.safetensors", directory.path] {
      let read = try Model(path: path)
      #expect(read.parameters.digest == Self.model.parameters.digest)
      #expect(read.normalization == Self.model.normalization)
      #expect(read.network.inputShape == [2, 3])
      #expect(read.network.specification == Self.network.specification)
      #expect(try read.safetensors().serialized() == Self.model.safetensors().serialized())
    }
  }

  /// What torch.nn.Sequential calls them, ReLU taking a number, and [out, in].
  @Test func tensorsArePyTorchs() {
    let file = Self.model.safetensors()
    #expect(
      file.tensors.map { "\($0.name) \($0.shape)" }
        == [
          "layers.0.weight [17, 6]", "layers.0.bias [17]", "layers.2.weight [3, 17]", "layers.2.bias [3]",
        ])
    #expect(
      file.metadata == [
        "format": "pt", "lockstep.classes": "3", "lockstep.input": "2,3",
        "lockstep.network": "dense 17, relu, dense 3",
        "lockstep.normalize": "0.1307,0.3081",
      ])
  }

  /// One changed value, one changed place, one other name: another digest. The layout in memory is no part of it.
  @Test func digestSeesEveryValue() {
    let parameters = Parameters(Self.network, seed: 5)
    var digests: Set = [parameters.digest]
    for tensor in Self.network.tensors {
      for element in 0..<tensor.count {
        let place = parameters.pointer + tensor.flatIndex(element)
        let value = place.pointee
        place.pointee = value.nextUp
        digests.insert(parameters.digest)
        place.pointee = value
      }
    }
    #expect(digests.count == 1 + 6 * 17 + 17 + 17 * 3 + 3)
    #expect(parameters.digest == Self.model.parameters.digest)
  }

  @Test(arguments: [
    ("network", "dense 17, relu, dense 4"), ("network", "dense 17, dense 3"), ("network", "dense 17"),
    ("network", ""), ("network", "dense"), ("network", "dense -1"), ("network", "dense 0"),
    ("network", "conv 3"), ("network", "relu"), ("network", "dense 1000000000"),
    ("network", "dense 9223372036854775807"), ("network", "dense 9223372036854775808"),
    ("network", "dense 4000000000, dense 4000000000, dense 4000000000"),
    ("network", "dense 17, relu, dense 3" + String(repeating: ", relu", count: 100_000)),
    ("input", "7"), ("input", ""), ("input", "0"), ("input", "-6"), ("input", "2,x"),
    ("input", "1048576,1048576"), ("input", "99999999999999999999"),
    ("normalize", "auto,1"), ("normalize", ""), ("normalize", "0,0"), ("normalize", "nan,1"),
  ])
  func hostileMetadata(key: String, value: String) throws {
    var file = Self.model.safetensors()
    file.metadata["lockstep." + key] = value
    try refuse(file, [])
  }

  @Test func metadataIsNeeded() throws {
    for key in ["input", "network", "normalize"] {
      var file = Self.model.safetensors()
      file.metadata["lockstep." + key] = nil
      try refuse(file, ["metadata 'lockstep.\(key)'"])
    }
  }

  @Test func tensorsMustFit() throws {
    let changes: [(inout Safetensors) -> Void] = [
      { $0.tensors.removeLast() },
      { $0.tensors[0].shape = [6, 17] },
      { $0.tensors[0].shape = [102] },
      { $0.tensors[1].name = "layers.0.biases" },
      { $0.tensors.append(.init(name: "extra", shape: [1], values: [1])) },
      { $0.tensors.append(.init(name: "extra", shape: [0], values: [])) },
    ]
    for change in changes {
      var file = Self.model.safetensors()
      change(&file)
      try refuse(file, [])
    }
  }

  @Test func datasetMustFit() throws {
    func check(features: Int, classes: Int) throws {
      let network = Network(inputShape: [6], specification: [.dense(outputs: 3)])
      let model = try Model(parameters: Parameters(network), normalization: .none)
      try model.check(formulaDataset(samples: 9, features: features, classes: classes))
    }
    try check(features: 6, classes: 3)
    try check(features: 6, classes: 2)
    #expect(throws: LockstepError.self) { try check(features: 5, classes: 3) }
    #expect(throws: LockstepError.self) { try check(features: 6, classes: 4) }
  }

  @Test func aMissingFileIsNamed() throws {
    let directory = try TemporaryDirectory()
    for path in [directory.path + "/none.safetensors", directory.path] {
      let error = #expect(throws: LockstepError.self) { try Model(path: path) }
      #expect(error?.kind == .data)
      #expect(error?.subject.hasPrefix(directory.path) == true)
    }
  }
}
