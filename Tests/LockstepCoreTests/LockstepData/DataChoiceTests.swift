import LockstepCore
import Testing

/// Where a rank finds its data, given where rank 0 does. Rank 0 is in /a, this rank in /b.
@Suite struct DataChoiceTests {
  private let digits = DataSource.synthetic(train: 60_000, test: 10_000)

  private func choice(_ flag: String?, _ source: DataSource, in directory: String, isFound: Bool = true)
    -> DataChoice
  {
    let choice = DataChoice(flag: flag, source: source, directory: directory) { _ in isFound }
    let copy = DataChoice(bytes: choice.bytes)
    #expect(copy == choice)
    return copy
  }

  /// This rank's own source says nothing; only a flag of its own does.
  private func source(_ first: DataChoice, flag: String? = nil, there: Set<String>) throws -> DataSource {
    try choice(flag, flag.map { .directory($0) } ?? .directory("/own"), in: "/b").source(
      given: first, host: "n0"
    ) {
      there.contains($0)
    }
  }

  @Test func rank0sDirectoryIsTakenFromTheRoot() throws {
    let first = choice("mnist", .directory("mnist"), in: "/a")
    #expect(try source(first, flag: "mnist", there: ["/a/mnist", "mnist"]) == .directory("/a/mnist"))
    #expect(try source(first, there: ["/a/mnist"]) == .directory("/a/mnist"))
    // On another node the same name may be elsewhere.
    #expect(try source(first, flag: "mnist", there: ["mnist"]) == .directory("mnist"))
    let absolute = choice(nil, .directory("/data"), in: "/a")
    #expect(try source(absolute, there: ["/data"]) == .directory("/data"))
  }

  @Test func aFlagOfItsOwnCounts() throws {
    let first = choice("/x/0", .directory("/x/0"), in: "/a")
    #expect(try source(first, flag: "/x/1", there: ["/x/0", "/x/1"]) == .directory("/x/1"))
    // Whatever is there: its own load tells.
    #expect(try source(first, flag: "/x/1", there: []) == .directory("/x/1"))
  }

  /// Then rank 0 sends it.
  @Test func whatIsMissingIsRank0sAllTheSame() throws {
    let first = choice(nil, .directory("data/mnist"), in: "/a")
    #expect(try source(first, there: ["/own"]) == .directory("/a/data/mnist"))
  }

  /// Then rank 0's own load tells of it.
  @Test func whatRank0LacksIsNotThisRanksError() throws {
    let first = choice("absent", .directory("absent"), in: "/a", isFound: false)
    #expect(try source(first, there: []) == .directory("/a/absent"))
  }

  @Test func digitsAreDrawnByAllOrNone() throws {
    let first = choice(nil, digits, in: "/a")
    #expect(try choice(nil, digits, in: "/b").source(given: first, host: "n0") { _ in false } == digits)
    let other = #expect(throws: LockstepError.self) { try source(first, there: ["/own"]) }
    #expect(other?.found == "'/own'")
    let error = #expect(throws: LockstepError.self) { try source(first, flag: "/x", there: ["/x"]) }
    #expect(error?.kind == .usage && error?.subject == "--data")
  }
}
