/// A value in `metrics.jsonl`.
public enum MetricValue: Sendable, Equatable, Decodable {
  case number(Double)
  case text(String)
  /// A number that was not finite.
  case null

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }
}

extension MetricValue: CustomStringConvertible {
  /// As the log has it, without quotes; empty for null.
  public var description: String {
    switch self {
    case .number(let value):
      value.magnitude < 0x1p53 && value == value.rounded() ? "\(Int(value))" : "\(value)"
    case .text(let text): text
    case .null: ""
    }
  }
}
