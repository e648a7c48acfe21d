import LockstepCore

/// A dataset of numbers from 0 to 255 given by formulas: enough structure to learn something, small enough to train
/// quickly.
func formulaDataset(
  samples: Int, shape: [Int], classes: Int, testSamples: Int = 20, element: IDXElement = .uint8,
  pixel: (Int, Int) -> Int = { $0 * 37 + $1 * 91 + $0 * $1 * 5 }, label: (Int) -> Int = { $0 * 7 + $0 / 5 }
) throws -> Dataset {
  func split(_ count: Int) throws -> Split {
    let bytes = (0..<count).flatMap { sample in
      (0..<shape.reduce(1, *)).flatMap {
        element.bytes(of: Int(UInt8(truncatingIfNeeded: pixel(sample, $0))))
      }
    }
    return Split(
      images: try SampleTable(count: count, shape: shape, element: element, copying: bytes),
      labels: (0..<count).map { Int32(label($0) % classes) })
  }
  return try Dataset(train: split(samples), test: split(testSamples), name: "formula")
}

/// The same of vectors.
func formulaDataset(
  samples: Int, features: Int, classes: Int, testSamples: Int = 20,
  pixel: (Int, Int) -> Int = { $0 * 37 + $1 * 91 + $0 * $1 * 5 }, label: (Int) -> Int = { $0 * 7 + $0 / 5 }
) throws -> Dataset {
  try formulaDataset(
    samples: samples, shape: [features], classes: classes, testSamples: testSamples, pixel: pixel,
    label: label)
}

extension IDXElement {
  /// A number as in an IDX file: big-endian.
  fileprivate func bytes(of value: Int) -> [UInt8] {
    func bigEndian<T: FixedWidthInteger>(_ x: T) -> [UInt8] { withUnsafeBytes(of: x.bigEndian) { Array($0) } }
    return switch self {
    case .uint8: [UInt8(value)]
    case .int8: bigEndian(Int8(truncatingIfNeeded: value))
    case .int16: bigEndian(Int16(value))
    case .int32: bigEndian(Int32(value))
    case .float32: bigEndian(Float(value).bitPattern)
    case .float64: bigEndian(Double(value).bitPattern)
    }
  }
}

/// Collects a trainer's events.
final class Recorder: TrainingObserver {
  private(set) var events: [TrainingEvent] = []

  func observe(_ event: TrainingEvent) { events.append(event) }

  var steps: [StepReport] {
    events.compactMap { if case .step(let report) = $0 { report } else { nil } }
  }
  var epochs: [EpochReport] {
    events.compactMap { if case .epoch(let report) = $0 { report } else { nil } }
  }
}
