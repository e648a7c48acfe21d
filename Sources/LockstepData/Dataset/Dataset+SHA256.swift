import LockstepSupport

extension Dataset {
  /// SHA-256 of the parts as raw IDX files, `train-images` and so on: what sha256sum prints for MNIST's files when they
  /// are not gzipped. Labels that fit are bytes there, whatever type they were stored in, else 32-bit integers.
  package var fileDigests: [(name: String, digest: String)] {
    [("train", train), ("test", test)].filter { $0.1.count > 0 }.flatMap { half, split in
      [
        ("\(half)-images", Self.digest(split.images)),
        ("\(half)-labels", split.targets.map { Self.digest($0) } ?? Self.digest(labels: split.labels)),
      ]
    }
  }

  private static func digest(_ table: SampleTable) -> String {
    withExtendedLifetime(table) {
      digest(
        IDXHeader.encode(element: table.element, dimensions: [table.count] + table.fileShape), table.bytes)
    }
  }

  private static func digest(labels: [Int32]) -> String {
    let areBytes = labels.allSatisfy { 0...255 ~= $0 }
    let header = IDXHeader.encode(element: areBytes ? .uint8 : .int32, dimensions: [labels.count])
    return areBytes
      ? labels.map { UInt8($0) }.withUnsafeBytes { digest(header, $0) }
      : labels.map(\.bigEndian).withUnsafeBytes { digest(header, $0) }
  }

  private static func digest(_ header: [UInt8], _ bytes: UnsafeRawBufferPointer) -> String {
    var digest = SHA256()
    header.withUnsafeBytes { digest.update($0) }
    // The bytes may lie on a slow disk.
    Activity.duringFileAccess(.readingFile) {
      for start in stride(from: 0, to: bytes.count, by: filePiece) {
        Activity.noteAnswer()
        digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + filePiece, bytes.count)]))
      }
    }
    return digest.finish()
  }
}
