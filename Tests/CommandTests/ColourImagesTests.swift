import Foundation
import Testing

/// Colour images in a 4-dimensional IDX file, by the network that is made for them.
@Suite struct ColourImagesTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Drawn: a class has a stripe of a colour and a direction, at any place, over noise.
  private func write(_ count: Int, _ part: String, seed: UInt32) throws {
    let side = 32
    var state = seed
    func random(_ below: UInt32) -> Int {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int(state >> 8) % Int(below)
    }
    func header(_ sizes: [Int]) -> [UInt8] {
      [0, 0, 8, UInt8(sizes.count)]
        + sizes.flatMap { size in withUnsafeBytes(of: UInt32(size).bigEndian) { Array($0) } }
    }
    var (pixels, labels) = (header([count, 3, side, side]), header([count]))
    for _ in 0..<count {
      let (label, place) = (random(6), 4 + random(20))
      labels.append(UInt8(label))
      for channel in 0..<3 {
        for at in 0..<side * side {
          let across = label < 3 ? at / side : at % side
          let isStripe = channel == label % 3 && place..<place + 8 ~= across
          pixels.append(UInt8(random(120) + (isStripe ? 120 : 0)))
        }
      }
    }
    try FileManager.default.createDirectory(
      atPath: scene.scratch.file("colours"), withIntermediateDirectories: true)
    try scene.scratch.write(Data(pixels), to: "colours/\(part)-images-idx4-ubyte")
    try scene.scratch.write(Data(labels), to: "colours/\(part)-labels-idx1-ubyte")
  }

  @Test func residualNetworkLearnsThem() throws {
    try write(320, "train", seed: 1)
    try write(96, "t10k", seed: 2)
    // More, smaller steps than of the thousands of images that the recipe is for.
    let recipe = [
      "--recipe", "resnet-20", "--batch-size", "32", "--micro-batches", "2", "--epochs", "3", "--lr", "0.05",
      "--milestones", "2", "--augment-crop", "0",
    ]
    let data = scene.scratch.file("colours")
    let reference = try scene.train(recipe, data: data, threads: 2)
    let accuracy = try #require(reference.result.output.firstMatch(of: /test accuracy (\d+\.\d+)%/)?.1)
    #expect(try #require(Double(accuracy)) > 60, "\(reference.result.output)")
    #expect(try scene.train(recipe, data: data, ranks: 2).digest == reference.digest)
    let stopped = try scene.train(recipe + ["--max-steps", "13"], data: data, ranks: 2)
    let resumed = try lockstep(
      [
        "train", "--recipe", "resnet-20", "--data", data, "--output", stopped.path, "--resume", "--threads",
        "1",
      ]
        + recipe.dropFirst(2))
    #expect(resumed.output.hasSuffix("weights \(reference.digest)\n"), "\(resumed.output)\(resumed.errors)")
  }
}
