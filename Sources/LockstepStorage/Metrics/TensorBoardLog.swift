import LockstepSupport
import LockstepTraining
import PlatformC
import Synchronization

/// Writes the metrics of a run as TensorBoard reads them: a file of records in a directory, each record an `Event`
/// (tensorflow/core/util/event.proto) in the frame of tensorflow/core/lib/io/record_writer.h. A resumed run begins a
/// new file, which says from which step on the one before no longer counts.
public final class TensorBoardLog: TrainingObserver {
  private let path: String
  private let file: Int32
  private let logEvery: Int
  private let tell: (String) -> Void
  private var hasFailed = false
  /// Of logs in this process.
  private static let count = Atomic<Int>(0)

  /// Creates a file in the directory, and the directory where it is missing. Steps are logged every `logEvery`; 0 for
  /// none. `tell` is called if a line cannot be written: training goes on, without this log.
  ///
  /// - Throws: LockstepError (.failure) if the file cannot be created.
  public init(directory: String, logEvery: Int, tell: @escaping (String) -> Void) throws {
    try createDirectories(directory, option: "--tensorboard")
    let number = Self.count.wrappingAdd(1, ordering: .relaxed).oldValue
    // TensorBoard reads a directory's files in the order of their names, and knows them by "tfevents".
    path =
      "\(directory)/events.out.tfevents.\(time(nil)).\(Host.name.replacing("/", with: "-")).\(getpid()).\(number)"
    self.logEvery = logEvery
    self.tell = tell
    do { file = try FileOperation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND) } catch let error
      as SystemError
    {
      throw LockstepError(
        .failure, path, expected: "to create the file", found: error.description,
        fix: error.fix(option: "--tensorboard"))
    }
    write { $0.add(3, "brain.Event:2") }
  }

  deinit { close(file) }

  public func observe(_ event: TrainingEvent) {
    switch event {
    case .start: writeStart(step: 0)
    case .resume(_, let state): writeStart(step: state.step + 1)
    case .step(let report):
      guard logEvery > 0, report.step % logEvery == 0 else { return }
      write([("batch/loss", report.loss), ("batch/learning_rate", report.learningRate)], step: report.step)
    case .epoch(let report):
      func any(_ test: Evaluation?) -> Evaluation? { test.flatMap { $0.count > 0 ? $0 : nil } }
      let parts = [
        ("validation", report.validation), ("test", any(report.test)),
        ("ema_validation", report.averaged?.validation), ("ema_test", any(report.averaged?.test)),
      ]
      var scalars: [(tag: String, value: Double)] = [("loss/train", report.trainLoss)]
      if let accuracy = report.trainAccuracy { scalars.append(("accuracy/train", accuracy)) }
      for (name, part) in parts {
        for figure in part?.figures ?? [] { scalars.append(("\(figure.name)/\(name)", figure.value)) }
      }
      scalars += [
        ("learning_rate", report.learningRate), ("epoch", Double(report.epoch)),
        ("samples_per_second", report.samplesPerSecond),
      ]
      write(scalars, step: report.step)
    default: break
    }
  }

  /// SessionLog.START: events from this step on in earlier files are of a training that was given up.
  private func writeStart(step: Int) { write(step: step) { $0.add(7, ProtobufMessage { $0.add(1, 1) }) } }

  private func write(_ scalars: [(tag: String, value: Double)], step: Int) {
    let summary = ProtobufMessage { summary in
      for (tag, value) in scalars {
        summary.add(
          1,
          ProtobufMessage {
            $0.add(1, tag)
            $0.add(2, Float(value))
          })
      }
    }
    write(step: step) { $0.add(5, summary) }
  }

  private func write(step: Int = 0, _ fill: (inout ProtobufMessage) -> Void) {
    guard !hasFailed else { return }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let event = ProtobufMessage {
      $0.add(1, Double(now.tv_sec) + Double(now.tv_nsec) / 1e9)
      $0.add(2, step)
      fill(&$0)
    }
    do { try FileOperation.write(Self.record(event.bytes), to: file) } catch {
      hasFailed = true
      tell("\(path): expected to write events for TensorBoard, found \(error): no more are written")
    }
  }

  /// Length and bytes, each followed by its masked checksum.
  package static func record(_ bytes: [UInt8]) -> [UInt8] {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    func masked(_ bytes: [UInt8]) -> [UInt8] {
      let crc = Checksum.crc32c(bytes)
      return little((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    }
    let length = little(UInt64(bytes.count))
    return length + masked(length) + bytes + masked(bytes)
  }
}
