import LockstepData
import LockstepSupport

/// Writes one half of a dataset, sample by sample. The files get their names when both halves are complete.
final class DatasetWriter {
  private(set) var count = 0
  private let form: SampleForm
  private let images: DurableFile
  private let labelsFile: DurableFile
  private let hasByteLabels: Bool
  private var labels: [Int32] = []
  /// Samples that are not written yet.
  private var buffer: [UInt8] = []
  let fileNames: [String]

  /// `prefix` is "train" or "t10k".
  ///
  /// - Throws: LockstepError (.failure), as all of its functions do.
  init(_ form: SampleForm, prefix: String, classes: Int, in directory: String) throws {
    self.form = form
    let type = form.element == .uint8 ? "ubyte" : "float"
    let names = [
      "\(prefix)-images-idx\(form.shape.count + 1)-\(type)",
      "\(prefix)-labels-idx1-\(classes <= 256 ? "ubyte" : "int")",
    ]
    (fileNames, hasByteLabels) = (names, classes <= 256)
    images = try DurableFile("\(directory)/\(names[0])", option: "--output")
    labelsFile = try DurableFile("\(directory)/\(names[1])", option: "--output")
    // The number of samples is known at the end.
    try images.write(header(count: 0))
  }

  func add(_ sample: [UInt8], label: Int32) throws {
    buffer += sample
    labels.append(label)
    count += 1
    if buffer.count >= 1 << 22 { try flush() }
  }

  private func flush() throws {
    try images.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes what is left, still under other names. There must be a sample.
  func complete() throws {
    try flush()
    try images.overwrite(header(count: count), at: 0)
    try labelsFile.write(
      IDXHeader.encode(element: hasByteLabels ? .uint8 : .int32, dimensions: [count])
        + (hasByteLabels
          ? labels.map { UInt8($0) }
          : labels.flatMap { label in withUnsafeBytes(of: label.bigEndian) { Array($0) } }))
  }

  /// Gives the complete files their names.
  func commit() throws {
    try images.commit()
    try labelsFile.commit()
  }

  private func header(count: Int) -> [UInt8] {
    IDXHeader.encode(element: form.element, dimensions: [count] + form.shape)
  }
}
