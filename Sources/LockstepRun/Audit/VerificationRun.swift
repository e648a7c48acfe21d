import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining
import PlatformC

/// Checks what a run claims, by recomputing parts of it from its checkpoints: on this machine, on any number of ranks.
public struct VerificationRun {
  /// The run directory.
  public let path: String
  /// The epoch to recompute; nil for the last that can be.
  public var epoch: Int?
  /// How many epochs to recompute, drawn at random; nil for one.
  public var sample: Int?
  /// The directory of the IDX files; nil for the run's own data.
  public var data: String?
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  let listener: RunListener

  /// A verification of the run at `path`, with its results reported to `listener`.
  public init(of path: String, listener: RunListener) { (self.path, self.listener) = (path, listener) }

  /// Reports a line for each thing that is as recorded. Collective, with the same values on all ranks except `data` and
  /// `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError`: failure where what is recomputed differs from what is recorded, data for
  /// files that cannot be used, usage for what cannot be recomputed.
  public func run(_ collective: any Collective) throws {
    let receipt = try readReceipt(collective)
    let team = try makeTeam(threads, collective)
    let former = try FormerRun(dataOf: path, collective: collective)
    let (_, dataset) = try loadData(data, for: .training, of: former, at: path, collective, team, listener)
    try collective.together {
      try check(dataset, receipt, isSpokesman: collective.rank == 0)
    }
    let segments = Segment.all(of: receipt)
    let chosen = try collective.together { collective.rank == 0 ? try choose(among: segments) : [] }
    let places = try collective.broadcast(chosen.map { "\($0)" }.joined(separator: ","), from: 0)
      .split(separator: ",").compactMap { Int($0) }
    for place in places {
      let segment = segments[place]
      let replay = Replay(
        segment: segment, before: segments.first { $0.end == segment.start }, receipt: receipt, path: path)
      let trainer = try replay.run(dataset, collective, team, listener)
      if place == places.last { try checkModel(replay, trainer, collective) }
    }
    try collective.together {
      guard collective.rank == 0 else { return }
      try listener.result(
        "verified: \(places.count) of \(segments.count) parts recomputed on "
          + "\(collective.size == 1 ? "one process" : "\(collective.size) ranks") (\(InstructionSet.current)), "
          + "numerical contract \(receipt.contract)")
    }
  }

  /// The run's receipt, read by rank 0 for all. Collective.
  private func readReceipt(_ collective: any Collective) throws -> Receipt {
    let file = "\(path)/\(Receipt.fileName)"
    let own = try collective.together { () -> [UInt8] in
      guard collective.rank == 0 else { return [] }
      guard access(file, F_OK) == 0 else {
        throw LockstepError(
          .data, file, expected: "the receipt that train writes at its end", found: "none",
          fix: RunDirectory.isRun(at: path)
            ? "Go on with the run to its end by train --resume; a run of a lockstep without receipts has none"
            : "Name the directory that train was given as --output, or that it named at its end")
      }
      return try readFile(file, limit: 1 << 30, kind: .data)
    }
    let bytes = try collective.broadcast(own, from: 0)
    return try collective.together {
      let receipt = try Receipt(json: bytes, path: file)
      let recipe = try receipt.readRecipe(path: file)
      guard recipe.reduction != .fast else {
        throw LockstepError(
          .usage, path, expected: "a run whose bits do not depend on the ranks",
          found: "one of --reduction fast", fix: "exact, exact32 and exact16 can be verified")
      }
      guard receipt.contract == Build.contract else {
        throw LockstepError(
          .data, file, expected: "numerical contract \(Build.contract), which this lockstep computes by",
          found: "contract \(receipt.contract), of lockstep \(receipt.version)",
          fix: "Verify it with a lockstep of that contract")
      }
      return receipt
    }
  }

  private func check(_ dataset: Dataset, _ receipt: Receipt, isSpokesman: Bool) throws {
    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, dataset.name, expected: expected, found: found,
        fix: "Give the data that the run was trained on by --data")
    }
    guard dataset.checksum == receipt.datasetDigest else {
      throw failure(
        "the data of digest \(receipt.datasetDigest.hexadecimal), by the receipt",
        dataset.checksum.hexadecimal)
    }
    guard isSpokesman else { return }
    let digests = dataset.fileDigests
    for (name, digest) in digests where receipt.files[name] != digest {
      throw failure("\(name) of SHA-256 \(receipt.files[name] ?? "none"), by the receipt", digest)
    }
    try listener.result(
      "\(dataset.name): as recorded, digest \(dataset.checksum.hexadecimal), SHA-256 of \(digests.count) parts"
    )
  }

  /// The places of the segments to recompute.
  private func choose(among segments: [Segment]) throws -> [Int] {
    let steps = Set(CheckpointDirectory(path: path + "/checkpoints").steps)
    let possible = segments.indices.filter { segments[$0].start == 0 || steps.contains(segments[$0].start) }
    guard let last = possible.last else {
      throw LockstepError(
        .data, path, expected: "a checkpoint to begin with, of the end of an epoch",
        found: "none, nor the first epoch",
        fix: "Ask for a run that was trained with --keep-epochs")
    }
    if let sample { return Array(possible.shuffled().prefix(sample)).sorted() }
    guard let epoch else { return [last] }
    guard let place = segments.firstIndex(where: { $0.epoch == epoch }) else {
      throw LockstepError(
        .usage, "--epoch",
        expected:
          "an epoch of the receipt: \(segments.compactMap(\.epoch).map(String.init).joined(separator: ", "))",
        found: "\(epoch)")
    }
    guard possible.contains(place) else {
      let names = possible.compactMap { segments[$0].epoch }.map(String.init).joined(separator: ", ")
      throw LockstepError(
        .usage, "--epoch", expected: "an epoch that the run has a checkpoint to begin with for: \(names)",
        found: "\(epoch)", fix: "A run that was trained with --keep-epochs has all of them")
    }
    return [place]
  }
}
