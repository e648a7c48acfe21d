import LockstepSupport

extension Dataset {
  /// The CRC-32 of each part, folded into 64 bits by the finalizer of SplitMix64 (Steele, Lea, Flood: "Fast
  /// splittable pseudorandom number generators", OOPSLA 2014). Never 0.
  static func checksum(train: Split, test: Split) -> UInt64 {
    var digest: UInt64 = 0
    for split in [train, test] {
      digest ^=
        UInt64(crc(split.images)) << 32 | UInt64(split.targets.map { crc($0) } ?? crc(labels: split.labels))
      digest = (digest ^ digest >> 30) &* 0xBF58_476D_1CE4_E5B9
      digest = (digest ^ digest >> 27) &* 0x94D0_49BB_1331_11EB
      digest ^= digest >> 31
    }
    return max(digest, 1)
  }

  /// The CRC-32 of the table as a raw IDX file.
  package static func crc(_ table: SampleTable) -> UInt32 {
    withExtendedLifetime(table) {
      let header = IDXHeader.encode(element: table.element, dimensions: [table.count] + table.fileShape)
      return Checksum.crc(table.bytes, after: header.withUnsafeBytes { Checksum.crc($0, after: 0) })
    }
  }

  /// The CRC-32 of the labels as an IDX file of type int32, whatever type they were stored in.
  package static func crc(labels: [Int32]) -> UInt32 {
    let header = IDXHeader.encode(element: .int32, dimensions: [labels.count])
    let start = header.withUnsafeBytes { Checksum.crc($0, after: 0) }
    return labels.map(\.bigEndian).withUnsafeBytes { Checksum.crc($0, after: start) }
  }
}
