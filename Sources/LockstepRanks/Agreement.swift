import LockstepSupport

/// Something on which all ranks must agree, because it decides what they do together.
public struct Fact: Equatable, Sendable {
  /// Its name, such as a flag.
  public var name: String
  /// Its value, as shown in messages.
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension Collective {
  /// Throws on all ranks alike (`AgreedError`, usage) if a rank's facts differ from rank 0's, naming the lowest such
  /// rank, its host and both values. Collective. Starts with the same two collective calls whatever the facts.
  public func requireSame(_ facts: [Fact], fix: String) throws {
    let reference = Fact.decode(try broadcast(Fact.encode(facts), from: 0))
    let host = try broadcast(hostName, from: 0)
    try together {
      guard let (own, first) = Fact.firstDifference(facts, reference) else { return }
      throw LockstepError(
        .usage, own.name, expected: "\(first.value) as on rank 0 on \(host)", found: own.value, fix: fix)
    }
  }

  /// Throws on all ranks alike (`AgreedError`, usage) if ranks run different builds, which need not make the same calls
  /// nor compute the same bits. Collective; to be called before anything that may differ between builds.
  public func requireSameBuild() throws {
    guard size > 1 else { return }
    try requireSame(
      [
        Fact("lockstep", "version \(Build.version), numerical contract \(Build.contract)"),
        Fact("the lockstep binary", "the file with digest \(Build.digest.hexadecimal)"),
      ],
      fix:
        "Copy the same file to every node, or use a directory that all nodes share: builds of the same source differ"
    )
  }
}

extension Fact {
  /// Command-line arguments contain no zero byte.
  private static let separator: UInt8 = 0

  static func encode(_ facts: [Fact]) -> [UInt8] {
    Array(facts.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }.joined(separator: [separator]))
  }

  static func decode(_ bytes: [UInt8]) -> [Fact] {
    let parts = bytes.split(separator: separator, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    return stride(from: 0, to: parts.count - 1, by: 2).map { Fact(parts[$0], parts[$0 + 1]) }
  }

  /// The first of this rank's facts that differs from rank 0's, and rank 0's.
  static func firstDifference(_ own: [Fact], _ reference: [Fact]) -> (own: Fact, reference: Fact)? {
    if let pair = zip(own, reference).first(where: { $0 != $1 }) { return (pair.0, pair.1) }
    guard own.count != reference.count else { return nil }
    return (Fact("arguments", "\(own.count) options"), Fact("arguments", "\(reference.count) options"))
  }
}
