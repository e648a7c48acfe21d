import LockstepSupport

extension Receipt {
  /// Reads a receipt's bytes; `path` is for messages.
  ///
  /// - Throws: LockstepError (.data) for anything that is none.
  package init(json: [UInt8], path: String) throws {
    func failure(_ found: String) -> LockstepError {
      LockstepError(
        .data, path, expected: "the receipt of a run, as lockstep train writes it", found: found,
        fix: "Ask for the file again, or train again: the same recipe and data give the same receipt")
    }
    let read: WithFigures<Content>
    do { read = try decodeJSON(WithFigures<Content>.self, from: json) } catch {
      throw failure("no such JSON")
    }
    let content = read.content
    guard content.receipt.value == 1 else { throw failure("format \(content.receipt.value)") }
    func digest(_ text: String) throws -> UInt64 {
      guard let value = UInt64(digest: text) else { throw failure("'\(text)' for a digest") }
      return value
    }
    try self.init(
      version: content.version, contract: content.contract.value, recipe: content.recipe,
      dataset: content.dataset, datasetDigest: digest(content.datasetDigest), files: content.sha256,
      initialWeights: content.initialWeights.map(digest),
      epochs: content.epochs.map { line in
        Epoch(
          epoch: line.content.epoch.value, step: line.content.step.value,
          weights: try digest(line.content.weights), figures: line.figures)
      }, step: content.step.value, weights: digest(content.weights),
      averagedWeights: content.averagedWeights.map(digest), figures: read.figures)
    // Epochs have equal numbers of steps, and come in order.
    let steps = epochs.first.map { $0.step / max($0.epoch, 1) } ?? 1
    guard step >= 0, 1...1 << 40 ~= steps,
      epochs.allSatisfy({ 1...1 << 20 ~= $0.epoch && $0.step == $0.epoch * steps }),
      zip(epochs, epochs.dropFirst()).allSatisfy({ $0.epoch < $1.epoch }), epochs.last?.step ?? 0 <= step
    else { throw failure("epochs and steps that do not fit together") }
  }

  private struct Content: Decodable {
    var receipt: JSONInteger
    var version: String
    var contract: JSONInteger
    var recipe: String
    var dataset: String
    var datasetDigest: String
    var sha256: [String: String]
    var initialWeights: String?
    var epochs: [WithFigures<Line>]
    var step: JSONInteger
    var weights: String
    var averagedWeights: String?

    private enum CodingKeys: String, CodingKey {
      case receipt, version, contract, recipe, dataset, sha256, epochs, step, weights
      case datasetDigest = "dataset_digest"
      case initialWeights = "initial_weights"
      case averagedWeights = "ema_weights"
    }
  }

  private struct Line: Decodable {
    var epoch: JSONInteger
    var step: JSONInteger
    var weights: String
  }

  /// An object and what it has of losses and accuracies.
  private struct WithFigures<Content: Decodable>: Decodable {
    let content: Content
    let figures: [String: Double]

    init(from decoder: any Decoder) throws {
      (content, figures) = (try Content(from: decoder), try Figures(from: decoder).values)
    }
  }

  /// The losses and accuracies of an object, which may have other members.
  private struct Figures: Decodable {
    let values: [String: Double]

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Name.self)
      self.values = try Dictionary(
        uniqueKeysWithValues: figureNames.compactMap { name in
          try values.decodeIfPresent(Double.self, forKey: Name(stringValue: name)).map { (name, $0) }
        })
    }

    private struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
  }
}
