import LockstepSupport

/// What a model makes of one picture or sample.
public struct Prediction: Sendable {
  /// The file, or the sample's number.
  public var input: String
  /// What the network saw; nil for samples that are no pictures.
  public var picture: Picture?
  /// The class, where it is known.
  public var label: Int?
  /// The probability of each class; empty where the model gives numbers.
  public var probabilities: [Double]
  /// The numbers that a model gives that was trained on such, and what they should be where that is known.
  public var values: (found: [Double], targets: [Double]?)?

  public init(input: String, picture: Picture?, label: Int?, probabilities: [Double]) {
    (self.input, self.picture, self.label, self.probabilities) = (input, picture, label, probabilities)
  }

  public init(input: String, picture: Picture?, values: [Double], targets: [Double]?) {
    self.init(input: input, picture: picture, label: nil, probabilities: [])
    self.values = (values, targets)
  }

  /// The class of the highest probability, of several the first.
  public var predicted: Int {
    probabilities.indices.max {
      probabilities[$0] < probabilities[$1] || (probabilities[$0] == probabilities[$1] && $0 > $1)
    }!
  }

  /// One line of JSON.
  public func json(names: [String]) -> String {
    var line = JSONLine()
    line.add("input", input)
    if let (found, targets) = values {
      line.add("values", found)
      if let targets { line.add("targets", targets) }
      return line.text
    }
    line.add("predicted", predicted)
    line.add("class", names[predicted])
    // Numbers that the line's own members would write as texts or fractions.
    let known = label.map(String.init) ?? "null"
    return line.text.dropLast()
      + ",\"label\":\(known),\"probabilities\":[\(probabilities.map { "\($0)" }.joined(separator: ","))]}"
  }

  /// The columns of `csv`.
  public static func csvHeader(classes: Int, areNumbers: Bool = false) -> String {
    guard !areNumbers else {
      let columns = ["y", "target"].flatMap { name in (0..<classes).map { "\(name)\($0)" } }
      return (["input"] + columns).joined(separator: ",")
    }
    return (["input", "predicted", "label"] + (0..<classes).map { "p\($0)" }).joined(separator: ",")
  }

  /// A line as `evaluate --predictions` writes it, after the input (RFC 4180). A label that is not known is empty.
  public var csv: String {
    if let (found, targets) = values {
      let known = targets?.map { "\($0)" } ?? found.map { _ in "" }
      return ([csvField(input)] + found.map { "\($0)" } + known).joined(separator: ",")
    }
    return
      ([csvField(input), String(predicted), label.map(String.init) ?? ""] + probabilities.map { "\($0)" })
      .joined(
        separator: ",")
  }
}
