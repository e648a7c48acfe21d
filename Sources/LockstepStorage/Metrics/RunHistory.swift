import LockstepSupport
import PlatformC

/// What `metrics.jsonl` says of a run, for those who look at it, also while it trains. What is no line of metrics, such
/// as one that is being written, is left out.
public struct RunHistory: Sendable {
  /// A line of the log.
  public struct Event: Sendable, Equatable {
    /// "epoch", "step", "end" and so on.
    public let kind: String
    /// Names and values in the order of the line, "event" included.
    public let members: [Member]

    /// A number by its name; nil if there is none.
    public subscript(_ name: String) -> Double? {
      if case .number(let value)? = members.first(where: { $0.name == name })?.value { value } else { nil }
    }

    /// A text by its name; nil if there is none.
    public func text(_ name: String) -> String? {
      if case .text(let value)? = members.first(where: { $0.name == name })?.value { value } else { nil }
    }
  }

  /// A name and its value.
  public struct Member: Sendable, Equatable {
    public let name: String
    public let value: MetricValue
  }

  /// The events in their order.
  public let events: [Event]

  /// The log of the run in a directory; without its steps, of which there may be millions, if nobody asks for them.
  ///
  /// - Throws: LockstepError (.data) naming the file if it cannot be read or has no event.
  public init(directory: String, hasSteps: Bool = true) throws {
    let path = "\(directory)/metrics.jsonl"
    guard access(path, F_OK) == 0 else {
      throw LockstepError(
        .data, directory, expected: "a run, which has a metrics.jsonl", found: "none there",
        fix: "Name the directory that train was given as --output, or that it named at its end")
    }
    self.init(log: try readFile(path, limit: 1 << 34, kind: .data), hasSteps: hasSteps)
    guard !events.isEmpty else {
      throw LockstepError(
        .data, path, expected: "the metrics of a run, a JSON object a line", found: "no line of them",
        fix: "Name the directory of another run, or train it again")
    }
  }

  /// The events in a log's bytes.
  package init(log: [UInt8], hasSteps: Bool = true) {
    let step = Array(#"{"event":"step","#.utf8)
    events = log.split(separator: UInt8(ascii: "\n")).compactMap { line in
      hasSteps || !line.starts(with: step) ? Event(line) : nil
    }
  }

  /// Those of one kind.
  public func events(_ kind: String) -> [Event] { events.filter { $0.kind == kind } }

  /// The epoch whose weights the run has in the end: the best where that was kept, else the last.
  public var keptEpoch: Event? {
    // Epochs that came later, after a resume, have weights of their own.
    guard let last = events.last(where: { $0.kind == "epoch" || $0.kind == "kept_best" }),
      last.kind == "kept_best", let best = last["epoch"]
    else { return events("epoch").last }
    return events("epoch").last { $0["epoch"] == best } ?? events("epoch").last
  }
}

extension RunHistory.Event {
  /// nil for what is no line of metrics.
  fileprivate init?(_ line: ArraySlice<UInt8>) {
    guard line.count < MetricsLog.longestLine,
      let values = try? decodeJSON([String: MetricValue].self, from: line),
      case .text(let kind)? = values["event"]
    else { return nil }
    self.kind = kind
    // A decoded object has lost its order.
    let names = Self.names(line)
    let places = values.map {
      (names.firstIndex(of: Array(jsonString($0.key).utf8)) ?? names.count, $0.key, $0.value)
    }
    members = places.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { .init(name: $0.1, value: $0.2) }
  }

  /// The texts before colons, as they stand in a line of JSON.
  private static func names(_ line: ArraySlice<UInt8>) -> [[UInt8]] {
    var (names, start, isEscaped, isInside): ([[UInt8]], Int, Bool, Bool) = ([], 0, false, false)
    var end = 0
    for (place, byte) in zip(line.indices, line) {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\"") {
        if isInside { end = place + 1 } else { start = place }
        isInside.toggle()
      } else if isInside {
        isEscaped = byte == UInt8(ascii: "\\")
      } else if byte == UInt8(ascii: ":"), start < end {
        names.append(Array(line[start..<end]))
      }
    }
    return names
  }
}
