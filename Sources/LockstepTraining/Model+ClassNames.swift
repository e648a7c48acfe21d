import LockstepData
import LockstepSupport

extension Model {
  /// A dataset's samples with the labels that this model has for classes of the same names. Where the names of either
  /// are not known, numbers decide, and the samples are returned as they are.
  ///
  /// - Throws: LockstepError (.data) naming `path` for samples of a class that the model does not have.
  public func matching(_ samples: Split, names: [String]?, path: String) throws -> Split {
    guard samples.targets == nil, let names, let classNames, names != Array(classNames.prefix(names.count))
    else { return samples }
    let numbers = names.map { name in classNames.firstIndex(of: name).map { Int32($0) } }
    let labels = try samples.labels.map { label in
      guard Int(label) < names.count else { return label }
      guard let number = numbers[Int(label)] else {
        throw LockstepError(
          .data, path, expected: "classes of the model: \(Self.list(classNames))",
          found: "samples of '\(names[Int(label)])'",
          fix: "Give a dataset of the model's classes, named alike")
      }
      return number
    }
    return Split(images: samples.images, labels: labels)
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? " and \(names.count - 12) more" : "")
  }
}
