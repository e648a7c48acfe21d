import ArgumentParser
import LockstepCore

struct Synthesize: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws digits from strokes and writes them as IDX files.")

  @Option(help: ArgumentHelp("The directory to write to.", valueName: "dir")) var output: String
  @Option(help: "Training images.") var train: Int = 60_000
  @Option(help: "Test images.") var test: Int = 10_000
  @Option(help: "Decides every pixel.") var seed: UInt64 = 1

  func validate() throws {
    if output.isEmpty { throw ValidationError("--output: expected a directory, found ''") }
    for (flag, count) in [("--train", train), ("--test", test)] where !(1...100_000_000).contains(count) {
      throw ValidationError("\(flag): expected a number from 1 to 100000000, found \(count)")
    }
  }

  func run(_ collective: any Collective) throws {
    try collective.together {
      guard collective.rank == 0 else { return }
      let progress = Progress()
      try SyntheticDataset.write(to: output, train: train, test: test, seed: seed) { fraction in
        progress.update(fraction) { "\(percent(fraction)) of \(train + test) images drawn" }
      }
      progress.finish()
      try writeResult("\(train) training and \(test) test images in \(output)\n")
    }
  }
}
