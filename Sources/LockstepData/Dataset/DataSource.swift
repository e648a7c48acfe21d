import LockstepRanks
import LockstepSupport
import PlatformC

/// Where a run's dataset comes from.
public enum DataSource: Equatable, Sendable {
  /// A directory of IDX files.
  case directory(String)
  /// Digits drawn by the program itself, so that a first run needs no download.
  case synthetic(train: Int, test: Int)

  /// Where this process finds data: `flag` if given, else `$LOCKSTEP_DATA`, else `data/mnist`, where
  /// scripts/fetch-data puts it, else synthesized digits (60,000 and 10,000). Flag and variable name a directory or a
  /// dataset (`fashion-mnist`).
  public static func resolve(flag: String?) -> DataSource {
    let variable = getenv("LOCKSTEP_DATA").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    if let flag {
      return .directory(NamedDataset.directory(of: flag, beside: variable, isDirectory: isDirectory))
    }
    if let variable { return .directory(NamedDataset.directory(of: variable, isDirectory: isDirectory)) }
    return isDirectory("data/mnist") ? .directory("data/mnist") : .synthetic(train: 60_000, test: 10_000)
  }

  /// Where rank 0 finds data, for all ranks; whatever directories and variables others have. Only a rank with a
  /// `--data` of its own takes that. Collective.
  ///
  /// Throws on all ranks alike where rank 0 finds none and another rank does.
  public static func resolve(flag: String?, collective: any Collective) throws -> DataSource {
    let own = resolve(flag: flag)
    let choice = DataChoice(flag: flag, source: own, directory: workingDirectory, isDirectory: isDirectory)
    let first = DataChoice(bytes: try collective.broadcast(choice.bytes, from: 0))
    let host = try collective.broadcast(collective.hostName, from: 0)
    return try collective.together {
      if flag?.isEmpty == true { throw DatasetFolder.noName }
      if collective.rank == 0 { return own }
      return try choice.source(given: first, host: host, isDirectory: isDirectory)
    }
  }

  private static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return String(cString: path)
  }

  /// Loads or draws the dataset, one copy a node. Collective. Throws as `Dataset.load` and `Dataset.synthetic` do.
  public func load(
    for purpose: Dataset.Purpose = .training, collective: any Collective, team: ThreadTeam
  ) throws -> Dataset {
    switch self {
    case .directory(let path):
      return try Dataset.load(directory: path, for: purpose, collective: collective)
    case .synthetic(let train, let test):
      guard purpose == .selection else {
        return try Dataset.synthetic(train: train, test: test, collective: collective, team: team)
      }
      let drawn = try Dataset.synthetic(train: train, test: 1, collective: collective, team: team)
      return try collective.together { try Dataset(train: drawn.train, name: drawn.name) }
    }
  }
}

extension Dataset {
  /// Draws `train` and `test` digits of 28x28 bytes in 10 classes, of seed 1, into memory that the node's ranks share;
  /// each rank draws its share. Collective. Throws on all ranks alike for a count outside of 1 to 2^32 - 1 (usage), or
  /// without room for the memory (failure).
  public static func synthetic(
    train: Int, test: Int, collective: any Collective, team: ThreadTeam
  ) throws -> Dataset {
    func split(_ kind: SyntheticDigits.Split, count: Int) throws -> Split {
      guard 1...SyntheticDataset.largest ~= count else {
        throw LockstepError(
          .usage, "digits", expected: "a number from 1 to \(SyntheticDataset.largest)", found: "\(count)")
      }
      let pixels = SyntheticDigits.side * SyntheticDigits.side
      let memory = try collective.together {
        try collective.allocateShared(byteCount: count * (pixels + 1))
      }
      let digits = SyntheticDigits(seed: 1, split: kind)
      let (rank, ranks, threads) = (collective.nodeRank, collective.nodeSize, team.count)
      let bytes = memory.bytes.bindMemory(to: UInt8.self)
      team.split(threads) { thread in
        let own = Share(index: rank * threads + thread.lowerBound, count: ranks * threads)
        for index in own.range(of: count) {
          let image = UnsafeMutableBufferPointer(rebasing: bytes[index * pixels..<(index + 1) * pixels])
          bytes[count * pixels + index] = digits.draw(index, into: image)
        }
      }
      try collective.nodeBarrier()
      let header = try IDXHeader(
        element: .uint8, dimensions: [count, SyntheticDigits.side, SyntheticDigits.side],
        path: "synthesized digits")
      return Split(
        images: SampleTable(
          header: header,
          bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory.bytes)[..<(count * pixels)]),
          owner: memory),
        labels: (0..<count).map { Int32(bytes[count * pixels + $0]) })
    }
    return try Dataset(
      train: split(.train, count: train), test: split(.test, count: test), name: "synthesized digits")
  }
}
