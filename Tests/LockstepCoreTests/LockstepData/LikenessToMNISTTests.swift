import LockstepCore
import Testing

@Suite struct LikenessToMNISTTests {
  /// A picture with a bright block.
  private func block(_ across: Range<Int>, _ down: Range<Int>) -> [UInt8] {
    (0..<784).map { across.contains($0 % 28) && down.contains($0 / 28) ? 200 : 0 }
  }

  private func holds(_ pictures: [[UInt8]]) -> Bool {
    var likeness = LikenessToMNIST(height: 28, width: 28)
    for picture in pictures { likeness.add(picture) }
    return likeness.holds
  }

  @Test func boxesInTheMiddle() {
    let digit = block(12..<16, 4..<24)
    #expect(holds([digit]))
    #expect(!holds([block(14..<18, 4..<24)]), "its centre of mass is at 15.5")
    #expect(!holds([block(12..<16, 6..<22)]), "it has 16 pixels")
    #expect(!holds([block(2..<26, 2..<26)]), "it has 24 pixels")
    #expect(!holds([]) && !holds([block(0..<0, 0..<0)]), "there is nothing to see")
  }

  /// Black pictures do not count, and of the others one of twenty may lie elsewhere.
  @Test func nineteenOfTwenty() {
    let (digit, black) = (block(12..<16, 4..<24), block(0..<0, 0..<0))
    let nineteen = [[UInt8]](repeating: digit, count: 19)
    #expect(holds(nineteen + [black, black, block(0..<4, 0..<20)]))
    #expect(!holds(nineteen + [black, block(0..<4, 0..<20), block(0..<4, 0..<20)]))
  }

  @Test func digitsOfDatasets() throws {
    let drawn = try Dataset.synthetic(
      train: 200, test: 1, collective: SingleProcess(), team: ThreadTeam(count: 1))
    #expect(PictureForm(likeMNIST: drawn.train.images)?.text == "28x28 grey centred")
    let numbers = try SampleTable(count: 1, shape: [784], element: .uint8, copying: block(12..<16, 4..<24))
    #expect(PictureForm(likeMNIST: numbers) == nil, "no picture")
  }
}
