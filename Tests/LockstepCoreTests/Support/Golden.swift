import Foundation

/// Values that a script in Tests/Golden computed with PyTorch.
enum Golden {
  static func load<T: Decodable>(_ name: String) throws -> T {
    let tests = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      T.self, from: Data(contentsOf: tests.appendingPathComponent("Golden/\(name)")))
  }

  /// `number` of layers.py: one of `levels` values around 0.
  static func number(_ stream: Int, _ index: Int, levels: Int = 257) -> Float {
    var h = UInt32(truncatingIfNeeded: index &* 2_654_435_761 &+ stream &* 40503 &+ 1)
    h = (h ^ h >> 15) &* 0x2C1B_3C6D
    h ^= h >> 12
    return Float(Int(h >> 8) % levels - levels / 2) / (levels > 3 ? Float(levels / 2) : 1)
  }

  static func numbers(_ stream: Int, count: Int, levels: Int = 257) -> [Float] {
    (0..<count).map { number(stream, $0, levels: levels) }
  }
}
