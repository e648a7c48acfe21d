import LockstepData
import LockstepSupport

/// Reads samples from first to last and prepares them on all threads.
final class SampleReader {
  typealias Sample = Result<[UInt8], LockstepError>

  private let form: SampleForm
  private let team: ThreadTeam
  private let samples: ImportSource.Samples
  private let rows: ((Int) throws -> [Float])?
  private let layout: RowLayout?
  private let rowCount: Int
  /// Whether pictures of any size are taken.
  private let scales: Bool

  init(_ samples: ImportSource.Samples, as form: SampleForm, _ options: ImportOptions, _ team: ThreadTeam)
    throws
  {
    (self.samples, self.form, self.team) = (samples, form, team)
    scales = options.size != nil
    guard case .rows(let source) = samples else {
      (rows, layout, rowCount) = (nil, nil, 0)
      return
    }
    (rows, rowCount) = (try source.open(), source.numbersPerSample)
    layout = try RowLayout(source, size: options.size)
  }

  /// The bytes of samples as the dataset has them, or why they cannot be read. Ranges follow each other.
  ///
  /// - Throws: LockstepError where the whole source cannot be read on.
  func read(_ range: Range<Int>) throws -> [Sample] {
    var result = [Sample](repeating: .success([]), count: range.count)
    switch samples {
    case .files(let paths):
      fill(&result) { [form, scales] i in
        let path = paths[range.lowerBound + i]
        guard case .pictures(let form) = form else { preconditionFailure("files are pictures") }
        let picture = try Picture(path: path)
        guard scales || picture.height == form.height && picture.width == form.width else {
          throw LockstepError(
            .usage, path, expected: "\(form.height)x\(form.width) pixels, as others have, or --size",
            found: "\(picture.height)x\(picture.width)",
            fix: "Give the size to scale them to, such as --size 28x28")
        }
        return picture.prepared(as: form).planes
      }
    case .rows:
      let numbers = try rows!(range.count)
      if let place = numbers.firstIndex(where: { !$0.isFinite }) {
        throw notFinite(numbers[place], range, place)
      }
      fill(&result) { [form, layout, rowCount] i in
        form.bytes(of: numbers[i * rowCount..<(i + 1) * rowCount], layout)
      }
    }
    return result
  }

  private func notFinite(_ number: Float, _ range: Range<Int>, _ place: Int) -> LockstepError {
    let name = if case .rows(let rows) = samples { rows.name } else { "" }
    return LockstepError(
      .data, name, expected: "numbers that a Float can hold",
      found: "\(number) in row \(range.lowerBound + place / max(rowCount, 1)), counted from 0",
      fix: "Leave such rows out, or put a number in its place")
  }

  private func fill(_ result: inout [Sample], _ body: @escaping (Int) throws -> [UInt8]) {
    result.withUnsafeMutableBufferPointer { result in
      let place = result
      team.split(place.count, pieces: 16) { range in
        for i in range {
          do { place[i] = .success(try body(i)) } catch {
            place[i] = .failure(
              error as? LockstepError ?? LockstepError(.failure, "a picture", found: "\(error)"))
          }
        }
      }
    }
  }
}

extension SampleForm {
  /// The bytes of a row as the dataset has them.
  func bytes(of row: ArraySlice<Float>, _ layout: RowLayout?) -> [UInt8] {
    switch self {
    case .pictures(let form):
      var form = form
      // Rows of digits were centred by whoever made them.
      form.isCentred = false
      return layout!.picture(row).prepared(as: form).planes
    case .numbers(let shape, let isOfBytes, let channelsAreLast):
      let ordered =
        channelsAreLast
        ? (0..<shape[2]).flatMap { c in
          stride(from: row.startIndex + c, to: row.endIndex, by: shape[2]).map { row[$0] }
        }
        : Array(row)
      return isOfBytes
        ? ordered.map { UInt8(min(max($0, 0), 255)) }
        : ordered.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
    }
  }
}
