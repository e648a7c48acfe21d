import LockstepRanks
import LockstepSupport

extension DatasetLoader {
  /// Has each node's reader put the dataset into the node's memory, from its own files or as rank 0 sends it.
  func loadCopies(
    _ own: inout OwnFiles, _ listing: DatasetListing, _ memory: SharedMemory, _ layout: Layout
  ) throws -> Loaded {
    let (files, tables) = (own.parts, layout.tables(in: memory, listing.headers))
    let checksum = try onReaders(&own) {
      try layout.read(files, into: memory)
      return try self.checksum(of: tables, listing)
    }
    // 0, which no checksum is, on ranks that do not read and on readers without usable files.
    let checksums = try collective.allGather(checksum ?? 0)
    let lacks = try collective.allGather(isReader && checksum != checksums[0] ? 1 : 0)
    let lacking = lacks.indices.filter { lacks[$0] == 1 }
    var note: String?
    if !lacking.isEmpty {
      try send(memory, to: lacking)
      _ = try collective.onSomeRanks(lacking.contains(collective.rank)) {
        if try self.checksum(of: tables, listing) != checksums[0] { throw Self.arrivedDamaged(listing.path) }
      }
      note = try self.note(of: lacking, own, listing)
    }
    try collective.nodeBarrier()
    return Loaded(tables: tables, checksum: checksums[0], note: note)
  }

  /// Sends rank 0's memory to the nodes of some readers. The other nodes' readers take part and drop it.
  private func send(_ memory: SharedMemory, to lacking: [Int]) throws {
    guard isReader else { return }
    let bytes = memory.bytes
    for start in stride(from: 0, to: bytes.count, by: Self.piece) {
      let place = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<min(start + Self.piece, bytes.count)])
      let piece = try collective.broadcastAcrossNodes(collective.rank == 0 ? Array(place) : [])
      if lacking.contains(collective.rank) { place.copyBytes(from: piece) }
    }
  }

  /// Bytes a message: what a node needs beside the dataset itself while it is sent.
  private static let piece = 1 << 22

  /// What is said of nodes that were sent the data. Collective.
  private func note(of lacking: [Int], _ own: OwnFiles, _ listing: DatasetListing) throws -> String {
    let first = lacking[0]
    var reason = "other data"
    if let flaw = own.flaw as? LockstepError {
      reason = "\(flaw.subject): " + (flaw.expected.map { "expected \($0), " } ?? "") + "found \(flaw.found)"
    } else if let flaw = own.flaw {
      reason = "\(flaw)"
    }
    let text = try collective.broadcast("\(collective.hostName)\0\(reason)", from: first)
    let parts = text.split(separator: "\0", maxSplits: 1)
    let others = lacking.count - 1
    let nodes = "\(parts[0])" + (others == 0 ? "" : " and \(others) more node\(others == 1 ? "" : "s")")
    let size = Double(listing.byteCount).inBytes
    return "rank 0's data in \(listing.path) were sent to \(nodes), \(size) each: "
      + "what \(parts[0]) has is no copy of them (\(parts[1]))"
  }

  private static func arrivedDamaged(_ path: String) -> LockstepError {
    LockstepError(
      .failure, path, expected: "to be received as rank 0 sent it", found: "other bytes",
      fix: "The network or this node's memory is at fault: leave the node out")
  }
}
