/// Identifies this program: all ranks of a job must run the same build.
public enum Build {
  /// The release.
  public static let version = "0.1.0"
  /// The version of the numerical contract (docs/design.md, 1): raised when the same recipe, seed and dataset give
  /// other bits.
  public static let contract = 1

  /// A digest of the executable; 0 if the system does not expose it.
  package static let digest: UInt64 = {
    guard let bytes = try? readFile("/proc/self/exe", limit: 1 << 32, kind: .failure) else { return 0 }
    return UInt64(truncatingIfNeeded: bytes.count) << 32
      | UInt64(bytes.withUnsafeBytes { Checksum.crc($0, after: 0) })
  }()
}
