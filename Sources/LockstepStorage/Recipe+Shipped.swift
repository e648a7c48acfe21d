import LockstepSupport
import LockstepTraining
import PlatformC

extension Recipe {
  /// The path of a recipe: `name` itself if it is a file, else that of the shipped recipe of this name.
  ///
  /// Throws `LockstepError` (usage) if there is neither, listing the shipped ones and suggesting the nearest.
  package static func path(for name: String) throws -> String {
    if name.contains("/") || name.contains(".") || access(name, F_OK) == 0 { return name }
    let directory = shippedDirectory
    let names = directory.map(recipeNames) ?? []
    if let directory, names.contains(name) { return "\(directory)/\(name).yaml" }
    let nearest = suggestedName(for: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
    throw LockstepError(
      .usage, "--recipe", expected: "a YAML file or the name of a shipped recipe", found: "'\(name)'",
      fix: names.isEmpty
        ? "The directory 'recipes' is not beside the binary: give a file"
        : nearest + "Shipped are \(names.sorted().joined(separator: ", "))")
  }

  /// The directory `recipes` in the binary's own directory or one above it (the repository that it was built in), or
  /// `share/lockstep/recipes` if it is installed.
  static var shippedDirectory: String? {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    #if os(Linux)
      guard readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 else { return nil }
    #else
      var size = UInt32(PATH_MAX)
      guard _NSGetExecutablePath(&path, &size) == 0 else { return nil }
    #endif
    var parts = String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: "/").dropLast()
    while !parts.isEmpty {
      let base = "/" + parts.joined(separator: "/")
      for candidate in ["\(base)/recipes", "\(base)/share/lockstep/recipes"] where isDirectory(candidate) {
        return candidate
      }
      parts = parts.dropLast()
    }
    return nil
  }

  /// The shipped recipes by name, each with the first line of its file.
  package static var shipped: [(name: String, summary: String)] {
    guard let directory = shippedDirectory else { return [] }
    return recipeNames(in: directory).sorted().map { name in
      let bytes = (try? readFile("\(directory)/\(name).yaml", limit: largestFile, kind: .usage)) ?? []
      let line = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
      return (name, line.hasPrefix("# ") ? String(line.dropFirst(2)) : "")
    }
  }

  private static func recipeNames(in directory: String) -> [String] {
    fileNames(in: directory).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
  }
}
