import LockstepSupport

extension SampleTable {
  /// Checks that Float can represent every number.
  ///
  /// - Throws: LockstepError (.data) with `path`, sample (from 0) and position of the first that it cannot.
  package func requireFinite(path: String, of sampleName: String = "image") throws {
    guard let index = withExtendedLifetime(self, { firstUnusable() }) else { return }
    let (sample, element) = index.quotientAndRemainder(dividingBy: elementsPerSample)
    let value = self.element.value(at: index, in: bytes)
    throw LockstepError(
      .data, path, expected: "finite numbers of at most \(Float.greatestFiniteMagnitude) in magnitude",
      found:
        "\(value) in \(sampleName) \(sample) (counted from 0), \(place(of: element))",
      fix: "Look at what wrote the file, and write it again without such numbers")
  }

  /// The position of the first NaN, infinity, or number that Float rounds to infinity; nil for none.
  private func firstUnusable() -> Int? {
    switch element {
    case .uint8, .int8, .int16, .int32: nil
    case .float32: first(UInt32.self) { $0 & 0x7F80_0000 == 0x7F80_0000 }
    // From halfway between the largest Float and 2^128 on; NaN and infinity are larger still.
    case .float64: first(UInt64.self) { $0 & 0x7FFF_FFFF_FFFF_FFFF >= 0x47EF_FFFF_F000_0000 }
    }
  }

  @inline(__always)
  private func first<Word: FixedWidthInteger & UnsignedInteger>(
    _: Word.Type, where isUnusable: (Word) -> Bool
  ) -> Int? {
    func word(_ index: Int) -> Word {
      Word(bigEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self))
    }
    let total = bytes.count / MemoryLayout<Word>.size
    // Blocks without branches vectorise. `noteAnswer`, because mapped data may be on a slow disk.
    let block = 4096
    for start in stride(from: 0, to: total, by: block) {
      let end = min(start + block, total)
      var found: Word = 0
      for index in start..<end { found |= isUnusable(word(index)) ? 1 : 0 }
      if found != 0 { return (start..<end).first { isUnusable(word($0)) } }
      if start % (1 << 22) == 0 { Activity.noteAnswer() }
    }
    return nil
  }

  /// "row 3, column 7"
  func place(of element: Int) -> String {
    guard let image = FeatureLayout(sampleShape: shape).image else { return "number \(element)" }
    let (channel, pixel) = element.quotientAndRemainder(dividingBy: image.height * image.width)
    return (image.channels > 1 ? "channel \(channel), " : "")
      + "row \(pixel / image.width), column \(pixel % image.width)"
  }
}
