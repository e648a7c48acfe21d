import Foundation
import LockstepCore
import Testing

@Suite struct AugmentationTests {
  private static let (channels, height, width) = (2, 5, 7)
  private static let image = (0..<channels * height * width).map { Float($0 * 37 % 101) }

  private func apply(
    _ transform: Augmentation.Transform, _ image: [Float] = image, height: Int = height, width: Int = width,
    outside: Float = -9
  ) -> [Float] {
    var target = [Float](repeating: .nan, count: image.count)
    Augmentation.apply(
      transform, from: image, to: &target, channels: image.count / (height * width), height: height,
      width: width, outside: outside)
    return target
  }

  private func shift(_ dx: Float, _ dy: Float) -> Augmentation.Transform { .init(a: 1, b: 0, dx: dx, dy: dy) }

  @Test func theIdentityIsExact() {
    #expect(apply(shift(0, 0)) == Self.image)
    for seed in 0..<50 {
      #expect(
        Augmentation().transform(seed: UInt64(seed), epoch: 3, sample: seed) == shift(0, 0))
    }
  }

  /// The new pixel is the old one that lies (dx, dy) from it, or what is outside.
  @Test(arguments: -6...6, -8...8)
  func wholePixelsAreExact(dy: Int, dx: Int) {
    let found = apply(shift(Float(dx), Float(dy)))
    for i in found.indices {
      let (channel, pixel) = i.quotientAndRemainder(dividingBy: Self.height * Self.width)
      let (y, x) = (pixel / Self.width + dy, pixel % Self.width + dx)
      let isInside = 0..<Self.height ~= y && 0..<Self.width ~= x
      #expect(found[i] == (isInside ? Self.image[(channel * Self.height + y) * Self.width + x] : -9))
    }
  }

  /// Mirrored, then shifted: both by moving pixels and by interpolating between them.
  @Test(arguments: [-3, 0, 2]) func flips(dx: Int) {
    var transform = shift(Float(dx), 1)
    transform.flips = true
    let found = apply(transform)
    for i in found.indices {
      let (line, x) = i.quotientAndRemainder(dividingBy: Self.width)
      let (channel, y) = line.quotientAndRemainder(dividingBy: Self.height)
      let (fromX, fromY) = (Self.width - 1 - (x + dx), y + 1)
      let isInside = 0..<Self.height ~= fromY && 0..<Self.width ~= x + dx
      #expect(found[i] == (isInside ? Self.image[(channel * Self.height + fromY) * Self.width + fromX] : -9))
    }
    // By nearly the same shift pixels are interpolated.
    transform.dx += 1e-6
    #expect(zip(apply(transform), found).allSatisfy { abs($0 - $1) < 1e-2 })
  }

  @Test func quarterTurnsAreExact() {
    // A square of 3: the source of (x, y) is (-y, x).
    let turned = apply(.init(a: 0, b: 1, dx: 0, dy: 0), [1, 2, 3, 4, 5, 6, 7, 8, 9], height: 3, width: 3)
    #expect(turned == [3, 6, 9, 2, 5, 8, 1, 4, 7])
    #expect(
      apply(.init(a: -1, b: 0, dx: 0, dy: 0), [1, 2, 3, 4, 5, 6, 7, 8, 9], height: 3, width: 3)
        == [9, 8, 7, 6, 5, 4, 3, 2, 1])
  }

  /// Against bilinear interpolation in Double, for transforms as they are drawn.
  @Test func interpolatesBetweenPixels() {
    let augmentation = Augmentation(shift: 2, rotate: 40, scale: 0.3)
    for sample in 0..<40 {
      let t = augmentation.transform(seed: 5, epoch: 1, sample: sample)
      let found = apply(t)
      for i in found.indices {
        let expected = interpolated(t, at: i)
        #expect(abs(Double(found[i]) - expected) < 2e-3, "sample \(sample), element \(i)")
      }
    }
  }

  private func interpolated(_ t: Augmentation.Transform, at i: Int) -> Double {
    let (channel, place) = i.quotientAndRemainder(dividingBy: Self.height * Self.width)
    let (cx, cy) = (Double(Self.width - 1) / 2, Double(Self.height - 1) / 2)
    let (x, y) = (Double(place % Self.width) - cx, Double(place / Self.width) - cy)
    let sourceX = Double(t.a) * x - Double(t.b) * y + Double(t.dx) + cx
    let sourceY = Double(t.b) * x + Double(t.a) * y + Double(t.dy) + cy
    var sum = 0.0
    for py in -1...Self.height {
      for px in -1...Self.width {
        let weight = max(1 - abs(sourceX - Double(px)), 0) * max(1 - abs(sourceY - Double(py)), 0)
        let isInside = 0..<Self.height ~= py && 0..<Self.width ~= px
        sum +=
          weight
          * Double(isInside ? Self.image[(channel * Self.height + py) * Self.width + px] + 9 : 0)
      }
    }
    // All further out is outside too.
    return sum - 9
  }

  @Test func transformsStayWithinTheirBoundsAndFillThem() {
    let augmentation = Augmentation(shift: 3, rotate: 30, scale: 0.2)
    let all = (0..<2000).map { augmentation.transform(seed: 1, epoch: 0, sample: $0) }
    let angles = all.map { atan2(Double($0.b), Double($0.a)) * 180 / Double.pi }
    let scales = all.map { 1 / (Double($0.a * $0.a + $0.b * $0.b)).squareRoot() }
    for (values, bounds) in [
      (angles, -30.0...30), (scales, 0.8...1.2), (all.map { Double($0.dx) }, -3...3),
      (all.map { Double($0.dy) }, -3...3),
    ] {
      let size = bounds.upperBound - bounds.lowerBound
      let (least, most) = (values.min()!, values.max()!)
      #expect(least >= bounds.lowerBound - 1e-5 && least < bounds.lowerBound + size / 100)
      #expect(most <= bounds.upperBound + 1e-5 && most > bounds.upperBound - size / 100)
      let mean = values.reduce(0, +) / 2000
      #expect(abs(mean - (bounds.lowerBound + bounds.upperBound) / 2) < size / 30)
    }
  }

  @Test func seedEpochAndSampleDecide() {
    let augmentation = Augmentation(shift: 3, rotate: 30, scale: 0.2)
    func transform(seed: UInt64 = 1, epoch: Int = 2, sample: Int = 3) -> Augmentation.Transform {
      augmentation.transform(seed: seed, epoch: epoch, sample: sample)
    }
    #expect(transform() == transform())
    for other in [transform(seed: 2), transform(epoch: 3), transform(sample: 4)] {
      #expect(other != transform())
    }
  }

  /// The whole way through a batch: no row, thread or neighbour counts, bytes and floats are alike, and what is outside
  /// is black after normalization.
  @Test(arguments: [IDXElement.uint8, .float32])
  func batchesAreFunctionsOfTheirKeys(element: IDXElement) throws {
    let data = try formulaDataset(samples: 30, shape: [2, 6, 5], classes: 3, element: element)
    let network = try Network(
      inputShape: [2, 6, 5], specification: [.dense(outputs: nil)], classes: 3)
    func load(_ samples: [Int], epoch: Int = 1, threads: Int = 1, shift: Double = 30) throws -> [[Float]] {
      let workspace = Workspace(FusionPlan(network), capacity: samples.count, learns: false)
      let batch = Batch(capacity: samples.count)
      batch.load(
        samples.count, from: data.train, normalization: .fixed(mean: 0.5, deviation: 0.25),
        augmenter: .init(Augmentation(shift: shift, rotate: 20, scale: 0.1), seed: 7, epoch: epoch),
        into: workspace.input, team: try ThreadTeam(count: threads)
      ) { samples[$0] }
      return withExtendedLifetime(workspace) {
        samples.indices.map { row in (0..<60).map { workspace.input.row(row)[$0] } }
      }
    }
    let samples = [3, 29, 3, 0, 11]
    let all = try load(samples, shift: 1)
    #expect(all[0] == all[2] && Set(all).count == 4)
    for threads in [2, 3] { #expect(try load(samples, threads: threads, shift: 1) == all) }
    #expect(try load([11], shift: 1)[0] == all[4])
    #expect(try zip(load(samples, epoch: 2, shift: 1), all).allSatisfy(!=))
    #expect(try load(Array(0..<30)).contains { $0.allSatisfy { $0 == -2 } })
  }

  @Test func trainingDependsOnIt() throws {
    let data = try formulaDataset(samples: 40, shape: [6, 6], classes: 3)
    func digest(ranks: Int = 1, _ augmentation: Augmentation) throws -> UInt64 {
      var recipe = Recipe()
      (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.augmentation) = ([8], 2, 16, augmentation)
      let final = recipe
      return try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) {
        try Trainer(recipe: final, dataset: data, collective: $0, team: try ThreadTeam(count: 1)).train()
          .digest
      }.last!.get()
    }
    let digests = try [
      Augmentation(), Augmentation(shift: 1), Augmentation(rotate: 10), Augmentation(scale: 0.1),
    ].map { try digest($0) }
    #expect(Set(digests).count == 4)
    #expect(try digest(ranks: 3, Augmentation(shift: 1)) == digests[1])
  }
}
