import LockstepSupport

/// What a model makes of one picture or sample.
public struct Prediction: Sendable {
  /// The file, or the sample's number.
  public var input: String
  /// What the network saw; nil for samples that are no pictures.
  public var picture: Picture?
  /// The class, where it is known.
  public var label: Int?
  /// The probability of each class.
  public var probabilities: [Double]

  public init(input: String, picture: Picture?, label: Int?, probabilities: [Double]) {
    (self.input, self.picture, self.label, self.probabilities) = (input, picture, label, probabilities)
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
    line.add("predicted", predicted)
    line.add("class", names[predicted])
    // Numbers that the line's own members would write as texts or fractions.
    let known = label.map(String.init) ?? "null"
    return line.text.dropLast()
      + ",\"label\":\(known),\"probabilities\":[\(probabilities.map { "\($0)" }.joined(separator: ","))]}"
  }

  /// The columns of `csv`.
  public static func csvHeader(classes: Int) -> String {
    (["input", "predicted", "label"] + (0..<classes).map { "p\($0)" }).joined(separator: ",")
  }

  /// A line as `evaluate --predictions` writes it, after the input (RFC 4180). A label that is not known is empty.
  public var csv: String {
    return
      ([csvField(input), String(predicted), label.map(String.init) ?? ""] + probabilities.map { "\($0)" })
      .joined(
        separator: ",")
  }
}
