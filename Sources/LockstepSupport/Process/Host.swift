import PlatformC

/// The machine that this process runs on.
package enum Host {
  /// Its name, as `hostname` prints it; of one line whatever it holds.
  package static var name: String {
    var name = [UInt8](repeating: 0, count: 256)
    _ = name.withUnsafeMutableBytes { gethostname($0.bindMemory(to: CChar.self).baseAddress!, 255) }
    return String(decoding: name.prefix { $0 != 0 && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
