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
    #expect(nearestName(to: "", among: names) == "lr")
    #expect(nearestName(to: "lr", among: []) == nil)
  }
}
