import LockstepSupport

/// Where a rank would take its data from.
package struct DataChoice: Equatable {
  /// `--data`; empty if it is not given.
  var flag: String
  /// The directory as named on this rank; empty if digits are synthesized.
  var named: String
  /// The same as an absolute path.
  var absolute: String
  /// Whether it exists.
  var isFound: Bool

  package init(flag: String?, source: DataSource, directory: String, isDirectory: (String) -> Bool) {
    self.flag = flag ?? ""
    named = if case .directory(let path) = source { path } else { "" }
    absolute = named.isEmpty || named.hasPrefix("/") ? named : "\(directory)/\(named)"
    isFound = isDirectory(absolute)
  }

  /// From another rank's `bytes`.
  package init(bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    (flag, named, absolute, isFound) = (parts[0], parts[1], parts[2], !parts[3].isEmpty)
  }

  /// Paths contain no zero byte.
  package var bytes: [UInt8] {
    Array([flag, named, absolute, isFound ? "found" : ""].joined(separator: "\0").utf8)
  }

  /// What this rank is to load where rank 0, on the host of this name, loads `first`.
  package func source(given first: DataChoice, host: String, isDirectory: (String) -> Bool) throws
    -> DataSource
  {
    if first.named.isEmpty {
      guard flag.isEmpty, named.isEmpty || !isFound else {
        throw LockstepError(
          .usage, flag.isEmpty ? "data" : "--data",
          expected: "none as on rank 0 on \(host), which finds no data and draws digits", found: "'\(named)'",
          fix: "Start every rank with --data")
      }
      return .synthetic(train: 60_000, test: 10_000)
    }
    if !flag.isEmpty, flag != first.flag { return .directory(named) }
    // If rank 0 lacks it too, rank 0 reports it.
    guard first.isFound else { return .directory(first.absolute) }
    // On another node the same name may lead there from another working directory, or a dataset's name to another
    // place. Where it is nowhere, rank 0 sends the data.
    let own = flag.isEmpty ? [] : [named]
    return .directory(([first.absolute, first.named] + own).first(where: isDirectory) ?? first.absolute)
  }
}
