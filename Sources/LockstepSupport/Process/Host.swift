import PlatformC

/// The machine that this process runs on.
package enum Host {
  /// Its name, as `hostname` prints it; of one line whatever it holds.
  package static var name: String {
    text { gethostname($0, $1) == 0 }
  }

  /// The processor's name by the system; "aarch64" or the like where it tells none.
  package static var processor: String {
    #if canImport(Darwin)
      let found = text {
        var size = $1
        return sysctlbyname("machdep.cpu.brand_string", $0, &size, nil, 0) == 0
      }
      if !found.isEmpty { return found }
    #else
      let beginning = beginning(of: "/proc/cpuinfo")
      for line in beginning.split(separator: UInt8(ascii: "\n")) where line.starts(with: "model name".utf8) {
        let name = line.drop { $0 != UInt8(ascii: ":") }.dropFirst().drop { $0 == UInt8(ascii: " ") }
        if !name.isEmpty { return String(decoding: name.prefix(100), as: UTF8.self) }
      }
    #endif
    var system = utsname()
    guard uname(&system) == 0 else { return "unknown" }
    return withUnsafeBytes(of: system.machine) { line(of: $0) }
  }

  /// Of a file that the system makes up, whose size it does not tell. Empty where it cannot be read.
  private static func beginning(of path: String) -> [UInt8] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
  }

  private static func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> Bool) -> String {
    var text = [CChar](repeating: 0, count: 256)
    guard text.withUnsafeMutableBufferPointer({ fill($0.baseAddress!, 255) }) else { return "" }
    return text.withUnsafeBytes { line(of: $0) }
  }

  private static func line(of bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
