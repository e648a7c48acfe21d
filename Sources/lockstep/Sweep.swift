import ArgumentParser
import LockstepCore

struct Sweep: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tries recipes side by side, each on a group of ranks, and ranks them.",
    discussion: """
      A grid is a recipe file in which any value may be a list: lr: [0.1, 0.01]. A key whose value is a list itself \
      varies by a list of lists: hidden: [[64], [64, 32]]. Trials are judged by samples of the training files that are \
      held back (validation-split, 0.1 by default); the test files are not read. The rows are in OUTPUT/sweep.jsonl, \
      and a directory for each trial, with its recipe, in OUTPUT/trials. Ranking and digest are the same on any number \
      of ranks. A trial that diverges is a row, too.
      """)

  @Argument(help: "A grid in YAML, or the name of a shipped recipe for --seeds.") var grid: String
  @Option(
    help: ArgumentHelp(
      "A recipe, by file or name, for the keys that the grid does not name.", valueName: "name"))
  var recipe: String?
  @Option(help: ArgumentHelp("The directory of the IDX files, or a dataset's name.", valueName: "dir"))
  var data: String?
  @Option(help: ArgumentHelp("The sweep's directory (default: runs/sweep-TIME).", valueName: "dir"))
  var output: String?
  @Option(help: ArgumentHelp("Ranks of each trial. Changes no bit.", valueName: "K")) var ranksPerTrial = 1
  @Option(help: ArgumentHelp("Try this many points of the grid, drawn at random.", valueName: "N"))
  var random: Int?
  @Option(help: ArgumentHelp("What draws them (default: 1).", valueName: "S")) var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Try each point with this many seeds, and rank by the mean; the recipe's is the first.", valueName: "N")
  )
  var seeds: Int?
  @Option(
    help: ArgumentHelp(
      "Successive halving: train all for a part of their epochs, then the best of K for K times as many, and so on.",
      valueName: "K"))
  var halving: Int?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Flag(help: "Go on with the trials that have no row in --output; start where there is none.") var resume =
    false
  @Option(help: "Seconds after which a rank that stops ends the job with its name; 0 for never.")
  var stallTimeout = 60
  @Flag(help: "No progress on standard error; warnings stay.") var quiet = false

  func validate() throws {
    if resume, output == nil {
      throw ValidationError("--resume: expected --output with the sweep to go on with")
    }
    if seed != nil, random == nil {
      throw ValidationError(
        "--seed: expected --random, whose points it draws, found none. A recipe's seed is a key of the grid")
    }
    if output?.isEmpty == true { throw ValidationError("--output: expected a directory, found ''") }
    if stallTimeout < 0 {
      throw ValidationError("--stall-timeout: expected a number from 0, found \(stallTimeout)")
    }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(
      tell: tell, note: { if !quiet { tell($0) } }, result: { try writeResult($0 + "\n") })
    var run = SweepRun(of: grid, listener: listener)
    (run.recipe, run.data, run.output, run.threads) = (recipe, data, output, threads)
    (run.ranksPerTrial, run.random, run.seed, run.seeds) = (ranksPerTrial, random, seed ?? 1, seeds)
    (run.halving, run.resumes) = (halving, resume)
    try run.run(collective)
  }

  var sharesMemory: Bool { true }

  func startWatch(_ collective: any Collective) throws -> StallWatch? {
    collective.size > 1 ? try watch(collective, stallTimeout: stallTimeout) : nil
  }
}
