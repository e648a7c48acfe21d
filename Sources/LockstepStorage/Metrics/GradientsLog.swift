import LockstepSupport
import LockstepTraining

/// `gradients.jsonl`: digests of traced steps, the same bytes on any number of ranks and threads, so that `diff` of two
/// machines' files shows where they part. Of each step first a line of its batch, then one of each tensor, in the order
/// in which they are computed.
package final class GradientsLog: TrainingObserver {
  package static let fileName = "gradients.jsonl"
  private let log: LineLog

  /// Keeps the lines of the steps that a run has done which goes on from `state`: later ones will be written again.
  /// Throws `LockstepError` (failure) if the file cannot be opened.
  package init(path: String, resuming state: TrainingState?, tell: @escaping (String) -> Void) throws {
    log = try LineLog(path: path, of: "digests of gradients", tell: tell)
    try log.cut { Self.lengthKept(of: $0, upTo: state?.step ?? 0) }
  }

  package func observe(_ event: TrainingEvent) throws {
    guard case .digests(let digests) = event else { return }
    try log.write(digests.lines)
  }

  private struct Line: Decodable {
    var step: JSONInteger
  }

  /// The bytes up to the first line of a later step, or that is none of ours: a crash may have torn it.
  package static func lengthKept(of log: [UInt8], upTo step: Int) -> Int {
    var kept = 0
    while let end = log[kept...].firstIndex(of: UInt8(ascii: "\n")) {
      guard let line = try? decodeJSON(Line.self, from: log[kept..<end]), line.step.value <= step else {
        break
      }
      kept = end + 1
    }
    return kept
  }
}

extension StepDigests {
  /// As the file has them.
  package var lines: [JSONLine] {
    var first = JSONLine()
    first.add("step", step)
    first.add("epoch", epoch)
    first.add("samples", batch.samples)
    first.add("order", batch.order.hexadecimal)
    first.add("inputs", batch.inputs.hexadecimal)
    first.add("inputs_max", magnitude: batch.largest)
    first.add("learning_rate", learningRate)
    first.add("loss", loss)
    return [first]
      + tensors.map { tensor in
        var line = JSONLine()
        line.add("step", step)
        line.add("tensor", tensor.name)
        for (key, values) in [
          ("before", tensor.before), ("gradient", tensor.gradient), ("after", tensor.after),
        ] {
          line.add(key, values.digest.hexadecimal)
          line.add(key + "_max", magnitude: values.largest)
        }
        return line
      }
  }
}

extension JSONLine {
  /// What is no number in JSON becomes a text, "nan" or "inf", because it is what the reader looks for.
  fileprivate mutating func add(_ key: String, magnitude: Float) {
    if magnitude.isFinite { add(key, magnitude) } else { add(key, "\(magnitude)") }
  }
}
