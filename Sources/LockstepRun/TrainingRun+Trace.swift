import LockstepRanks
import LockstepStorage
import LockstepSupport

extension TrainingRun {
  /// Starts to record this rank's threads, if a trace is asked for. Collective.
  func startTrace(_ team: ThreadTeam, _ collective: any Collective) throws {
    guard trace != nil else { return }
    let clock = try collective.clockOffset { TraceRecorder.now }
    Trace.start(
      TraceRecorder(
        threads: team.count, origin: clock.origin &+ UInt64(bitPattern: clock.ahead), clockError: clock.error)
    )
  }

  /// Runs the body and writes the trace, also if the body fails: of all ranks if all know that, else of rank 0 alone.
  func tracing(_ file: DurableFile?, _ collective: any Collective, _ body: () throws -> Void) throws {
    do { try body() } catch {
      guard let recorder = Trace.stop() else { throw error }
      // The first error is what matters.
      do {
        if error is AgreedError {
          try write(recorder, to: file, collective)
        } else if collective.rank == 0 {
          try write(recorder, to: file, SingleProcess())
        }
      } catch let second { if collective.rank == 0 { listener.warn("\(second)") } }
      throw error
    }
    if let recorder = Trace.stop() { try write(recorder, to: file, collective) }
  }

  /// Writes the trace of all ranks to rank 0's file. Collective.
  private func write(_ recorder: TraceRecorder, to file: DurableFile?, _ collective: any Collective) throws {
    let own = TraceEvents.encode(recorder, rank: collective.rank, host: Host.name)
    var result = Result { try file?.write(TraceEvents.head) }
    for rank in 0..<collective.size {
      let events = try collective.broadcast(rank == collective.rank ? own : [], from: rank)
      // A failure must not keep the others waiting.
      if case .success = result {
        result = Result { try file?.write((rank > 0 ? TraceEvents.separator : []) + events) }
      }
    }
    try collective.together {
      _ = try result.get()
      try file?.write(TraceEvents.tail)
      try file?.commit()
    }
    let lastSteps = try collective.allGather(UInt64((recorder.lastStep ?? -1) + 1))
    guard collective.rank == 0, let trace else { return }
    listener.note("trace in \(trace)")
    if let last = lastSteps.filter({ $0 > 0 }).min() {
      let rank = lastSteps.firstIndex(of: last)!
      listener.warn(
        "\(trace): a row of rank \(rank) was full, with \(TraceRecorder.capacity) spans, in step \(last - 1): "
          + "that rank's trace ends there")
    }
  }
}
