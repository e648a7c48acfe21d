import LockstepCore
import Testing

@Suite struct GzipTests {
  let file = idx([40, 5, 5])

  private func payload(_ contents: [UInt8]) throws -> [UInt8] {
    let table = try IDXFile(contents: contents, path: "f.gz").table()
    return (0..<table.count).flatMap(table.sample)
  }

  @Test(arguments: [0, 1, 6, 9] as [Int32])
  func everyLevelInflates(level: Int32) throws {
    #expect(try payload(gzip(file, level: level)) == Array(file.dropFirst(16)))
  }

  @Test func contentDecidesNotTheName() throws {
    let directory = try TemporaryDirectory(["raw.gz": file, "compressed": gzip(file)])
    #expect(try !IDXFile(path: directory.path + "/raw.gz").isCompressed)
    let compressed = try IDXFile(path: directory.path + "/compressed")
    #expect(compressed.isCompressed)
    #expect(try compressed.table().sample(39) == Array(file.suffix(25)))
  }

  /// RFC 1952: "A gzip file consists of a series of members". Cut everywhere, also inside the header.
  @Test func concatenatedMembersAreOneFile() throws {
    for cut in 0...file.count {
      let members = gzip(Array(file[..<cut])) + gzip(Array(file[cut...]))
      #expect(try payload(members) == Array(file.dropFirst(16)))
    }
    #expect(try payload(gzip([]) + gzip(file) + gzip([]) + gzip([])) == Array(file.dropFirst(16)))
  }

  @Test func everyTruncationIsFound() throws {
    let whole = gzip(file)
    for length in 2..<whole.count {
      expectDataError("f.gz", ["truncated gzip file", "gzip -t"]) { try payload(Array(whole[..<length])) }
    }
    // Of two members, too: the second one's data are all there, its trailer is not.
    let two = gzip(Array(file.dropLast(5))) + gzip(Array(file.suffix(5)))
    for cut in 1...8 {
      expectDataError("f.gz", ["truncated gzip file"]) { try payload(two.dropLast(cut)) }
    }
  }

  @Test func truncatedLargeFileIsFound() {
    let whole = gzip(idx([300, 30, 30]), level: 0)
    expectDataError("f.gz", ["truncated gzip file"]) { try payload(whole.dropLast(100_000)) }
  }

  @Test func damageIsFound() {
    let whole = gzip(file)
    for (byte, found) in [
      (whole.count - 8, "incorrect data check"), (whole.count - 4, "incorrect length check"),
      (2, "unknown compression method"), (3, "corrupt gzip file"),
    ] {
      var damaged = whole
      damaged[byte] ^= 0xE0
      expectDataError("f.gz", [found]) { try payload(damaged) }
    }
  }

  @Test func largePayloadWithBadChecksum() {
    var damaged = gzip(idx([300, 30, 30]), level: 0)
    damaged[100_000] ^= 1
    expectDataError("f.gz", ["incorrect data check"]) { try payload(damaged) }
  }

  @Test(arguments: [[0], [0x1F], Array(repeating: 0, count: 512), Array("garbage".utf8)] as [[UInt8]])
  func bytesAfterTheEndAreErrors(garbage: [UInt8]) {
    expectDataError("f.gz", ["\(garbage.count) bytes that are not gzip after the end"]) {
      try payload(gzip(file) + garbage)
    }
  }

  @Test func contentsMustBeAsLongAsTheHeaderSays() {
    expectDataError("f.gz", ["expected 1016 bytes", "found 1015 bytes (inflated)"]) {
      try payload(gzip(file.dropLast()))
    }
    expectDataError("f.gz", ["expected 1016 bytes", "found 16 bytes (inflated)"]) {
      try payload(gzip(Array(file.prefix(16))))
    }
    expectDataError("f.gz", ["expected 1016 bytes", "found 1017 bytes (inflated)"]) {
      try payload(gzip(file + [0]))
    }
    // A bomb is not read to its end to say how large it is.
    expectDataError("f.gz", ["expected 1016 bytes", "found over 81552 bytes (inflated)"]) {
      try payload(gzip(file + Array(repeating: 0, count: 10_000_000)))
    }
  }

  /// The header is read and judged before any memory is set aside.
  @Test func aBillionImagesAreNotBelieved() {
    expectDataError("f.gz", ["784000000016 bytes", "cannot hold that many"]) {
      try IDXFile(contents: gzip(idx([1_000_000_000, 28, 28], [1, 2])), path: "f.gz")
    }
  }

  /// What the bound lets pass is inflated into nothing before memory is set aside for it.
  @Test(arguments: [2_000_000, 1_495_000]) func aLargePromiseIsCheckedFirst(size: Int) throws {
    let zeros = gzip(idx([1500, 1000], Array(repeating: 0, count: size)))
    let file = try IDXFile(contents: zeros, path: "f.gz")
    let found = "found \(size + 12) bytes (inflated)"
    expectDataError("f.gz", ["expected 1500012 bytes", found]) { try file.checkPromise() }
    let sound = gzip(idx([1500, 1000], Array(repeating: 0, count: 1_500_000)))
    try IDXFile(contents: sound, path: "f.gz").checkPromise()
  }

  @Test func theBestThatDeflateCanDoIsBelieved() throws {
    let zeros = gzip(idx([5000, 1000], Array(repeating: 0, count: 5_000_000)), level: 9)
    #expect(zeros.count < 5000)
    #expect(try IDXFile(contents: zeros, path: "f.gz").table().count == 5000)
  }

  @Test(arguments: IDXTests.corpus.filter { !$0.fragments.contains { $0.hasSuffix("bytes") } })
  func hostileContentsCompressed(_ file: IDXTests.Hostile) {
    expectDataError("f.gz", file.fragments) { try IDXFile(contents: gzip(file.contents), path: "f.gz") }
  }

  @Test func compressedTwice() {
    expectDataError("f.gz", ["a gzip file inside a gzip file", "gunzip"]) { try payload(gzip(gzip(file))) }
  }
}
