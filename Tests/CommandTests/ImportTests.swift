import Foundation
import Testing

/// `lockstep import`: pictures, arrays and tables become datasets that train.
@Suite struct ImportTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  /// The dimensions in an IDX file's header.
  private func dimensions(_ name: String) throws -> [Int] {
    let file = [UInt8](try scratch.data(name))
    return (0..<Int(file[3])).map { d in file[4 + 4 * d..<8 + 4 * d].reduce(0) { $0 << 8 | Int($1) } }
  }

  @Test func classFoldersTrain() throws {
    try scratch.writeDigits(300, of: scene.data, to: "pictures/train")
    try scratch.writeDigits(100, of: scene.data, part: "t10k", to: "pictures/test")
    let result = try scene.imported("pictures", to: "own")
    #expect(
      result.output == "300 training and 100 test samples of 28x28 in 10 classes in \(scratch.file("own"))\n")
    #expect(try scratch.text("own/classes.txt") == "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")
    // The same pictures with the same labels, in another order.
    func samples(_ name: String, _ count: Int) throws -> Set<Data> {
      let (images, labels) = (
        try scratch.data("\(name)/train-images-idx3-ubyte"),
        try scratch.data("\(name)/train-labels-idx1-ubyte")
      )
      return Set((0..<count).map { images[16 + $0 * 784..<800 + $0 * 784] + labels[8 + $0..<9 + $0] })
    }
    #expect(try samples("own", 300) == samples("digits", 300))
    let run = try scene.train(["--model", "linear", "--epochs", "1"], data: scratch.file("own"))
    #expect(run.accuracyLine.contains("/100)"))
  }

  @Test func seedDecidesOrderAndSplit() throws {
    try scratch.writeDigits(200, of: scene.data, to: "tree")
    _ = try scene.imported("tree", ["--test-split", "0.25", "--threads", "1"], to: "first")
    _ = try scene.imported("tree", ["--test-split", "0.25", "--threads", "3"], to: "again")
    _ = try scene.imported("tree", ["--test-split", "0.25", "--seed", "2"], to: "other")
    let first = try scratch.contents("first")
    #expect(try scratch.contents("again") == first)
    let other = try scratch.contents("other")
    #expect(other["train-images-idx3-ubyte"] != first["train-images-idx3-ubyte"])
    #expect(try abs(dimensions("first/t10k-images-idx3-ubyte")[0] - 50) <= 5)
  }

  @Test func coloursAndSizesAreKeptOrMade() throws {
    for index in 0..<6 {
      let pixels = (0..<30 * 20 * 3).map { UInt8(truncatingIfNeeded: $0 * (index + 3)) }
      try scratch.writePNG(
        pixels, width: 30, channels: 3, to: "colours/\(index % 2 == 0 ? "cats" : "dogs")/\(index).png")
    }
    _ = try scene.imported("colours", ["--test-split", "0.34"], to: "whole")
    #expect(try dimensions("whole/train-images-idx4-ubyte") == [4, 3, 20, 30])
    #expect(try scratch.text("whole/classes.txt") == "cats\ndogs\n")
    _ = try scene.imported("colours", ["--size", "8x12", "--grey", "--invert"], to: "whole")
    #expect(try dimensions("whole/train-images-idx3-ubyte") == [6, 8, 12])
    #expect(
      try scratch.text("whole/import.json").contains(
        #""pictures":"8x12 grey inverted","classes":["cats","dogs"]"#))
    // Of the dataset before nothing is left.
    #expect(try scratch.contents("whole").count == 4)
  }

  @Test func brokenPicturesAreLeftOutOrRefused() throws {
    try scratch.writeDigits(40, of: scene.data, to: "some")
    try scratch.write(Data("\u{89}PNG no more".utf8), to: "some/3/broken.png")
    try scratch.write(Data(), to: "some/4/empty.jpg")
    let result = try scene.imported("some", to: "left")
    #expect(result.output.contains("40 training") && result.output.hasSuffix(", 2 left out\n"))
    #expect(
      result.errors.contains("some/3/broken.png: expected a") && result.errors.contains("an empty file"))
    #expect(try scratch.text("left/import.json").contains(#""skipped":2"#))
    let refused = try scene.imported("some", ["--strict"], to: "strict", status: 65)
    #expect(refused.errors.contains(".png: expected") || refused.errors.contains(".jpg: expected"))
    #expect(!FileManager.default.fileExists(atPath: scratch.file("strict/train-images-idx3-ubyte")))
  }

  @Test func arraysKeepTheirOrder() throws {
    let pixels = (0..<6 * 9 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try FileManager.default.createDirectory(
      atPath: scratch.file("arrays"), withIntermediateDirectories: false)
    try scratch.write(npy([6, 9, 8, 3], pixels), to: "arrays/x_train.npy")
    try scratch.write(npy([6, 1], [4, 0, 2, 1, 3, 4]), to: "arrays/y_train.npy")
    #expect(!(try scene.imported("arrays", to: "six").errors.contains("have no sample")))
    #expect(try dimensions("six/train-images-idx4-ubyte") == [6, 3, 9, 8])
    let written = [UInt8](try scratch.data("six/train-images-idx4-ubyte").dropFirst(20))
    // The second channel of the first picture's second pixel.
    #expect(written[72 + 1] == pixels[3 + 1])
    #expect(try [UInt8](scratch.data("six/train-labels-idx1-ubyte").dropFirst(8)) == [4, 0, 2, 1, 3, 4])
  }

  @Test func tablesOfPixelsArePictures() throws {
    let lines = (0..<40).map { row in
      ([row % 4] + (0..<64).map { ($0 * row) % 256 }).map(String.init).joined(separator: ",")
    }
    try scratch.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: "pixels.csv")
    let result = try scene.imported("pixels.csv", ["--test-split", "0.2"], to: "table")
    #expect(result.output.hasPrefix("32 training and 8 test samples of 8x8 in 4 classes"))
    _ = try scene.train(["--model", "linear", "--epochs", "1"], data: scratch.file("table"))
  }

  /// Kaggle's digits come with test pictures that have no labels, and with a table that is no dataset.
  @Test func tablesWithoutLabelsAreLeftOut() throws {
    let kaggle = scratch.file("kaggle")
    try FileManager.default.createDirectory(atPath: kaggle, withIntermediateDirectories: false)
    let rows = (0..<20).map { "\($0 % 2),\($0),7\n" }.joined()
    try scratch.write(Data(("label,pixel0,pixel1\n" + rows).utf8), to: "kaggle/train.csv")
    try scratch.write(Data("pixel0,pixel1\n1,2\n".utf8), to: "kaggle/test.csv")
    try scratch.write(Data("ImageId,Label\n1,0\n".utf8), to: "kaggle/sample_submission.csv")
    let result = try scene.imported("kaggle", ["--test-split", "0.5"], to: "few")
    #expect(result.output.hasPrefix("10 training and 10 test samples of 2 in 2 classes"))
    #expect(
      result.errors.contains("test.csv is left out") && result.errors.contains("submission.csv is left out"))
  }

  @Test func torchvisionsFolderIsCopied() throws {
    try FileManager.default.createDirectory(
      atPath: scratch.file("root/MNIST"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: scene.data, toPath: scratch.file("root/MNIST/raw"))
    _ = try scene.imported("root", to: "copy")
    for (name, data) in try scratch.contents("root/MNIST/raw") {
      #expect(try scratch.data("copy/\(name)") == data)
    }
  }

  @Test(arguments: [
    ("objects", "x_train.npy: expected an array of numbers, found pickled Python objects"),
    ("short", "bytes for an array of [1000000], found"),
    ("rows", "t.csv: line 2: expected 3 values, as in the first line, found 2"),
    ("none", "expected a folder of pictures"), ("zip", "expected a sound zip archive"),
  ])
  func whatIsHostileIsRefused(name: String, message: String) throws {
    try FileManager.default.createDirectory(atPath: scratch.file(name), withIntermediateDirectories: false)
    try scratch.write(
      npy([2], [0, 1]), to: "\(name == "objects" || name == "short" ? name : "")/y_train.npy")
    switch name {
    case "objects": try scratch.write(npy([2], [1, 2, 3], type: "|O"), to: "objects/x_train.npy")
    case "short": try scratch.write(npy([1_000_000], [1, 2, 3]), to: "short/x_train.npy")
    case "rows": try scratch.write(Data("1,2,3\n4,5\n".utf8), to: "rows/t.csv")
    case "zip": try scratch.write(Data("PK\u{3}\u{4} and no more".utf8), to: "zip/a.npz")
    default: break
    }
    let result = try scene.imported(name, to: "out-" + name, status: 65)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("out-\(name)/import.json")))
  }

  @Test func outputsOfOthersStay() throws {
    try scratch.writeDigits(20, of: scene.data, to: "few")
    try FileManager.default.createDirectory(atPath: scratch.file("mine"), withIntermediateDirectories: false)
    try scratch.write(Data("x".utf8), to: "mine/thesis.tex")
    let result = try scene.imported("few", to: "mine", status: 64)
    #expect(result.errors.contains("expected a new or empty folder"))
    #expect(try scratch.contents("mine") == ["thesis.tex": Data("x".utf8)])
  }

  @Test func missingSiblingIsNamed() throws {
    try FileManager.default.copyItem(atPath: Repository.lockstep, toPath: scratch.file("lockstep"))
    let result = try run(scratch.file("lockstep"), ["predict", "--help"])
    #expect(result.status == 1)
    #expect(result.errors.contains("lockstep-import") && result.errors.contains("swift build"))
    #expect(try lockstep(["import", "--help"]).output.contains("--test-split <X>"))
    #expect(try lockstep(["help", "predict"]).output.contains("--as-is"))
    #expect(try lockstep(["--help"]).output.contains("  predict "))
  }
}
