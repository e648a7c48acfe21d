import LockstepCore

/// A dataset of bytes given by formulas: enough structure to learn something, small enough to train in no time.
func formulaDataset(
  samples: Int, features: Int, classes: Int, testSamples: Int = 20,
  pixel: (Int, Int) -> Int = { $0 * 37 + $1 * 91 + $0 * $1 * 5 }, label: (Int) -> Int = { $0 * 7 + $0 / 5 }
) throws -> Dataset {
  func split(_ count: Int) -> Split {
    let bytes = (0..<count).flatMap { sample in
      (0..<features).map { UInt8(truncatingIfNeeded: pixel(sample, $0)) }
    }
    return Split(
      images: SampleTable(count: count, shape: [features], element: .uint8, copying: bytes),
      labels: (0..<count).map { Int32(label($0) % classes) })
  }
  return try Dataset(train: split(samples), test: split(testSamples), name: "formula")
}

/// Keeps what a trainer tells.
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
