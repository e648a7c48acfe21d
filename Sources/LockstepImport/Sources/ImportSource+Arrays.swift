import LockstepData
import LockstepSupport

extension ImportSource {
  /// Of numpy's .npz: arrays by the names that Keras, MedMNIST and numpy.savez give them.
  package static func archive(_ archive: ZipArchive) throws -> ImportSource {
    let entries = archive.names.filter { $0.hasSuffix(".npy") }
    guard !entries.isEmpty else {
      throw LockstepError(
        .data, archive.path, expected: "numpy arrays, as in an .npz", found: "a zip archive of other files",
        fix: "Unpack it and give the folder")
    }
    return try arrays(entries.map { ArrayName($0, file: archive.path) }, in: archive.path, archive: archive)
  }

  /// A .npy file of images, with that of its labels beside it.
  static func pair(_ path: String) throws -> ImportSource {
    let folder = path.contains("/") ? String(path[...path.lastIndex(of: "/")!]) : "./"
    let own = ArrayName(String(path.split(separator: "/").last!), file: path)
    guard own.role == .images else {
      throw LockstepError(
        .data, path, expected: "the array of the images, such as x_train.npy", found: "'\(own.name)'",
        fix: "Name images and labels as x_train.npy and y_train.npy, and give the images or their folder")
    }
    let others = try ClassFolders.list(folder).filter { $0.hasSuffix(".npy") }.sorted().map {
      ArrayName($0, file: folder + $0)
    }
    return try arrays(
      [own] + others.filter { $0.role == .labels && $0.half == own.half && !$0.isValidation }, in: folder)
  }

  static func arrays(_ names: [ArrayName], in place: String, archive: ZipArchive? = nil) throws
    -> ImportSource
  {
    var notes: [String] = []
    var parts = names.filter { $0.role != nil }
    if parts.contains(where: \.isValidation), parts.contains(where: { $0.half == .train }) {
      let hasTest = parts.contains { $0.half == .test }
      if hasTest {
        notes.append(
          "the validation images are left out: train --validation-split takes some of those to train on")
      }
      parts = parts.filter { !$0.isValidation || !hasTest }
    }
    let images = parts.filter { $0.role == .images }
    guard !images.isEmpty else {
      throw LockstepError(
        .data, place,
        expected: "arrays with names such as x_train and y_train, or train_images and train_labels",
        found: names.prefix(8).map(\.name).joined(separator: ", "), fix: "Save them again under such names")
    }
    let halves = images.map { $0.isValidation ? .test : $0.half }
    try requireHalves(halves, names: images.map(\.name), in: place)
    let sections = try zip(images, halves).map { image, half in
      let labels = parts.filter {
        $0.role == .labels && $0.half == image.half && $0.isValidation == image.isValidation
      }
      guard labels.count == 1 else {
        throw LockstepError(
          .data, place, expected: "one array of labels for \(image.name)",
          found: labels.isEmpty
            ? "none among \(names.map(\.name).joined(separator: ", "))" : "\(labels.map(\.name))",
          fix: "Save the labels as \(image.half == .test ? "y_test" : "y_train")")
      }
      return try section(half, open(image, archive), labels: open(labels[0], archive))
    }
    return ImportSource(kind: "numpy arrays", sections: sections, classes: numbered(sections), notes: notes)
  }

  private static func open(_ name: ArrayName, _ archive: ZipArchive?) throws -> NumberArray {
    if let archive, let entry = archive.names.firstIndex(of: name.name) {
      return try NumberArray(numpy: "\(archive.path): \(name.name)", byteCount: archive.size(of: entry)) {
        try archive.stream(of: entry)
      }
    }
    return try NumberArray(numpy: name.file, byteCount: FileStream(path: name.file).count) {
      try FileStream(path: name.file)
    }
  }

  static func section(_ half: Section.Half, _ images: NumberArray, labels: NumberArray) throws -> Section {
    let classes = try labels.classes()
    guard classes.count == images.count else {
      throw LockstepError(
        .data, labels.name, expected: "\(images.count) labels, one for each image", found: "\(classes.count)",
        fix: "Take images and labels from the same dataset")
    }
    return Section(
      half: half, labels: classes, samples: .rows(try images.rows(shape: Array(images.shape.dropFirst()))))
  }
}
