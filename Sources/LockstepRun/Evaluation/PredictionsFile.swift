import LockstepData
import LockstepSupport
import LockstepTraining

/// The file of `--predictions`, CSV: `predicted,label,p0,p1,...`, or of numbers `y0,y1,...,target0,target1,...`, a line
/// for each sample in the dataset's order. It is
/// written as the samples are computed, because the probabilities of many samples and classes fill gigabytes.
final class PredictionsFile {
  private let file: DurableFile
  /// nil where labels are numbers.
  private let report: ClassificationReport?
  private let split: Split

  /// Throws `LockstepError` (failure), as `write` and `commit` do.
  init(_ path: String, report: ClassificationReport?, _ split: Split) throws {
    file = try DurableFile(path, option: "--predictions")
    (self.report, self.split) = (report, split)
    let columns =
      report.map { ["predicted", "label"] + $0.classes.indices.map { "p\($0)" } }
      ?? ["y", "target"].flatMap { name in
        (0..<(split.targets?.elementsPerSample ?? 0)).map { "\(name)\($0)" }
      }
    try file.write(Array((columns.joined(separator: ",") + "\n").utf8))
  }

  /// Adds samples with what is predicted for them, [samples, classes] or [samples, columns]: as many digits as tell a
  /// double from its neighbours.
  func write(_ samples: Range<Int>, _ predictions: UnsafeBufferPointer<Double>) throws {
    let outputs = predictions.count / max(samples.count, 1)
    var lines: [UInt8] = []
    for (row, sample) in samples.enumerated() {
      let own = predictions[row * outputs..<(row + 1) * outputs].map { "\($0)" }
      let fields =
        report.map { ["\($0.predicted[sample])", "\(split.labels[sample])"] + own }
        ?? own + (0..<outputs).map { "\(split.targets?.target(sample, $0) ?? .nan)" }
      lines += (fields.joined(separator: ",") + "\n").utf8
    }
    try file.write(lines)
  }

  /// Replaces the file by the new one.
  func commit() throws { try file.commit() }
}
