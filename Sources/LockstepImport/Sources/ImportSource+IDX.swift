import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport

extension ImportSource {
  /// Of IDX files, as torchvision leaves them (`MNIST/raw`): nil where there are none. Their samples are read as
  /// training reads them, so that all its checks are made.
  static func idx(_ path: String) throws -> ImportSource? {
    guard holdsIDX(path, depth: 2) else { return nil }
    let dataset = try Dataset.load(directory: path, collective: SingleProcess())
    guard dataset.targetColumns == nil else {
      throw LockstepError(
        .data, dataset.name, expected: "labels that are classes", found: "numbers, of type float",
        fix: "lockstep train --loss mse takes the files as they are")
    }
    let sections = try [(Section.Half.train, dataset.train), (.test, dataset.test)].compactMap {
      half, split in
      try split.count == 0 ? nil : section(half, split, "\(dataset.name): images")
    }
    let record = try ImportRecord(directory: dataset.name)
    let names = (record?.classes ?? []).prefix(dataset.classes)
    let classes = names + (names.count..<dataset.classes).map(String.init)
    return ImportSource(
      kind: "IDX files", sections: sections, classes: Array(classes), notes: dataset.notes,
      pictures: record?.pictures)
  }

  private static func section(_ half: Section.Half, _ split: Split, _ name: String) throws -> Section {
    let array = NumberArray(split.images, name: name)
    return Section(
      half: half, labels: split.labels, samples: .rows(try array.rows(shape: split.images.shape)))
  }

  private static func holdsIDX(_ path: String, depth: Int) -> Bool {
    let names = fileNames(in: path).filter { !$0.hasPrefix(".") }
    if names.contains(where: { $0.contains("-images") && $0.contains("idx") }) { return true }
    // Class folders may be thousands of files.
    return depth > 0 && names.count < 100 && names.contains { holdsIDX("\(path)/\($0)", depth: depth - 1) }
  }
}
