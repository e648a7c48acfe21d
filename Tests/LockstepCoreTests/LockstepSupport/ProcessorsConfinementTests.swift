import LockstepSupport
import Testing

@Suite struct ProcessorsConfinementTests {
  /// The thread's own line of procfs changes, and comes back.
  @Test func aThreadIsConfinedForAWhile() throws {
    let before = try allowedHere()
    let one = try #require(before.min())
    #expect(try Processors.confined(to: [one]) { try allowedHere() } == [one])
    #expect(try allowedHere() == before)
  }

  private func allowedHere() throws -> Set<Int> {
    let status = try #require(systemText("/proc/thread-self/status"))
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
    return try #require(Processors.numbers(in: String(line.dropFirst("Cpus_allowed_list:".count))))
  }
}
