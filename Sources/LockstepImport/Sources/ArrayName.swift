/// What the name of an array says: `x_train` and `train_images` are pictures to train on, `y_test` labels of the test.
package struct ArrayName: Equatable {
  package enum Role { case images, labels }

  /// As it stands in the file.
  package let name: String
  /// The file to open, or the archive.
  package let file: String
  package let role: Role?
  package let half: ImportSource.Section.Half
  package let isValidation: Bool

  package init(_ name: String, file: String) {
    (self.name, self.file) = (name, file)
    let base = name.split(separator: "/").last?.lowercased().split(separator: ".").first ?? ""
    let words = Set(base.split { "_- ".contains($0) }.map(String.init))
    func has(_ candidates: String...) -> Bool { !words.isDisjoint(with: candidates) }
    if base == "arr_1" || has("y", "label", "labels", "target", "targets") {
      role = .labels
    } else {
      role =
        base == "arr_0" || has("x", "image", "images", "img", "imgs", "data", "features", "pixels")
        ? .images : nil
    }
    half = has("train", "training") ? .train : has("test", "testing", "t10k") ? .test : .whole
    isValidation = has("val", "valid", "validation", "dev")
  }
}
