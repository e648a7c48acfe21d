import ArgumentParser
import LockstepCore

struct Train: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network and reports its test accuracy.",
    usage: "lockstep train [--recipe <name>] [--data <dir>] [--output <run>] [<option> ...]",
    discussion: """
      Without --data it takes $LOCKSTEP_DATA, else data/mnist, else digits that it synthesizes. Runs in one process on \
      all cores, or on ranks: mpirun -np 4 --hostfile hostfile lockstep train.
      """)

  @Option(help: ArgumentHelp("The directory of the IDX files, or a dataset's name.", valueName: "dir"))
  var data: String?
  @Option(help: ArgumentHelp("The run directory (default: runs/RECIPE-TIME).", valueName: "run")) var output:
    String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Option(help: "How ranks exchange gradients: auto, allreduce or shared (memory). Changes no bit.")
  var exchange: ExchangeName = .auto
  @Option(
    help: ArgumentHelp(
      "The least bytes of gradients that go to other nodes together (default: what suits the network). Changes no bit.",
      valueName: "bytes"))
  var bucketBytes: Int?
  @Option(help: "Steps between the step events in metrics.jsonl; 0 for none.") var logEvery: Int = 100
  @Option(help: "Steps between checkpoints, besides one at the end of each epoch; 0 for none.")
  var checkpointEvery: Int = 0
  @Option(help: "Checkpoints to keep, the newest.") var keep: Int = 3
  @Flag(
    help: "Keep the checkpoints of all epochs besides, so that lockstep verify can recompute any of them.")
  var keepEpochs = false
  @Option(
    help: ArgumentHelp(
      "Stop with a checkpoint and status 75 before this time since the start is over: seconds, or as 90s, 1h30m, "
        + "MM:SS, HH:MM:SS, D-HH:MM:SS.",
      valueName: "time"))
  var maxTime: String?
  @Option(
    help: ArgumentHelp(
      "Write what each rank's threads did to this file, for Perfetto (https://ui.perfetto.dev). Changes no bit.",
      valueName: "file"))
  var trace: String?
  @Option(
    help: ArgumentHelp(
      "Write digests of batch, gradients and weights to gradients.jsonl: of the first so many steps of this start, or "
        + "of steps such as 100-120. Changes no bit; two machines' files show by diff where they part.",
      valueName: "steps"))
  var traceGradients: String?
  @Option(
    help: ArgumentHelp(
      "Write the metrics to this directory as TensorBoard reads them, too.", valueName: "dir"))
  var tensorboard: String?
  @Flag(help: "Write no report.html at the end.") var noReport = false
  @Flag(help: "Go on from the newest checkpoint in the run directory; start where there is none.")
  var resume = false
  @Option(
    help:
      "Seconds after which a rank that stops, or whose disk does, ends the job with its name; 0 for never.")
  var stallTimeout: Int = 60
  @Flag(help: "No progress on standard error; warnings stay.") var quiet = false
  @Flag(help: "Print the resolved recipe and the layers, and stop.") var show = false
  @OptionGroup(title: "Recipe") var options: RecipeOptions

  func validate() throws {
    if resume, output == nil {
      throw ValidationError("--resume: expected --output with the run to go on with")
    }
    if let maxTime, Duration(text: maxTime) == nil {
      throw ValidationError(
        "--max-time: expected a time of more than 0 such as 90 (seconds), 90s, 30m, 1h30m, 30:00, 12:00:00 or "
          + "1-12:00:00, found '\(maxTime)'")
    }
    if trace?.isEmpty == true { throw ValidationError("--trace: expected a file, found ''") }
    if let traceGradients, TracedSteps(text: traceGradients) == nil {
      throw ValidationError("--trace-gradients: expected \(TracedSteps.form), found '\(traceGradients)'")
    }
    if tensorboard?.isEmpty == true {
      throw ValidationError("--tensorboard: expected a directory, found ''")
    }
    if output?.isEmpty == true { throw ValidationError("--output: expected a directory, found ''") }
    for (flag, value, least) in [
      ("log-every", logEvery, 0), ("checkpoint-every", checkpointEvery, 0), ("keep", keep, 1),
      ("stall-timeout", stallTimeout, 0), ("bucket-bytes", bucketBytes ?? 1, 1),
    ]
    where value < least {
      throw ValidationError("--\(flag): expected a number from \(least), found \(value)")
    }
  }

  func run(_ collective: any Collective) throws {
    if let listing = options.listing {
      return try collective.together { if collective.rank == 0 { try writeResult(listing) } }
    }
    let listener = RunListener(
      tell: tell, note: { if !quiet { tell($0) } }, result: { try writeResult($0 + "\n") },
      observer: ProgressObserver(quiet: quiet))
    var run = TrainingRun(listener: listener) { former in
      try options.resolved(former: former) { if collective.rank == 0 { warn($0) } }
    }
    (run.data, run.output, run.name, run.threads) = (data, output, options.recipeName, threads)
    (run.exchange, run.logEvery, run.checkpointEvery, run.keep) = (exchange, logEvery, checkpointEvery, keep)
    run.bucketBytes = bucketBytes
    (run.resumes, run.trace) = (resume, show ? nil : trace)
    (run.tensorBoard, run.keepsEpochs, run.writesReport) = (tensorboard, keepEpochs, !noReport)
    run.tracedSteps = traceGradients.flatMap { TracedSteps(text: $0) }
    if let maxTime, let duration = Duration(text: maxTime) {
      run.timeLimit = TimeLimit(duration, text: maxTime, since: Program.started)
    }
    if show { try run.show(collective) } else { try run.run(collective) }
  }

  var sharesMemory: Bool { true }

  func startWatch(_ collective: any Collective) throws -> StallWatch? {
    try watch(collective, stallTimeout: stallTimeout)
  }
}

extension ExchangeName: ExpressibleByArgument {}
