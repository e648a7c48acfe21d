import Foundation
import Testing

/// What `lockstep import` leaves out, refuses, or takes for what it is not, and says so.
@Suite struct ImportLeftOutTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  private func writeArrays(_ name: String, _ images: Data) throws {
    try FileManager.default.createDirectory(atPath: scratch.file(name), withIntermediateDirectories: true)
    try scratch.write(images, to: "\(name)/x_train.npy")
    try scratch.write(npy([4], [0, 1, 0, 1]), to: "\(name)/y_train.npy")
  }

  @Test func filesThatAreNoPictures() throws {
    for name in ["a", "b"] { try scratch.writePictures(2, to: "tree/\(name)") }
    try scratch.write(Data("GIF89a".utf8), to: "tree/a/one.gif")
    try scratch.write(Data([0xFF, 0xD8]), to: "tree/b/two.jpe")
    try scratch.write(Data([0x89, 0x50]), to: "tree/b/three")
    try scratch.write(Data([0x89, 0x50]), to: "tree/beside.png")
    let result = try scene.imported("tree", to: "out")
    #expect(result.output.hasPrefix("4 training"))
    #expect(
      result.errors.contains("left out: 1 beside the folders of classes, 1 gif, 1 jpe, 1 without a suffix"),
      "\(result.errors)")
    #expect(result.errors.contains("1 beside the folders of classes"), "\(result.errors)")
    let strict = try scene.imported("tree", ["--strict"], to: "strict", status: 65)
    #expect(strict.errors.contains("1 gif, 1 jpe"), "\(strict.errors)")
    for name in ["a", "b"] { try scratch.writePictures(2, to: "halves/train/\(name)") }
    try scratch.write(Data([0x89, 0x50]), to: "halves/train/stray.png")
    let stray = try scene.imported("halves", ["--strict"], to: "strict", status: 65)
    #expect(stray.errors.contains("1 beside the folders of classes"), "\(stray.errors)")
  }

  /// A name in Latin-1 has no place in a String.
  @Test func namesThatAreNoUTF8() throws {
    for name in ["a", "b"] { try scratch.writePictures(2, to: "tree/\(name)") }
    let path = Array(scratch.file("tree/caf").utf8CString.dropLast()) + [CChar(bitPattern: 0xE9), 0]
    try #require(mkdir(path, 0o755) == 0)
    let result = try scene.imported("tree", to: "out", status: 65)
    #expect(result.errors.contains("names of files in UTF-8"), "\(result.errors)")
  }

  /// A link to a folder above leads back to pictures that are there already.
  @Test func linksThatLeadBack() throws {
    for name in ["a", "b"] { try scratch.writePictures(2, to: "tree/\(name)") }
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("tree/a/again"), withDestinationPath: scratch.file("tree/a"))
    try FileManager.default.createSymbolicLink(atPath: scratch.file("tree/a/up"), withDestinationPath: "..")
    #expect(try scene.imported("tree", to: "out").output.hasPrefix("4 training"))
  }

  @Test func picturesOfOneShade() throws {
    for name in ["a", "b"] { try scratch.writePictures(2, to: "tree/\(name)") }
    try scratch.writePNG([UInt8](repeating: 255, count: 64), width: 8, to: "tree/b/white.png")
    let result = try scene.imported("tree", to: "out")
    #expect(result.errors.contains("1 of 5 pictures are of one shade, the first "), "\(result.errors)")
    #expect(result.errors.contains("white.png"))
  }

  /// On the scale of pixels, or as numbers: never as pictures that are nearly black.
  @Test func numbersOfAnotherRange() throws {
    let bits = (0..<4 * 16).map { UInt8($0 % 3 == 0 ? 1 : 0) }
    try writeArrays("bits", npy([4, 4, 4], bits, type: "|b1"))
    _ = try scene.imported("bits", to: "bits-out")
    let images = try scratch.data("bits-out/train-images-idx3-ubyte")
    #expect(Array(images.dropFirst(16)) == bits.map { $0 * 255 })
    try writeArrays("dark", npy([4, 4, 4], bits.map { $0 * 16 }))
    let dark = try scene.imported("dark", to: "dark-out")
    #expect(dark.errors.contains("no pixel is above 16 of 255"), "\(dark.errors)")
    // Numbers that are no pixels are of any size.
    try "label,a,b\n0,1,2\n1,3,200\n".write(toFile: scratch.file("t.csv"), atomically: false, encoding: .utf8)
    let table = try scene.imported("t.csv", to: "table-out")
    #expect(!table.errors.contains("pixel"), "\(table.errors)")
    for (largest, type) in [(16, "float"), (128, "ubyte")] {
      let numbers = (0..<4 * 16).map { Float($0 == 5 ? largest : $0 % 10) }
      let bytes = numbers.flatMap { number in
        withUnsafeBytes(of: number.bitPattern.littleEndian) { [UInt8]($0) }
      }
      try writeArrays("to \(largest)", npy([4, 4, 4], bytes, type: "<f4"))
      _ = try scene.imported("to \(largest)", to: "out \(largest)")
      #expect(try scratch.contents("out \(largest)").keys.contains("train-images-idx3-\(type)"))
    }
  }

  @Test(arguments: [Float.nan, .infinity]) func numbersThatAreNone(odd: Float) throws {
    let numbers = (0..<4 * 16).map { $0 == 37 ? odd : Float($0) / 64 }
    let bytes = numbers.flatMap { number in
      withUnsafeBytes(of: number.bitPattern.littleEndian) { [UInt8]($0) }
    }
    try writeArrays("odd", npy([4, 4, 4], bytes, type: "<f4"))
    let result = try scene.imported("odd", to: "out", status: 65)
    #expect(result.errors.contains("\(odd) in row 2"), "\(result.errors)")
  }

  /// Digits in arrays lie as MNIST's do, and `predict` has to know; files are as people have them.
  @Test func digitsInArraysAreKnown() throws {
    _ = try scene.imported("digits", to: "rows")
    #expect(try scratch.text("rows/import.json").contains(#""pictures":"28x28 grey centred""#))
    try scratch.writeDigits(40, of: scene.data, to: "files")
    _ = try scene.imported("files", to: "folders")
    #expect(try scratch.text("folders/import.json").contains(#""pictures":"28x28 grey""#))
  }

  /// Training says the same of it, with the same status.
  @Test func damagedFilesOfMNISTsFormat() throws {
    try scratch.write(
      try scratch.data("digits/train-images-idx3-ubyte").prefix(1000), to: "digits/train-images-idx3-ubyte")
    _ = try scene.imported("digits", to: "out", status: 65)
  }

  /// libjpeg and libpng would end the process.
  @Test func picturesBeyondTheMemory() throws {
    for name in ["a", "b"] {
      try scratch.writePNG([UInt8](repeating: 7, count: 6000 * 6000), width: 6000, to: "large/\(name)/0.png")
    }
    let command = [
      Repository.lockstep, "import", scratch.file("large"), "--output", scratch.file("out"), "--size", "8x8",
      "--threads", "1",
    ]
    let result = try run("bash", ["-c", "ulimit -v 400000; exec \"$@\"", "bash"] + command)
    #expect(result.status == 64 && result.errors.contains("6000x6000 pixels"), "\(result.errors)")
    #expect(result.errors.contains("ulimit -v"), "\(result.errors)")
  }
}
