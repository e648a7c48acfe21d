import ArgumentParser
import LockstepCore

struct Verify: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a run by recomputing an epoch of it.",
    discussion: """
      Reads receipt.json, checks the data by their digests, recomputes an epoch from the checkpoint before it (the \
      first from the start), on any number of ranks, and compares weights, losses and accuracies with those that the \
      receipt has; then the model's. The status is 1 where what is recomputed differs, 65 where data or checkpoint are \
      others. A run that was trained with --keep-epochs can be verified at any epoch, others at the first, and where \
      the checkpoint of the epoch before is left.
      """)

  @Argument(help: "A run directory.") var run: String
  @Option(help: ArgumentHelp("The epoch to recompute (default: the last that can be).", valueName: "N"))
  var epoch: Int?
  @Option(help: ArgumentHelp("Recompute this many, drawn at random.", valueName: "K")) var sample: Int?
  @Option(help: ArgumentHelp("The directory of the IDX files, where they have moved.", valueName: "dir"))
  var data: String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Flag(help: "No progress on standard error; warnings stay.") var quiet = false

  var sharesMemory: Bool { true }

  func validate() throws {
    for (flag, value) in [("epoch", epoch), ("sample", sample)] {
      if let value, value < 1 { throw ValidationError("--\(flag): expected a number from 1, found \(value)") }
    }
    if epoch != nil, sample != nil {
      throw ValidationError("--epoch, --sample: expected one of them, found both")
    }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(
      tell: tell, note: { if !quiet { tell($0) } }, result: { try writeResult($0 + "\n") },
      observer: ProgressObserver(quiet: quiet))
    var verification = VerificationRun(of: run, listener: listener)
    (verification.epoch, verification.sample) = (epoch, sample)
    (verification.data, verification.threads) = (data, threads)
    try verification.run(collective)
  }
}
