import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Says whether two runs are the same to the bit, and if not, where they part: in the recipe or the data, in which
/// epoch, and, by replaying both, in which step and tensor.
public struct ComparisonRun {
  /// The run directories.
  public let paths: [String]
  /// The directory of the IDX files of both; nil for each run's own.
  public var data: String?
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  private let listener: RunListener

  /// A comparison of two runs, with its results reported to `listener`.
  public init(of first: String, with second: String, listener: RunListener) {
    (paths, self.listener) = ([first, second], listener)
  }

  /// Reports what is equal and what differs, a line each. Collective, with the same values on all ranks except `data`
  /// and `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError`: failure if the runs differ or have nothing to compare, data for what is
  /// no run.
  public func run(_ collective: any Collective) throws {
    let records = try paths.map { try RunRecord(of: $0, collective) }
    let receipts = records.map(\.receipt)
    let recipes = try collective.together { try zip(receipts, paths).map { try $0.readRecipe(path: $1) } }
    let inputs = differingInputs(receipts, recipes)
    for line in inputs { try say(line, collective) }
    let common = Segment.common(receipts)
    guard let parting = common.firstIndex(where: { $0.first.weights != $0.second.weights }) else {
      let text = equality(records, common)
      try collective.together {
        guard text == nil else { return }
        throw LockstepError(
          .failure, paths.joined(separator: ", "), expected: "an epoch that both have ended, to compare",
          found: "none")
      }
      try say(text!, collective)
      return
    }
    let segment = common[parting]
    try say(
      "\(segment.first.name): weights \(segment.first.weights.hexadecimal) and \(segment.second.weights.hexadecimal)"
        + (parting > 0 ? ", the same until then" : ""), collective)
    let replay = PartingReplay(
      paths: paths, receipts: receipts, recipes: recipes, segment: segment,
      before: parting > 0 ? common[parting - 1] : nil, listener: listener)
    let found = try replay.run(data, makeTeam(threads, collective), collective, inputsDiffer: !inputs.isEmpty)
    try collective.together {
      throw LockstepError(
        .failure, paths.joined(separator: ", "), expected: "the same bits",
        found: "two runs that part in \(found)", fix: inputs.isEmpty ? advice(segment.first) : nil)
    }
  }

  /// A line for each difference of what decides the bits, in the order in which a training comes to it.
  private func differingInputs(_ receipts: [Receipt], _ recipes: [Recipe]) -> [String] {
    var lines = recipes[1].differences(from: recipes[0]).map { "recipe: \($0.key) \($0.old) and \($0.new)" }
    let digests = receipts.map(\.datasetDigest)
    if digests[0] != digests[1], !digests.contains(0) {
      let parts = Set(receipts.flatMap(\.files.keys)).sorted().filter {
        receipts[0].files[$0] != receipts[1].files[$0]
      }
      lines.append(
        "data: \(digests[0].hexadecimal) (\(receipts[0].dataset)) and \(digests[1].hexadecimal) "
          + "(\(receipts[1].dataset))" + (parts.isEmpty ? "" : ", other \(parts.joined(separator: ", "))"))
    }
    if receipts[0].initialWeights != receipts[1].initialWeights {
      let texts = receipts.map { $0.initialWeights?.hexadecimal ?? "drawn by the seed" }
      lines.append("initial weights: \(texts[0]) and \(texts[1])")
    }
    if receipts[0].contract != receipts[1].contract {
      lines.append("numerical contract: \(receipts[0].contract) and \(receipts[1].contract)")
    }
    return lines
  }

  /// Where nothing explains the difference, the steps themselves have to be looked at.
  private func advice(_ segment: Segment) -> String {
    "Train again where each was trained, with --trace-gradients \(segment.start + 1)-\(segment.end): diff of the two "
      + "gradients.jsonl shows the first step and tensor"
  }

  /// nil where there is nothing to compare.
  private func equality(_ records: [RunRecord], _ common: [Segment.Pair]) -> String? {
    let ends = records.map(\.receipt.weights)
    if records.allSatisfy(\.isWhole), records[0].receipt.step == records[1].receipt.step, ends[0] == ends[1] {
      return "equal: \(records[0].receipt.step) steps, weights \(ends[0].hexadecimal)"
    }
    guard let last = common.last else { return nil }
    return "equal as far as both go: to step \(last.first.end), weights \(last.first.weights.hexadecimal)"
  }

  private func say(_ line: String, _ collective: any Collective) throws {
    try collective.together { if collective.rank == 0 { try listener.result(line) } }
  }
}

extension Receipt {
  func readRecipe(path: String) throws -> Recipe {
    var recipe = Recipe()
    try recipe.apply(yaml: Array(self.recipe.utf8), path: "\(path): recipe")
    return recipe
  }
}
