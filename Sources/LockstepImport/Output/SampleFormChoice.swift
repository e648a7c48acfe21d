import LockstepData
import LockstepSupport

/// Decides what all samples become, by the options and by what the source has.
struct SampleFormChoice {
  private let options: ImportOptions
  private let note: (String) -> Void
  /// Pictures that are looked at to find out whether there are colours.
  private static let sample = 64

  init(_ options: ImportOptions, note: @escaping (String) -> Void) {
    (self.options, self.note) = (options, note)
  }

  func form(of source: ImportSource) throws -> SampleForm {
    var forms: [SampleForm] = []
    for section in source.sections {
      switch section.samples {
      case .files(let paths):
        if forms.isEmpty, !paths.isEmpty { forms.append(.pictures(try pictureForm(paths))) }
      case .rows(let rows): forms.append(try SampleForm(rows, options))
      }
    }
    guard !forms.isEmpty else {
      throw LockstepError(
        .data, options.source, expected: "pictures or rows of numbers", found: "none",
        fix: "Give a folder that has a folder of pictures for each class")
    }
    guard let other = forms.first(where: { $0 != forms[0] }) else { return forms[0] }
    throw LockstepError(
      .data, options.source,
      expected: "samples to test with like those to train on, \(forms[0].summary)", found: other.summary,
      fix: "Take both from the same dataset" + (forms[0].isOfPictures ? ", or give --size" : ""))
  }

  /// By pictures from all over the list: the first that can be read has the size, one with colours decides for colours.
  private func pictureForm(_ paths: [String]) throws -> PictureForm {
    var size = options.size
    var hasColour = false
    var failure: (any Error)?
    var seen: Set<[Int]> = []
    for place in 0..<min(Self.sample, paths.count) {
      let path = paths[place * paths.count / min(Self.sample, paths.count)]
      do {
        let picture = try Picture(path: path)
        seen.insert([picture.height, picture.width])
        hasColour = hasColour || picture.hasColour
      } catch { failure = error }
    }
    if size == nil {
      guard let first = seen.first else { throw failure! }
      guard seen.count == 1 else {
        let sizes = seen.map { "\($0[0])x\($0[1])" }.sorted()
        throw LockstepError(
          .data, options.source, expected: "pictures of one size, or --size",
          found: sizes.prefix(8).joined(separator: ", "),
          fix: "Give the size to scale them to, such as --size 28x28")
      }
      size = (first[0], first[1])
    }
    var form = PictureForm(
      height: size!.height, width: size!.width, channels: options.channels ?? (hasColour ? 3 : 1))
    (form.isInverted, form.isCentred) = (options.inverts && !options.centres, options.centres)
    guard !form.isCentred || form.channels == 1 else {
      throw LockstepError(
        .usage, "--centre", expected: "grey pictures", found: "colours",
        fix: "Give --grey too, or leave --centre out")
    }
    return form
  }
}
