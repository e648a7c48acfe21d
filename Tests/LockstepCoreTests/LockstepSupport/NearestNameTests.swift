import LockstepCore
import Testing

@Suite struct NearestNameTests {
  private let names = ["momentum", "weight-decay", "batch-size", "micro-batches", "lr"]

  @Test(arguments: [
    ("momentun", "momentum"), ("mometum", "momentum"), ("omentum", "momentum"),
    ("weight_decay", "weight-decay"),
    ("weightdecay", "weight-decay"), ("batches", nil), ("batch", nil), ("micro-batch", "micro-batches"),
    ("lr", "lr"), ("xyzxyzxyz", nil),
  ])
  func ofATypingError(name: String, expected: String?) {
    #expect(nearestName(to: name, among: names) == expected)
  }

  @Test func hostileNamesCostNothing() {
    #expect(nearestName(to: String(repeating: "momentum", count: 100_000), among: names) == nil)
    #expect(nearestName(to: "", among: names) == nil)
    #expect(suggestedName(for: String(repeating: "x", count: 100_000), among: names) == nil)
    #expect(nearestName(to: "lr", among: []) == nil)
  }

  /// Other programs' names, and other spellings, where there is such a candidate.
  @Test(arguments: [
    ("learning_rate", "lr"), ("BATCH", "batch-size"), ("Momentum", "momentum"), ("seed", nil), ("epoch", nil),
    ("ab", nil),
  ]) func ofASynonym(name: String, expected: String?) {
    #expect(suggestedName(for: name, among: names) == expected)
  }
}
