/// What this program is. Ranks of one job must be the same.
public enum Build {
  public static let version = "0.1.0"
  /// Of the numerical contract (docs/design.md, 1): rises where an equal recipe, seed and dataset give other bits.
  public static let contract = 1

  /// A digest of the program's file; 0 where the system does not show it.
  public static let digest: UInt64 = {
    guard let bytes = try? readFile("/proc/self/exe", limit: 1 << 32, kind: .failure) else { return 0 }
    return UInt64(truncatingIfNeeded: bytes.count) << 32
      | UInt64(bytes.withUnsafeBytes { Checksum.crc($0, after: 0) })
  }()
}
