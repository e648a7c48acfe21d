import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// The rounds of a sweep: in each, every group trains one trial, then all ranks know the rows.
final class SweepRounds {
  private let plan: SweepPlan
  private let groups: SweepGroups
  private let training: TrialRun
  /// An estimate of each trial's work, which decides no more than the order.
  private let work: [Double]
  /// The rows so far, the same on all ranks.
  private(set) var rows: [SweepRow]
  private let collective: any Collective
  /// On rank 0.
  private let directory: SweepDirectory?
  private let listener: RunListener
  /// Of the rung at hand.
  private var progress = (done: 0, all: 0)

  init(
    _ plan: SweepPlan, _ groups: SweepGroups, _ training: TrialRun, work: [Double], rows: [SweepRow],
    _ collective: any Collective, _ directory: SweepDirectory?, _ listener: RunListener
  ) {
    (self.plan, self.groups, self.training, self.work) = (plan, groups, training, work)
    (self.rows, self.collective, self.directory, self.listener) = (rows, collective, directory, listener)
  }

  /// Trains what has no row. Collective. Throws on all ranks: stopped if any received a request to stop, with the rows
  /// of all trials that have ended; and what ended a trial that neither grid nor data decide.
  func run() throws {
    try collective.inGroups(groups.own) { group in
      for rung in 1...plan.rungs {
        let known = Set(rows.filter { $0.rung == rung }.map(\.trial))
        let all = plan.trials(inRung: rung, after: rows)
        let due = all.filter { !known.contains($0) }
        progress = (all.count - due.count, all.count)
        // The longest first, so that those of a round take about the same time and none is left for the end.
        let order = due.sorted { (work[$1 - 1], $0) < (work[$0 - 1], $1) }
        for start in stride(from: 0, to: order.count, by: groups.count) {
          let numbers = order[start...].prefix(groups.count)
          let stops = try round(numbers.map { plan.trials[$0 - 1] }, rung: rung, group)
          let isLast = rung == plan.rungs && start + numbers.count == order.count
          if stops, !isLast || !numbers.allSatisfy({ hasRow($0, rung: rung) }) { try stop() }
        }
      }
    }
  }

  private func hasRow(_ trial: Int, rung: Int) -> Bool {
    rows.contains { $0.trial == trial && $0.rung == rung }
  }

  /// Trains one trial on each group, as far as there are, and exchanges their rows. Returns whether to stop.
  /// Collective; every call of all ranks is made by all, whatever their group has done.
  private func round(_ trials: [SweepTrial], rung: Int, _ group: (any Collective)?) throws -> Bool {
    var outcome: TrialRun.Outcome?
    if let group, let own = groups.own, own < trials.count {
      let recipe = plan.recipe(of: trials[own], rung: rung, samples: training.dataset.train.count)
      outcome = try training.run(trials[own], recipe, rung: rung, on: group)
      releaseFreeMemory()
    }
    // Groups may take much longer than others.
    try collective.barrierAsleep()
    try collective.together { if case .broken(let error) = outcome { throw error } }
    var ended: [(trial: SweepTrial, row: SweepRow, metrics: [UInt8])] = []
    for (leader, trial) in zip(groups.leaders, trials) {
      let own = collective.rank == leader ? Self.encode(outcome, of: trial) : []
      if let (row, metrics) = try decode(collective.broadcast(own, from: leader)) {
        ended.append((trial, row, metrics))
      }
    }
    rows += ended.map(\.row)
    try collective.together {
      guard let directory else { return }
      // A row says that the trial's own files are there.
      for (trial, _, metrics) in ended { try directory.write(trial, metrics: metrics) }
      try directory.append(ended.map { $0.row.line(of: $0.trial) })
    }
    if collective.rank == 0 { report(ended.map { ($0.trial, $0.row) }, rung: rung) }
    return try collective.allGather(StopRequest.isRaised ? 1 : 0).contains(1)
  }

  /// A row's line and the trial's log; nothing for a trial that has stopped.
  private static func encode(_ outcome: TrialRun.Outcome?, of trial: SweepTrial) -> [UInt8] {
    guard case .ended(let row, let metrics) = outcome else { return [] }
    return Array((row.line(of: trial) + "\n").utf8) + metrics
  }

  private func decode(_ bytes: [UInt8]) throws -> (SweepRow, metrics: [UInt8])? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    // All ranks have the same bytes, also the one that wrote them: what is read from the file later is what is ranked.
    guard let row = SweepRow(line: bytes[..<end]) else {
      throw LockstepError(.failure, "a trial's row", expected: "one that can be read", found: "another")
    }
    return (row, Array(bytes[(end + 1)...]))
  }

  private func report(_ ended: [(trial: SweepTrial, row: SweepRow)], rung: Int) {
    let place = plan.rungs > 1 ? "rung \(rung)/\(plan.rungs), " : ""
    for (trial, row) in ended {
      progress.done += 1
      listener.note(
        "\(place)\(progress.done)/\(progress.all): trial \(trial.number), \(trial.label): \(row.summary), "
          + "\(fixed(row.seconds, 1)) s")
    }
  }

  /// Ends the sweep on all ranks. Collective.
  private func stop() throws {
    RunLock.markStopping()
    try collective.together {
      throw LockstepError(
        .stopped, "stopped on request after \(rows.count) rows",
        found: directory.map { "they are safe in \($0.path)" } ?? "they are safe",
        fix: "Go on with the same command and --resume")
    }
  }
}

extension SweepRow {
  /// "validation 97.10%, loss 0.1022"
  var summary: String {
    switch outcome {
    case .done(let validation, _):
      "validation \(validation.errors == nil ? "" : "R2 ")\(validation.qualityText), loss \(fixed(validation.loss, 4))"
    case .failed(_, let message): message
    }
  }
}
