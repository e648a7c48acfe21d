import LockstepSupport

/// Synthetic digits as files, for any program that reads MNIST.
public enum SyntheticDataset {
  /// Writes `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the two `t10k-` files into a directory, which is
  /// created if missing. Existing files are replaced only when all four are complete.
  ///
  /// - Parameters:
  ///   - train: the number of training images, 1 or more.
  ///   - test: the number of test images, 1 or more.
  ///   - progress: called with the fraction done, from above 0 to 1.
  /// - Throws: `LockstepError`: usage for a count out of range, failure with a file or directory that cannot be
  ///   written.
  public static func write(
    to directory: String, train: Int, test: Int, seed: UInt64, progress: (Double) -> Void = { _ in }
  ) throws {
    try check(train, flag: "--train")
    try check(test, flag: "--test")
    try createDirectories(directory)
    var files: [DurableFile] = []
    var done = 0
    let sets = [(SyntheticDigits.Split.train, "train", train), (.test, "t10k", test)]
    for (split, prefix, count) in sets {
      let digits = SyntheticDigits(seed: seed, split: split)
      let images = try DurableFile(
        "\(directory)/\(prefix)-images-idx3-ubyte", option: "--output")
      let labels = try DurableFile(
        "\(directory)/\(prefix)-labels-idx1-ubyte", option: "--output")
      try images.write(header(count, SyntheticDigits.side, SyntheticDigits.side))
      try labels.write(header(count))
      for start in stride(from: 0, to: count, by: chunk) {
        let range = start..<min(start + chunk, count)
        try writeChunk(digits, range, images: images, labels: labels)
        done += range.count
        progress(Double(done) / Double(train + test))
      }
      files += [images, labels]
    }
    for file in files { try file.commit() }
  }

  /// Images drawn between two writes: under a megabyte.
  private static let chunk = 1000
  /// An IDX size is an unsigned 32-bit number, and so is the random counter's sample.
  static let largest = Int(UInt32.max)

  private static func check(_ count: Int, flag: String) throws {
    guard count >= 1 && count <= largest else {
      throw LockstepError(
        .usage, flag, expected: "a number of images from 1 to \(largest)", found: "\(count)")
    }
  }

  /// Two zero bytes, type 8 (unsigned byte), the number of sizes, then the sizes, big-endian.
  private static func header(_ sizes: Int...) -> [UInt8] {
    [0, 0, 8, UInt8(sizes.count)]
      + sizes.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
  }

  private static func writeChunk(
    _ digits: SyntheticDigits, _ range: Range<Int>, images: DurableFile, labels: DurableFile
  ) throws {
    let size = SyntheticDigits.side * SyntheticDigits.side
    var pixels = [UInt8](repeating: 0, count: range.count * size)
    let drawn = pixels.withUnsafeMutableBufferPointer { pixels in
      range.map { index in
        let start = (index - range.lowerBound) * size
        return digits.draw(index, into: UnsafeMutableBufferPointer(rebasing: pixels[start..<start + size]))
      }
    }
    try images.write(pixels)
    try labels.write(drawn)
  }
}
