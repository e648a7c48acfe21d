import LockstepData
import LockstepSupport

/// What the samples of a dataset become.
enum SampleForm: Equatable {
  /// Pictures of bytes.
  case pictures(PictureForm)
  /// Rows of numbers as they are, of this shape; with channels in the last place they are moved to the first.
  case numbers(shape: [Int], isOfBytes: Bool, channelsAreLast: Bool)

  /// The shape of a sample in the dataset.
  var shape: [Int] {
    switch self {
    case .pictures(let form): form.shape
    case .numbers(let shape, _, let isLast): isLast ? [shape[2], shape[0], shape[1]] : shape
    }
  }

  var element: IDXElement {
    if case .numbers(_, false, _) = self { return .float32 }
    return .uint8
  }

  var isOfPictures: Bool { if case .pictures = self { true } else { false } }

  /// For people: "pictures, 28x28 grey", "float32 numbers of [784]".
  var summary: String {
    if case .pictures(let form) = self { "pictures, \(form.text)" } else { "\(element) numbers of \(shape)" }
  }

  var byteCount: Int { shape.reduce(element.byteCount, *) }

  /// For rows of numbers.
  ///
  /// - Throws: LockstepError: data for dimensions that are neither pictures nor vectors, usage for options of pictures
  ///   where there are none.
  init(_ rows: ImportSource.Rows, _ options: ImportOptions) throws {
    let layout = try RowLayout(rows, size: options.size)
    guard rows.isOfBytes, let layout, layout.isPicture else {
      guard !options.changesPictures else {
        throw LockstepError(
          .usage, "--size, --grey, --rgb, --invert, --centre", expected: "pictures of bytes from 0 to 255",
          found: "\(rows.name), \(rows.isOfBytes ? "vectors of \(rows.shape)" : "numbers that are no bytes")",
          fix: "Leave these options out, or save the pictures as uint8")
      }
      let shape = layout.map { $0.channels == 1 ? [$0.height, $0.width] : rows.shape } ?? rows.shape
      self = .numbers(
        shape: shape, isOfBytes: rows.isOfBytes,
        channelsAreLast: layout?.channelsAreLast == true && shape.count == 3)
      return
    }
    var form = PictureForm(
      height: options.size?.height ?? layout.height, width: options.size?.width ?? layout.width,
      channels: options.channels ?? layout.channels)
    (form.isInverted, form.isCentred) = (options.inverts && !options.centres, options.centres)
    self = .pictures(form)
  }

  /// What is to be recorded: what is done now, after what was done `before`; nil if the samples are no pictures.
  ///
  /// - Throws: LockstepError (usage) for `--invert` of centred pictures, which a form cannot express.
  func recorded(after before: PictureForm?) throws -> PictureForm? {
    guard case .pictures(var form) = self else { return nil }
    guard let before else { return form }
    guard !(form.isInverted && before.isCentred) else {
      throw LockstepError(
        .usage, "--invert", expected: "pictures that are not centred, bright on dark", found: before.text,
        fix: "Leave --invert out")
    }
    form.isCentred = form.isCentred || before.isCentred
    form.isInverted = !form.isCentred && form.isInverted != before.isInverted
    form.isTransposed = before.isTransposed
    return form
  }
}

/// How the numbers of a row lie in a picture.
struct RowLayout: Equatable {
  var height: Int
  var width: Int
  var channels: Int
  var channelsAreLast: Bool
  /// Whether the row has the shape of a picture or is known to be one.
  var isPicture = true

  /// nil for vectors.
  ///
  /// - Throws: LockstepError (.data) for dimensions that mean nothing.
  init?(_ rows: ImportSource.Rows, size: (height: Int, width: Int)?) throws {
    let shape = rows.shape
    (height, width, channels, channelsAreLast) = (0, 0, 1, false)
    switch shape.count {
    case 2: (height, width) = (shape[0], shape[1])
    case 3 where shape[2] == 1 || shape[2] == 3 && shape[0] != 3:
      (height, width, channels, channelsAreLast) = (shape[0], shape[1], shape[2], shape[2] == 3)
    case 3 where shape[0] == 1 || shape[0] == 3: (channels, height, width) = (shape[0], shape[1], shape[2])
    case 0, 1:
      let count = shape.first ?? 1
      if let size, size.height * size.width == count {
        (height, width) = (size.height, size.width)
      } else if rows.isOfBytes || rows.namesPixels, let side = PictureSize.side(ofSquare: count) {
        (height, width) = (side, side)
      } else {
        return nil
      }
    default:
      throw LockstepError(
        .data, rows.name,
        expected: "samples of [features], [height, width], [height, width, 3] or [3, height, width]",
        found: "\(shape)", fix: "Save grey pictures or pictures of three channels")
    }
  }

  /// The picture of a row's numbers, whole ones from 0 to 255.
  func picture(_ numbers: ArraySlice<Float>) -> Picture {
    let bytes = numbers.map { UInt8(min(max($0, 0), 255)) }
    if channels == 1 || channelsAreLast {
      return Picture(width: width, height: height, channels: channels, pixels: bytes)
    }
    return Picture(planes: bytes, channels: channels, height: height, width: width)
  }
}
