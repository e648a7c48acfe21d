import LockstepSupport
import LockstepTraining

/// The file of `--predictions`, CSV: `predicted,label,p0,p1,...`, a line for each sample in the dataset's order. It is
/// written as the samples are computed, because the probabilities of many samples and classes fill gigabytes.
final class PredictionsFile {
  private let file: DurableFile
  private let report: ClassificationReport
  private let labels: [Int32]

  /// Throws `LockstepError` (failure), as `write` and `commit` do.
  init(_ path: String, report: ClassificationReport, labels: [Int32]) throws {
    file = try DurableFile(path, option: "--predictions")
    (self.report, self.labels) = (report, labels)
    let columns = ["predicted", "label"] + report.classes.indices.map { "p\($0)" }
    try file.write(Array((columns.joined(separator: ",") + "\n").utf8))
  }

  /// Adds samples with their probabilities, [samples, classes]: as many digits as tell a double from its neighbours.
  func write(_ samples: Range<Int>, _ probabilities: UnsafeBufferPointer<Double>) throws {
    let classes = report.classes.count
    var lines: [UInt8] = []
    for (row, sample) in samples.enumerated() {
      lines += "\(report.predicted[sample]),\(labels[sample])".utf8
      for probability in probabilities[row * classes..<(row + 1) * classes] {
        lines.append(UInt8(ascii: ","))
        lines += "\(probability)".utf8
      }
      lines.append(UInt8(ascii: "\n"))
    }
    try file.write(lines)
  }

  /// Replaces the file by the new one.
  func commit() throws { try file.commit() }
}
