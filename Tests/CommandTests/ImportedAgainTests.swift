import Foundation
import Testing

/// `lockstep import` where a dataset, other files or a class of an unlucky name are in its way.
@Suite struct ImportedAgainTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  /// Names and what was done to pictures go on, together with what is done now.
  @Test func datasetsKeepTheirRecord() throws {
    for name in ["cats", "dogs"] { try scratch.writePictures(4, to: "animals/\(name)") }
    _ = try scene.imported("animals", ["--invert"], to: "first")
    _ = try scene.imported("first", ["--size", "4x4"], to: "second")
    let record = #""pictures":"4x4 grey inverted","classes":["cats","dogs"]"#
    #expect(try scratch.text("second/import.json").contains(record))
    _ = try scene.imported("first", ["--invert"], to: "back")
    #expect(try scratch.text("back/import.json").contains(#""pictures":"8x8 grey","classes":["cats""#))
    _ = try scene.imported("animals", ["--centre"], to: "centred")
    #expect(
      try scene.imported("centred", ["--invert"], to: "dark", status: 64).errors.contains(
        "--invert: expected"))
  }

  @Test func aClassMayBeCalledTrain() throws {
    for name in ["bus", "train", "tram"] { try scratch.writePictures(3, to: "vehicles/\(name)") }
    let result = try scene.imported("vehicles", to: "out")
    #expect(result.output.hasPrefix("9 training and 0 test samples of 8x8 in 3 classes"))
    #expect(try scratch.text("out/classes.txt") == "bus\ntrain\ntram\n")
    // Without other classes the names mean the halves, whose pictures are of no class.
    for name in ["train", "test"] { try scratch.writePictures(3, to: "unsorted/\(name)") }
    _ = try scene.imported("unsorted", to: "none", status: 65)
    try FileManager.default.createDirectory(
      atPath: scratch.file("unsorted/docs"), withIntermediateDirectories: false)
    let refused = try scene.imported("unsorted", to: "none", status: 65)
    #expect(refused.errors.contains("pictures without folders of classes in test, train"))
  }

  @Test func classesWithoutSamplesAreTold() throws {
    for name in ["a", "b"] { try scratch.writePictures(3, to: "some/\(name)") }
    try FileManager.default.createDirectory(
      atPath: scratch.file("some/new"), withIntermediateDirectories: false)
    #expect(
      try scene.imported("some", to: "out").errors.contains("no pictures in, and so no classes of: new"))
    try scratch.write(Data("label,a\n1,5\n3,6\n".utf8), to: "some.csv")
    #expect(try scene.imported("some.csv", to: "kept").errors.contains("these have no sample: 0, 2\n"))
  }

  @Test func picturesComeBeforeTablesOfThem() throws {
    for name in ["a", "b"] { try scratch.writePictures(3, to: "both/\(name)") }
    try scratch.write(Data("file,label\na/0.png,0\n".utf8), to: "both/labels.csv")
    let result = try scene.imported("both", to: "out")
    #expect(
      result.output.hasPrefix("6 training")
        && result.errors.contains("left out beside folders of pictures: labels.csv"))
  }

  @Test func anInterruptedImportIsNoDataset() throws {
    for name in ["a", "b"] { try scratch.writePictures(3, to: "two/\(name)") }
    _ = try scene.imported("two", to: "out")
    // A folder in the place of the names ends it when the samples have theirs.
    let names = scratch.file("out/classes.txt")
    try FileManager.default.removeItem(atPath: names)
    try FileManager.default.createDirectory(atPath: names, withIntermediateDirectories: false)
    #expect(try scene.imported("two", to: "out", status: 1).errors.contains("classes.txt"))
    try FileManager.default.removeItem(atPath: names)
    let run = try lockstep([
      "train", "--data", scratch.file("out"), "--model", "linear", "--output", scratch.file("run"),
    ])
    #expect(run.status == 65 && run.errors.contains("an import that was interrupted"), "\(run.errors)")
    _ = try scene.imported("two", to: "out")
    #expect(try scratch.text("out/import.json").contains(#""train":6"#))
  }

  @Test func sourcesStayAsTheyAre() throws {
    for name in ["a", "b"] { try scratch.writePictures(3, to: "two/\(name)") }
    _ = try scene.imported("two", to: "out")
    let before = try scratch.contents("out")
    #expect(
      try scene.imported("out", ["--size", "4x4"], to: "out", status: 64).errors.contains("found the same"))
    #expect(try scratch.contents("out") == before)
    #expect(try scene.imported("two", to: "two/idx", status: 64).errors.contains("found one inside it"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("link"), withDestinationPath: scratch.path)
    let linked = try scene.imported("link/two", to: "link/two/new/idx", status: 64)
    #expect(linked.errors.contains("found one inside it"))
    _ = try scene.imported("two", to: "two/../beside")
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
      try scene.imported("sparse", to: "out", status: 65).errors.contains(
        "samples of at most 67108864 numbers"))
  }
}
