import Foundation
import Testing

/// EMNIST as its authors publish it: transposed pictures, letters from 1, and nothing but the files' names says so.
@Suite struct EMNISTTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private static let letters = Array("abcdefghiz")

  /// The scene's digits as these letters, in a folder of EMNIST's files.
  private func writeLetters(to folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: scene.scratch.file(folder), withIntermediateDirectories: false)
    for (part, name) in [("train", "train"), ("t10k", "test")] {
      var images = [UInt8](try scene.scratch.data("digits/\(part)-images-idx3-ubyte"))
      var labels = [UInt8](try scene.scratch.data("digits/\(part)-labels-idx1-ubyte"))
      for sample in 0..<labels.count - 8 {
        let start = 16 + sample * 784
        let upright = Array(images[start..<start + 784])
        for pixel in 0..<784 { images[start + pixel] = upright[pixel % 28 * 28 + pixel / 28] }
        labels[8 + sample] = Self.letters[Int(labels[8 + sample])].asciiValue! - 0x60
      }
      try scene.scratch.write(Data(images), to: "\(folder)/emnist-letters-\(name)-images-idx3-ubyte")
      try scene.scratch.write(Data(labels), to: "\(folder)/emnist-letters-\(name)-labels-idx1-ubyte")
    }
  }

  @Test func uprightLettersAreRecognised() throws {
    try writeLetters(to: "letters")
    let run = try scene.train(
      ["--model", "linear", "--epochs", "4"], data: scene.scratch.file("letters"))
    try scene.scratch.writeDigits(100, of: scene.data, part: "t10k", to: "pictures")
    let result = try lockstep(["predict", run.path, scene.scratch.file("pictures"), "--json"])
    try #require(result.status == 0, "\(result.errors)")
    let right = try result.output.split(separator: "\n").filter { line in
      let answer = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let folder = try #require((answer["input"] as? String)?.split(separator: "/").dropLast().last)
      return answer["class"] as? String == String(Self.letters[Int(folder)!])
    }
    #expect(right.count >= 80, "\(right.count) of 100")
  }
}
