import LockstepCore
import Testing

/// What a dataset's folder says of its classes and pictures.
@Suite struct ImportRecordTests {
  @Test func namesWrittenByHand() throws {
    let folder = try TemporaryDirectory(["classes.txt": Array("zero\n\"one\"\r\nzwei\n".utf8)])
    let record = try #require(try ImportRecord(directory: folder.path))
    #expect(record.classes == ["zero", "\"one\"", "zwei"] && record.pictures == nil)
    #expect(try ImportRecord(directory: TemporaryDirectory().path) == nil)
  }

  /// The record of an import comes first, and a damaged one is an error.
  @Test func aRecordComesFirst() throws {
    let names = Array("a\nb\n".utf8)
    let folder = try TemporaryDirectory([
      "classes.txt": names, "import.json": Array(#"{"classes":["c"]}"#.utf8),
    ])
    #expect(try ImportRecord(directory: folder.path)?.classes == ["c"])
    let damaged = try TemporaryDirectory(["classes.txt": names, "import.json": Array("{".utf8)])
    expectDataError("\(damaged.path)/import.json", ["lockstep import"]) {
      try ImportRecord(directory: damaged.path)
    }
  }

  /// A model keeps the names, if they are not more than its classes.
  @Test func aModelKeepsThem() throws {
    let network = Network(inputShape: [3], specification: [.dense(outputs: 3)])
    var model = try Model(parameters: Parameters(network, seed: 1), normalization: .none)
    model.adopt(ImportRecord(pictures: nil, classes: ["a", "b", "c", "d"]))
    #expect(model.classNames == nil)
    model.adopt(ImportRecord(pictures: nil, classes: ["a", "b"]))
    #expect(model.classNames == ["a", "b", "2"])
    let read = try Model(bytes: try model.safetensors().serialized(), path: "m")
    #expect(read.classNames == ["a", "b", "2"])
    let file = String(decoding: try model.onnx(.bytes, path: "m"), as: UTF8.self)
    #expect(file.contains(#"["a", "b", "2"]"#))
  }
}
