/// What a rank tells the watchers on other nodes.
package enum HeartbeatMessage: Equatable {
  case beat(StallDetector.Beat)
  /// The rank has ended.
  case end
  /// The rank has reported a stall, and ends the job.
  case report
  /// The first on a stream.
  case hello

  /// Of a message: seven words of eight bytes, little-endian. The job's token, the rank, the kind, and a beat's fields.
  package static let byteCount = 7 * 8

  private var kind: UInt64 {
    switch self {
    case .beat: 0
    case .end: 1
    case .report: 2
    case .hello: 3
    }
  }

  package func bytes(token: UInt64, rank: Int) -> [UInt8] {
    var words = [token, UInt64(rank), kind, 0, 0, 0, 0]
    if case .beat(let beat) = self {
      words.replaceSubrange(
        3..., with: [beat.count, beat.activity.word, beat.activity.answers, beat.call.word])
    }
    return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }

  /// nil for what is no message of this job, which has this token and so many ranks: anybody can send bytes to a port.
  package static func parse(_ bytes: some Collection<UInt8>, token: UInt64, ranks: Int) -> (
    rank: Int, message: HeartbeatMessage
  )? {
    guard bytes.count == byteCount else { return nil }
    let fields = Array(bytes).withUnsafeBytes { raw in
      (0..<7).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
    }
    guard fields[0] == token, fields[1] < UInt64(ranks) else { return nil }
    let message: HeartbeatMessage
    switch fields[2] {
    case 0:
      message = .beat(
        .init(
          count: fields[3], activity: .init(word: fields[4], answers: fields[5]), call: .init(word: fields[6])
        ))
    case 1: message = .end
    case 2: message = .report
    case 3: message = .hello
    default: return nil
    }
    return (Int(fields[1]), message)
  }
}
