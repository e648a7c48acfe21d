import LockstepSupport
import LockstepTraining
import PlatformC

extension Recipe {
  /// The shipped recipes by name: `recipes/NAME.yaml`, compiled into the binary, so that it has them wherever it is.
  private static let shippedFiles: [String: [UInt8]] = [
    "cnn-dropout-adam": PackageResources.cnn_dropout_adam_yaml,
    "mlp-512": PackageResources.mlp_512_yaml,
    "mlp-constant-high": PackageResources.mlp_constant_high_yaml,
    "mlp-constant-low": PackageResources.mlp_constant_low_yaml,
    "mlp-step-decay": PackageResources.mlp_step_decay_yaml,
    "mnist-99.4": PackageResources.mnist_99_4_yaml,
    "mnist-best": PackageResources.mnist_best_yaml,
    "mnist-fast": PackageResources.mnist_fast_yaml,
    "resnet-20": PackageResources.resnet_20_yaml,
    "softmax-regression": PackageResources.softmax_regression_yaml,
  ]

  /// Overrides this recipe's values by those of a YAML file, or of the shipped recipe of this name. Returns the names
  /// of its keys.
  ///
  /// Throws `LockstepError` (usage) naming the file and the key; if there is neither a file nor a recipe of the name,
  /// it names the shipped ones and the nearest.
  @discardableResult
  public mutating func apply(_ name: String) throws -> [String] {
    try apply(yaml: Self.bytes(of: name), path: name)
  }

  /// The bytes of a YAML file, or of the shipped recipe of this name. Throws as `apply` does.
  package static func bytes(of name: String) throws -> [UInt8] {
    let isFile = access(name, F_OK) == 0 && !isDirectory(name)
    if !isFile, let bytes = shippedFiles[name] { return bytes }
    // The name of a shipped recipe may have a point, too.
    if isFile || name.contains("/") || [".yaml", ".yml"].contains(where: name.hasSuffix) {
      return try readFile(name, limit: largestFile, kind: .usage)
    }
    let names = shippedFiles.keys.sorted()
    let nearest = suggestedName(for: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
    throw LockstepError(
      .usage, "--recipe", expected: "a YAML file or the name of a shipped recipe", found: "'\(name)'",
      fix: nearest + "Shipped are \(names.joined(separator: ", "))")
  }

  /// The shipped recipes in order of name, each with the first line of its file.
  public static var shipped: [(name: String, summary: String)] {
    shippedFiles.sorted { $0.key < $1.key }.map { name, bytes in
      let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      return (name, line.hasPrefix("# ") ? String(line.dropFirst(2)) : "")
    }
  }
}
