import LockstepCore
import Testing

@Suite struct GradientBucketsTests {
  /// Of 10, 0, 4, 1 and 5 elements.
  private static let units = [0..<10, 10..<10, 10..<14, 14..<15, 15..<20]

  private func buckets(_ byteCount: Int, width: Int = 8) -> [GradientBuckets.Bucket] {
    GradientBuckets(units: Self.units, byteCount: byteCount, width: width).buckets
  }

  /// The last layers first, whole layers, every parameter once; complete with the lowest layer of each.
  @Test(arguments: [1, 8, 40, 41, 80, 100, 1000, .max]) func coverTheParameters(byteCount: Int) {
    let found = buckets(byteCount)
    var end = 20
    for bucket in found {
      #expect(bucket.parameters.upperBound == end)
      #expect(Self.units[bucket.lastUnit].lowerBound == bucket.parameters.lowerBound)
      end = bucket.parameters.lowerBound
      if bucket != found.last { #expect(bucket.parameters.count * 8 >= byteCount) }
    }
    #expect(end == 0)
  }

  @Test func areAsLargeAsAskedFor() {
    #expect(buckets(1).map(\.lastUnit) == [4, 3, 2, 0])
    #expect(buckets(41).map(\.parameters) == [14..<20, 0..<14])
    #expect(buckets(41, width: 2).map(\.parameters) == [0..<20])
    #expect(buckets(.max).map(\.lastUnit) == [0])
  }

  @Test func aUnitCompletesItsBucketOnly() {
    let buckets = GradientBuckets(units: Self.units, byteCount: 41, width: 8)
    #expect((0..<5).map { buckets.completed(by: $0)?.parameters } == [0..<14, nil, nil, 14..<20, nil])
  }

  /// Without parameters there is nothing to send.
  @Test func noParameters() {
    #expect(GradientBuckets(units: [0..<0, 0..<0], byteCount: 1, width: 8).buckets == [])
  }
}
