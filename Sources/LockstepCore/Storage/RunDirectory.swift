#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run leaves behind: `config.yaml`, `metrics.jsonl`, `model.safetensors`. Only rank 0 makes one.
public final class RunDirectory {
  public let path: String

  /// Creates the directory. Throws where it holds a run already, which must not be lost.
  public init(creating path: String) throws {
    self.path = path
    try createDirectories(path)
    for name in ["metrics.jsonl", "model.safetensors"] where access("\(path)/\(name)", F_OK) == 0 {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new directory", found: "a run (\(name))",
        fix: "Choose another --output, or remove that one")
    }
  }

  /// "runs/mlp-20261120-235959": the default for a run that starts now.
  public static func defaultPath(for recipe: Recipe) -> String {
    var now = time(nil)
    var calendar = tm()
    localtime_r(&now, &calendar)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%d-%H%M%S", &calendar)
    let stamp = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let base = "runs/\(recipe.model.rawValue)-\(stamp)"
    // Two runs may start within a second.
    return (1...).lazy.map { $0 == 1 ? base : "\(base)-\($0)" }.first { access($0, F_OK) != 0 }!
  }

  public func write(_ recipe: Recipe) throws {
    try replaceFile("\(path)/config.yaml", with: Array(recipe.yaml().utf8))
  }

  public func write(_ model: Model) throws {
    try replaceFile("\(path)/model.safetensors", with: model.safetensors().serialized())
  }

  public func openMetrics(logEvery: Int) throws -> MetricsLog {
    try MetricsLog(path: "\(path)/metrics.jsonl", logEvery: logEvery)
  }
}
