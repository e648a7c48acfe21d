import Foundation
import Testing

/// `lockstep synthesize`: digits of which every pixel is decided by the seed.
@Suite struct SynthesizeTests {
  static let sizes = [
    "t10k-images-idx3-ubyte": 16 + 60 * 784, "t10k-labels-idx1-ubyte": 8 + 60,
    "train-images-idx3-ubyte": 16 + 400 * 784, "train-labels-idx1-ubyte": 8 + 400,
  ]

  let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory() }

  /// The files that it wrote, by name.
  func files(_ name: String, seed: Int, ranks: Int? = nil) throws -> [String: Data] {
    let path = scratch.file(name)
    let arguments = ["--train", "400", "--test", "60", "--seed", String(seed), "--output", path]
    let result = try lockstep(["synthesize"] + arguments, ranks: ranks)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "400 training and 60 test images in \(path)\n")
    var files: [String: Data] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: path) {
      files[file] = try scratch.data("\(name)/\(file)")
    }
    return files
  }

  @Test func theSeedDecidesTheFiles() throws {
    let first = try files("first", seed: 1)
    #expect(first.mapValues(\.count) == Self.sizes)
    #expect(try files("again", seed: 1) == first)
    #expect(try files("ranks", seed: 1, ranks: 3) == first)
    let other = try files("other", seed: 2)
    for (name, file) in first { #expect(other[name] != file, "\(name)") }
  }

  @Test func theFilesTrain() throws {
    _ = try files("digits", seed: 3)
    let output = scratch.file("run")
    let result = try lockstep(
      ["train", "--data", scratch.file("digits"), "--output", output, "--model", "linear", "--quiet"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("/60), "))
  }
}
