/// What the main thread of a rank is at: a number that ranks tell each other. What it means, beyond access to files, is
/// known to those who enter it.
public struct Phase: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let starting = Phase(rawValue: 0)
  package static let readingFile = Phase(rawValue: fileAccess | 0)
  package static let writingFile = Phase(rawValue: fileAccess | 1)

  package static let fileAccess: UInt8 = 0x80

  /// Whether the phase is a call into the file system, which must end soon. Computing may take as long as it takes, and
  /// a rank that waits for others is held up by one of them.
  package var isFileAccess: Bool { rawValue & Self.fileAccess != 0 }
}
