import LockstepCore
import Testing

/// What is sound and makes a result mean little is told, once each; what is usual is not.
@Suite struct DatasetWarningsTests {
  /// Warnings for labels of training and test samples.
  private func warnings(_ train: [Int32], _ test: [Int32], heldBack: [Int] = []) throws -> [String] {
    func split(_ labels: [Int32]) throws -> Split {
      let pixels = labels.indices.flatMap { [UInt8(truncatingIfNeeded: $0), 200] as [UInt8] }
      return Split(
        images: try SampleTable(count: labels.count, shape: [2], element: .uint8, copying: pixels),
        labels: labels
      )
    }
    return try Dataset(train: split(train), test: split(test), name: "d").warnings(heldBack: heldBack)
  }

  private let ten = (0..<100).map { Int32($0 % 10) }

  @Test func nothingOfSoundData() throws {
    #expect(try warnings(ten, ten) == [])
    #expect(try warnings(ten, [3, 4]) == [])
  }

  @Test func labelsAlike() throws {
    let ones = Array(repeating: Int32(1), count: 100)
    let both = try warnings(ones, ones)
    #expect(
      both.count == 1
        && both[0].hasPrefix("d: all labels are 1, of 100 training samples and 100 test samples"))
    let zeros = Array(repeating: Int32(0), count: 100)
    #expect(try warnings(zeros, zeros).count == 1)
    let test = try warnings(ten, ones)
    #expect(test.count == 1 && test[0].contains("the labels of all 100 test samples are 1"))
    let train = try warnings(ones, ten)
    #expect(train.count == 2 && train[0].contains("the labels of all 100 training samples are 1"))
    #expect(train[1].contains("but 90 of 100 test samples (90.00%)"))
  }

  @Test func classesWithoutATrainingSample() throws {
    let found = try warnings(ten.map { $0 == 4 ? 5 : $0 }, ten.map { $0 == 4 ? 5 : $0 })
    #expect(found == ["d: class 4 of 10 has no training sample"])
    let fromOne = try warnings(ten.map { $0 + 1 }, ten.map { $0 + 1 })
    #expect(fromOne.count == 1 && fromOne[0].contains("class 0") && fromOne[0].contains("counted from 0"))
    let many = try warnings(ten.map { $0 * 3 }, ten.map { $0 * 3 })
    #expect(many.count == 1 && many[0].contains("and 12 more"))
  }

  @Test func classesOfTheTestOnly() throws {
    let found = try warnings(ten.filter { $0 < 8 }, ten)
    #expect(found.count == 1)
    #expect(
      found[0].contains("classes 8, 9 of 10 have no training sample")
        && found[0].contains("20 of 100 test samples (20.00%)"))
    // Also where validation takes the last sample of a class.
    let held = try warnings(ten, ten, heldBack: ten.indices.filter { ten[$0] == 3 })
    #expect(held.count == 1 && held[0].contains("class 3 of 10 has") && held[0].contains("(10.00%)"))
  }

  @Test func oneClassIsNearlyAll() throws {
    let most = (0..<1000).map { Int32($0 < 990 ? 1 : 0) }
    let found = try warnings(most, most)
    #expect(found.count == 2 && found[0].contains("99.00% of the training samples are of class 1"))
    #expect(found[1].contains("99.00% of the test samples"))
    #expect(try warnings((0..<1000).map { Int32($0 < 980 ? 1 : 0) }, [0, 1]) == [])
  }

  @Test func classesWithoutATestSample() throws {
    let many = (0..<300).map { Int32($0 % 10) }
    let found = try warnings(ten, many.filter { $0 < 8 })
    #expect(
      found.count == 1 && found[0].contains("classes 8, 9 of 10 have 20 of 100 training samples, but no test")
    )
  }

  @Test func indicesThatAreNone() throws {
    #expect(try warnings(ten, ten, heldBack: [-1, 100, .max, .min]) == [])
  }

  @Test(arguments: [(667, 3), (400, 5), (11, 9)]) func fewOfEach(classes: Int, each: Int) throws {
    let labels = (0..<classes * each).map { Int32($0 % classes) }
    let found = try warnings(labels, [0, 1])
    #expect(
      found.count == 1 && found[0].contains("\(classes) classes, but \(classes * each) training samples"))
    #expect(try warnings((0..<classes * 10).map { Int32($0 % classes) }, [0, 1]) == [])
  }

  @Test func moreClassesThanSamplesCanTeach() throws {
    let found = try warnings((0..<100).map { Int32($0) }, [1, 2])
    #expect(found.count == 1 && found[0].contains("100 classes, but 100 training samples"))
  }

  @Test func blankImages() throws {
    func split(_ count: Int, blank: Int) throws -> Split {
      let pixels = (0..<count).flatMap { [9, 9, 9, UInt8($0 < blank ? 9 : $0 % 9)] as [UInt8] }
      return Split(
        images: try SampleTable(count: count, shape: [2, 2], element: .uint8, copying: pixels),
        labels: (0..<count).map { Int32($0 % 2) })
    }
    func warnings(_ blank: Int) throws -> [String] {
      try Dataset(train: split(100, blank: blank), test: split(10, blank: 0), name: "d").warnings()
    }
    #expect(try warnings(1) == [])
    let found = try warnings(50)
    #expect(found.count == 1 && found[0].contains("50 of 100 training images have one value throughout"))
  }
}
