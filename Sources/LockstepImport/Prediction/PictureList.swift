import LockstepSupport

/// Picture files that a user names: files, folders of them, and lists on standard input.
public enum PictureList {
  /// The files of some arguments in their order, those of folders by name.
  ///
  /// - Throws: LockstepError (data) for a folder that cannot be read or has no picture.
  public static func files(_ arguments: [String], standardInput: () -> String?) throws -> [String] {
    var files: [String] = []
    for argument in arguments {
      if argument == "-" {
        while let line = standardInput() { if !line.isEmpty { files.append(line) } }
      } else if isDirectory(argument) {
        let own = try ClassFolders.pictures(in: argument)
        guard !own.isEmpty else {
          throw LockstepError(
            .data, argument, expected: "pictures (.png, .jpg)", found: "none in this folder or those below",
            fix: "Name the files")
        }
        files += own
      } else {
        files.append(argument)
      }
    }
    return files
  }

  /// The class of a file in a folder that has a class's name.
  public static func label(of file: String, classNames: [String]) -> Int? {
    let folders = file.split(separator: "/").dropLast()
    return folders.last.flatMap { folder in classNames.firstIndex { $0 == folder } }
  }

  /// The numbers in "3", "0,5" or "10-19"; nil for anything else.
  public static func numbers(_ text: String) -> [Int]? {
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
      guard 1...2 ~= ends.count, let first = ends.first, let last = ends.last, first >= 0, last >= first,
        last - first < 1_000_000
      else { return nil }
      numbers += first...last
    }
    return numbers
  }
}
