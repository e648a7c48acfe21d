import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Many trainings of a recipe whose values vary, side by side on groups of ranks: small networks, which more ranks do
/// not make faster, fill a cluster this way.
///
/// The rows and their order are a function of grid and data. Trials go to groups in rounds: each group trains its trial
/// of the round, then all ranks meet, exchange the rows, and rank 0 makes them durable. So all ranks know all rows, and
/// decide alike what comes next; no rank hands out work that a lost message could lose. What a round costs, waiting for
/// its longest trial, is small because trials start in the order of their work, and those of a round have about the
/// same.
public struct SweepRun {
  /// The grid's file, or the name of a shipped recipe; rank 0's is read.
  public let grid: String
  /// The recipe, by file or name, that gives the values of keys that the grid does not name.
  public var recipe: String?
  /// The directory of the IDX files; nil for `DataSource.resolve`.
  public var data: String?
  /// The sweep's directory; nil for a new one in `runs`.
  public var output: String?
  /// The ranks of a trial.
  public var ranksPerTrial = 1
  /// How many points of the grid to draw; nil for all.
  public var random: Int?
  /// What draws them.
  public var seed: UInt64 = 1
  /// How many seeds to try each point with; nil for the recipe's.
  public var seeds: Int?
  /// With successive halving, of how many trials one goes on after each rung; nil for all to the end.
  public var halving: Int?
  /// The threads of each rank; nil for its share of the processors.
  public var threads: Int?
  /// Whether to go on with the sweep in `output`, which must be set, if there is one.
  public var resumes = false
  let listener: RunListener

  /// A sweep over the grid in a file, with progress and the ranking reported to `listener`.
  public init(of grid: String, listener: RunListener) { (self.grid, self.listener) = (grid, listener) }

  /// Tries what has no row yet, and reports the ranking, whose last line has the digest of all rows. Collective, with
  /// the same values on all ranks except `data` and `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError`: usage for a grid or value that cannot be, data for files that cannot be
  /// used, stopped if a `StopRequest` ended it with rows that are safe, failure for all else.
  public func run(_ collective: any Collective) throws {
    let groups = try SweepGroups(of: ranksPerTrial, collective)
    let plan = try readPlan(collective)
    let lock = try resumes ? takeLock(collective) : nil
    defer { withExtendedLifetime(lock) {} }
    let team = try makeTeam(threads, collective)
    let (_, dataset) = try Activity.during(.loadingData) {
      try loadData(data, for: .selection, of: nil, at: nil, collective, team, listener)
    }
    try StopRequest.check(collective)
    let weights = try readInitialWeights(plan, collective)
    let work = try collective.together { try plan.check(dataset) }
    let facts = plan.facts(dataset, initialWeights: weights.mapValues(\.digest))
    let record = try readRecord(facts, plan, collective)
    let directory = try collective.together {
      collective.rank == 0 ? try open(lock, record, facts, plan, dataset) : nil
    }
    if collective.rank == 0 { announce(plan, groups, dataset, record, directory!, team) }
    let rounds = SweepRounds(
      plan, groups, TrialRun(dataset: dataset, team: team, initialWeights: weights), work: work,
      rows: record?.rows ?? [], collective, directory, listener)
    try rounds.run()
    let ranking = SweepRanking(plan: plan, rows: rounds.rows)
    try collective.together {
      guard collective.rank == 0 else { return }
      listener.note("saved in \(directory!.path)")
      try listener.result(ranking.text)
      report(ranking, in: directory!)
    }
  }

  /// Rank 0's files, read for all. Collective.
  private func readPlan(_ collective: any Collective) throws -> SweepPlan {
    func read(_ name: String, _ subject: String) throws -> [UInt8] {
      let own = try collective.together { () -> [UInt8] in
        guard collective.rank == 0 else { return [] }
        do { return try Recipe.bytes(of: name) } catch var error as LockstepError {
          if error.subject == "--recipe" { error.subject = subject }
          throw error
        }
      }
      return try collective.broadcast(own, from: 0)
    }
    let base = try recipe.map { (try read($0, "--recipe"), $0) }
    let bytes = try read(grid, "<grid>")
    return try collective.together {
      var choice = SweepGrid.Choice()
      (choice.random, choice.seed, choice.seeds) = (random, seed, seeds)
      let grid = try SweepGrid(yaml: bytes, path: grid, recipe: base.map { (yaml: $0.0, path: $0.1) })
      return try SweepPlan(grid, choice, halving: halving)
    }
  }

  /// The files of weights that trials start from, by name. Collective.
  private func readInitialWeights(_ plan: SweepPlan, _ collective: any Collective) throws -> [String:
    WeightsFile]
  {
    var files: [String: WeightsFile] = [:]
    for path in Set(plan.trials.map(\.recipe.initialWeights)).sorted() where !path.isEmpty {
      let own = try collective.together { collective.rank == 0 ? try InitialWeights.read(path) : [] }
      let bytes = try collective.broadcast(own, from: 0)
      files[path] = try collective.together { try WeightsFile(bytes, path: path) }
    }
    return files
  }

  /// Collective; returns nil except on rank 0.
  private func takeLock(_ collective: any Collective) throws -> RunLock? {
    try RunLock.take(
      output!, collective: collective, shouldStop: { StopRequest.isRaised }, tell: listener.tell)
  }

  /// What the directory to go on in has, on all ranks; nil for none. Collective.
  private func readRecord(_ facts: [Fact], _ plan: SweepPlan, _ collective: any Collective) throws
    -> SweepRecord?
  {
    guard resumes else { return nil }
    let path = "\(output!)/\(SweepRecord.fileName)"
    let own = try collective.together { () -> [UInt8] in
      guard collective.rank == 0 else { return [] }
      if RunDirectory.isRun(at: output!) { try SweepDirectory.requireNew(output!) }
      return try SweepDirectory.read(path)
    }
    let bytes = try collective.broadcast(own, from: 0)
    return try collective.together {
      guard let record = try SweepRecord(bytes, path: path) else { return nil }
      try plan.check(record, facts, path: path)
      return record
    }
  }

  /// On rank 0.
  private func open(
    _ lock: RunLock?, _ record: SweepRecord?, _ facts: [Fact], _ plan: SweepPlan, _ dataset: Dataset
  ) throws -> SweepDirectory {
    let head = SweepRecord.head(
      facts: facts, trials: plan.trials.count, dataset: dataset.name,
      parameters: plan.grid.axes.map { ($0.key, $0.values) })
    if let lock {
      return try SweepDirectory(lock, keeping: record?.length ?? 0, head: head, trials: plan.trials.count)
    }
    let path = try output ?? RunDirectory.makeDefault(named: "sweep")
    let taken = try RunLock.take(path, shouldStop: { StopRequest.isRaised }, tell: listener.tell)
    try SweepDirectory.requireNew(path)
    return try SweepDirectory(taken, keeping: 0, head: head, trials: plan.trials.count)
  }
}
