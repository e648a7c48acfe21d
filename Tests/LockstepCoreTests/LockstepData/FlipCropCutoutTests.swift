import LockstepCore
import Testing

/// What is drawn for flips and crops, and the squares that are cut out.
@Suite struct FlipCropCutoutTests {
  private static let (channels, height, width) = (2, 5, 7)

  /// Every shift of a crop occurs, equally often, and every second image is mirrored.
  @Test func drawsOfFlipsAndCrops() {
    var augmentation = Augmentation()
    (augmentation.flip, augmentation.crop) = (true, 2)
    var counts: [[Int]: Int] = [:]
    let all = 20_000
    for sample in 0..<all {
      let t = augmentation.transform(seed: 3, epoch: 1, sample: sample)
      #expect((t.a, t.b, t.side) == (1, 0, 0))
      counts[[Int(t.dx), Int(t.dy), t.flips ? 1 : 0], default: 0] += 1
    }
    #expect(counts.count == 50)
    #expect(counts.keys.allSatisfy { -2...2 ~= $0[0] && -2...2 ~= $0[1] })
    // 400 each, with a deviation of 20.
    #expect(counts.values.allSatisfy { abs($0 - all / 50) < 100 }, "\(counts.values.sorted())")
  }

  /// A square of zeros, whole in the middle and cut off at the borders; all else stays.
  @Test func cutsOut() {
    var augmentation = Augmentation()
    augmentation.cutout = 3
    var areas: Set<Int> = []
    for sample in 0..<200 {
      let t = augmentation.transform(seed: 8, epoch: 2, sample: sample)
      let image = [Float](repeating: 5, count: Self.channels * Self.height * Self.width)
      var found = [Float](repeating: .nan, count: image.count)
      Augmentation.apply(
        t, from: image, to: &found, channels: Self.channels, height: Self.height, width: Self.width,
        outside: -9)
      let zeros = found.indices.filter { found[$0] == 0 }
      #expect(found.allSatisfy { $0 == 0 || $0 == 5 })
      let plane = Self.height * Self.width
      #expect(zeros.filter { $0 >= plane } == zeros.filter { $0 < plane }.map { $0 + plane })
      let (rows, columns) = (
        Set(zeros.map { $0 / Self.width % Self.height }), Set(zeros.map { $0 % Self.width })
      )
      #expect(rows.count * columns.count * Self.channels == zeros.count)
      #expect(rows.count <= 3 && columns.count <= 3 && !zeros.isEmpty)
      areas.insert(zeros.count / Self.channels)
    }
    #expect(areas == [4, 6, 9])
  }
}
