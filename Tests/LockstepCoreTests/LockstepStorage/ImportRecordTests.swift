import LockstepCore
import Testing

/// What import recorded of a dataset, and how a model keeps it.
@Suite struct ImportRecordTests {
  private static let pictures: PictureForm = {
    var form = PictureForm(height: 2, width: 3, channels: 1)
    form.isInverted = true
    return form
  }()
  private static let record = ImportRecord(pictures: pictures, classes: ["cat", "\"dog\"\n"])

  private static func model(classes: Int = 2) throws -> Model {
    let network = Network(inputShape: [2, 3], specification: [.dense(outputs: classes)])
    return try Model(parameters: Parameters(network, seed: 5), normalization: .none)
  }

  @Test func comesBackFromItsFile() throws {
    var line = JSONLine()
    Self.record.add(to: &line)
    let directory = try TemporaryDirectory(["import.json": Array(line.text.utf8)])
    #expect(try ImportRecord(directory: directory.path) == Self.record)
    #expect(try ImportRecord(directory: directory.path + "/absent") == nil)
  }

  @Test func namesWrittenByHand() throws {
    let folder = try TemporaryDirectory(["classes.txt": Array("zero\n\"one\"\r\nzwei\n".utf8)])
    let record = try #require(try ImportRecord(directory: folder.path))
    #expect(record.classes == ["zero", "\"one\"", "zwei"] && record.pictures == nil)
  }

  /// The record of an import comes before such names, and a damaged one is an error.
  @Test func aRecordComesFirst() throws {
    let names = Array("a\nb\n".utf8)
    let record = Array(#"{"classes":["c"]}"#.utf8)
    let folder = try TemporaryDirectory(["classes.txt": names, "import.json": record])
    #expect(try ImportRecord(directory: folder.path)?.classes == ["c"])
    let damaged = try TemporaryDirectory(["classes.txt": names, "import.json": Array("{".utf8)])
    expectDataError("\(damaged.path)/import.json", ["lockstep import"]) {
      try ImportRecord(directory: damaged.path)
    }
  }

  /// EMNIST's files say nothing of what they are.
  @Test func emnistIsKnown() throws {
    let files = ["train-images-idx3", "train-labels-idx1"].map {
      ("emnist-letters-\($0)-ubyte.gz", [UInt8]())
    }
    let letters = try TemporaryDirectory(Dictionary(uniqueKeysWithValues: files))
    let record = try #require(try ImportRecord(directory: letters.path))
    #expect(record.pictures?.text == "28x28 grey centred transposed")
    #expect(record.classes.count == 27 && record.classes[1] == "a" && record.classes[26] == "z")
    #expect(EMNIST.classes(of: "balanced").joined() == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
    #expect(EMNIST.classes(of: "byclass").count == 62 && EMNIST.classes(of: "mnist").count == 10)
    #expect(EMNIST.split(ofFiles: ["train-images-idx3-ubyte", "notes.txt"]) == nil)
  }

  @Test(arguments: [
    "", "[]", #"{"classes":1}"#, #"{"classes":["a"],"pictures":"28x28 blue"}"#,
  ])
  func otherFilesAreRefused(text: String) throws {
    expectDataError("i.json", ["i.json", "record that lockstep import writes"]) {
      try ImportRecord(json: Array(text.utf8), path: "i.json")
    }
  }

  @Test func modelsKeepIt() throws {
    var model = try Self.model()
    let without = try model.safetensors().serialized()
    #expect(!String(decoding: without, as: UTF8.self).contains("class-names"))
    model.adopt(Self.record)
    let read = try Model(bytes: model.safetensors().serialized(), path: "m")
    #expect(read.pictures == Self.pictures && read.classNames == Self.record.classes)
    #expect(read.parameters.digest == model.parameters.digest)
    #expect(
      String(decoding: try read.onnx(.bytes, path: "m"), as: UTF8.self).contains(#"["cat", "\"dog\"\n"]"#))
  }

  /// Pictures of another size say nothing about this network's; classes without a name are called by their number.
  @Test func modelsKeepWhatFits() throws {
    var model = try Self.model(classes: 3)
    model.adopt(ImportRecord(pictures: PictureForm(height: 28, width: 28, channels: 1), classes: ["a", "b"]))
    #expect(model.pictures == nil && model.classNames == ["a", "b", "2"])
    var small = try Self.model()
    small.adopt(ImportRecord(pictures: nil, classes: ["a", "b", "c"]))
    #expect(small.classNames == nil)
  }
}
