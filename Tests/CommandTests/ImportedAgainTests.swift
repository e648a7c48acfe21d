import Foundation
import Testing

/// `lockstep import` where a dataset, other files or a class of an unlucky name are in its way.
@Suite struct ImportedAgainTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  private func imported(_ source: String, _ arguments: [String] = [], to output: String, status: Int32 = 0)
    throws
    -> CommandResult
  {
    let result = try lockstep(["import", scratch.file(source), "--output", scratch.file(output)] + arguments)
    try #require(result.status == status, "\(source): \(result.errors)\(result.output)")
    return result
  }

  private func writePictures(_ count: Int, to folder: String) throws {
    for index in 0..<count {
      let pixels = (0..<64).map { UInt8(truncatingIfNeeded: $0 * (index + 3)) }
      try scratch.writePNG(pixels, width: 8, to: "\(folder)/\(index).png")
    }
  }

  /// Names and what was done to pictures go on, together with what is done now.
  @Test func datasetsKeepTheirRecord() throws {
    for name in ["cats", "dogs"] { try writePictures(4, to: "animals/\(name)") }
    _ = try imported("animals", ["--invert"], to: "first")
    _ = try imported("first", ["--size", "4x4"], to: "second")
    let record = #""pictures":"4x4 grey inverted","classes":["cats","dogs"]"#
    #expect(try scratch.text("second/import.json").contains(record))
    _ = try imported("first", ["--invert"], to: "back")
    #expect(try scratch.text("back/import.json").contains(#""pictures":"8x8 grey","classes":["cats""#))
    _ = try imported("animals", ["--centre"], to: "centred")
    #expect(
      try imported("centred", ["--invert"], to: "dark", status: 64).errors.contains("--invert: expected"))
  }

  @Test func aClassMayBeCalledTrain() throws {
    for name in ["bus", "train", "tram"] { try writePictures(3, to: "vehicles/\(name)") }
    let result = try imported("vehicles", to: "out")
    #expect(result.output.hasPrefix("9 training and 0 test samples of 8x8 in 3 classes"))
    #expect(try scratch.text("out/classes.txt") == "bus\ntrain\ntram\n")
    // Without other classes the names mean the halves, whose pictures are of no class.
    for name in ["train", "test"] { try writePictures(3, to: "unsorted/\(name)") }
    _ = try imported("unsorted", to: "none", status: 65)
  }

  @Test func classesWithoutSamplesAreTold() throws {
    for name in ["a", "b"] { try writePictures(3, to: "some/\(name)") }
    try FileManager.default.createDirectory(
      atPath: scratch.file("some/new"), withIntermediateDirectories: false)
    #expect(try imported("some", to: "out").errors.contains("no pictures in, and so no classes of: new"))
    try scratch.write(Data("label,a\n1,5\n3,6\n".utf8), to: "some.csv")
    #expect(try imported("some.csv", to: "kept").errors.contains("these have no sample: 0, 2\n"))
  }

  @Test func picturesComeBeforeTablesOfThem() throws {
    for name in ["a", "b"] { try writePictures(3, to: "both/\(name)") }
    try scratch.write(Data("file,label\na/0.png,0\n".utf8), to: "both/labels.csv")
    let result = try imported("both", to: "out")
    #expect(result.output.hasPrefix("6 training") && result.errors.contains("labels.csv is left out"))
  }

  @Test func anInterruptedImportIsNoDataset() throws {
    for name in ["a", "b"] { try writePictures(3, to: "two/\(name)") }
    _ = try imported("two", to: "out")
    try scratch.write(Data("{\"unfinished\":true}\n".utf8), to: "out/import.json")
    let run = try lockstep([
      "train", "--data", scratch.file("out"), "--model", "linear", "--output", scratch.file("run"),
    ])
    #expect(run.status == 65 && run.errors.contains("an import that was interrupted"), "\(run.errors)")
    _ = try imported("two", to: "out")
    #expect(try scratch.text("out/import.json").contains(#""train":6"#))
  }

  @Test func sourcesStayAsTheyAre() throws {
    for name in ["a", "b"] { try writePictures(3, to: "two/\(name)") }
    _ = try imported("two", to: "out")
    let before = try scratch.contents("out")
    #expect(try imported("out", ["--size", "4x4"], to: "out", status: 64).errors.contains("found the same"))
    #expect(try scratch.contents("out") == before)
    #expect(try imported("two", to: "two/idx", status: 64).errors.contains("found one inside it"))
  }

  /// A sparse file of a few bytes on the disk.
  @Test func samplesOfTerabytesAreRefused() throws {
    let directory = scratch.file("sparse")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    let head = npy([2, 1 << 20, 1 << 20], [])
    try scratch.write(head, to: "sparse/x_train.npy")
    try scratch.write(npy([2], [0, 1]), to: "sparse/y_train.npy")
    try #require(truncate(directory + "/x_train.npy", head.count + (2 << 40)) == 0)
    #expect(
      try imported("sparse", to: "out", status: 65).errors.contains("samples of at most 67108864 numbers"))
  }
}
