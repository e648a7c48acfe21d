import LockstepNetwork
import LockstepSupport
import LockstepTraining

/// Which module of the file is which layer of the network.
extension InitialWeights {
  /// A layer: "layers.0", and its tensors by the last part of their names, "weight" and "bias".
  typealias Module<Tensor> = (name: String, parts: [String: Tensor])

  /// The modules of tensors, in the order of their first tensor.
  static func modules<Tensor>(_ tensors: [Tensor], _ name: (Tensor) -> String) -> [Module<Tensor>] {
    var modules: [Module<Tensor>] = []
    for tensor in tensors {
      let (module, part) = split(name(tensor))
      if let index = modules.firstIndex(where: { $0.name == module }) {
        modules[index].parts[part] = tensor
      } else {
        modules.append((module, [part: tensor]))
      }
    }
    return modules
  }

  /// "layers.0" and "weight"
  private static func split(_ name: String) -> (String, String) {
    guard let dot = name.lastIndex(of: ".") else { return ("", name) }
    return (String(name[..<dot]), String(name[name.index(after: dot)...]))
  }

  /// The file's module for each layer of a network with blocks, whose paths, "3.body.0", tell layers better than their
  /// numbers: where the file has all of them behind one root, "layers." or "net." or none. Empty for others.
  static func byPath(_ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]) -> [String:
    String]
  {
    let names = Set(modules.map(\.name))
    let paths = layers.map { String($0.name.dropFirst("layers.".count)) }
    guard let first = paths.first, paths.contains(where: { $0.contains(".") }) else { return [:] }
    let roots = names.filter { $0.hasSuffix(first) }.map { String($0.dropLast(first.count)) }
    let root = roots.sorted().first { root in paths.allSatisfy { names.contains(root + $0) } }
    return root.map { root in
      Dictionary(uniqueKeysWithValues: zip(layers.map(\.name), paths.map { root + $0 }))
    } ?? [:]
  }

  /// The file's module for each layer, where the file numbers its modules as the network does, the first like the first
  /// and so on: "layers.0" as Lockstep writes it, "0" as an nn.Sequential does, "net.0" where that is an attribute. Of
  /// several such roots ("features.", "classifier."), the one with the most that fits. Where only some of the numbers
  /// are the same, it is by chance.
  static func byName(_ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]) -> [String:
    String]
  {
    let own = layers.map { Int($0.name.dropFirst("layers.".count)) }
    let choices = numbered(modules).filter { $0.root.isEmpty || $0.root.hasSuffix(".") }.compactMap {
      root, members in
      zip(own, members).allSatisfy({ $0 == $1.number })
        ? Dictionary(uniqueKeysWithValues: zip(layers.map(\.name), members.map(\.name))) : nil
    }
    return choices.max { count($0, layers, modules) < count($1, layers, modules) } ?? [:]
  }

  /// The file's module for each layer, where there are as many modules of one root ("net.1", "net.4"; "fc1", "fc2") as
  /// layers and all but perhaps the last, which may be for other classes, have their shapes: by their numbers.
  static func byOrder(_ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]) -> [String:
    String]
  {
    for (_, members) in numbered(modules) where members.count == layers.count {
      let pairs = Dictionary(uniqueKeysWithValues: zip(layers.map(\.name), members.map(\.name)))
      let body = Array(layers.dropLast())
      if count(pairs, body, modules) == body.reduce(0, { $0 + $1.parts.count }) { return pairs }
    }
    return [:]
  }

  /// The modules whose names end with a number, by what stands before it, in the order of the numbers.
  private static func numbered(_ modules: [Module<NamedTensor>]) -> [(
    root: String, members: [(number: Int, name: String)]
  )] {
    var roots: [String: [(number: Int, name: String)]] = [:]
    for module in modules {
      let digits = module.name.reversed().prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(String(digits.reversed())) else { continue }
      roots[String(module.name.dropLast(digits.count)), default: []].append((number, module.name))
    }
    return roots.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted { $0.number < $1.number }) }
  }

  /// The file's module for each layer that has tensors of the same shapes.
  ///
  /// Throws `LockstepError` (data) where several have.
  func byShape(_ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]) throws -> [String:
    String]
  {
    func shapes(_ parts: [String: [Int]]) -> String {
      parts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
    let needed = Dictionary(grouping: layers) { shapes($0.parts.mapValues(\.shape)) }
    let found = Dictionary(grouping: modules) { shapes($0.parts.mapValues(\.shape)) }
    var pairs: [String: String] = [:]
    for (shape, layers) in needed.sorted(by: { $0.key < $1.key }) {
      guard let modules = found[shape] else { continue }
      guard layers.count == 1, modules.count == 1 else {
        throw LockstepError(
          .data, path,
          expected: "modules named as the layers are (\(layers.map(\.name).joined(separator: ", ")))",
          found: "\(modules.map(\.name).joined(separator: ", ")) of the same shapes, \(shape)",
          fix: "Rename them in Python before safetensors.torch.save_file")
      }
      pairs[layers[0].name] = modules[0].name
    }
    return pairs
  }

  /// How many tensors of the network such pairs fill.
  static func count(
    _ pairs: [String: String], _ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]
  ) -> Int {
    layers.reduce(0) { count, layer in
      guard let module = modules.first(where: { $0.name == pairs[layer.name] }) else { return count }
      return count + layer.parts.count { module.parts[$0.key]?.shape == $0.value.shape }
    }
  }
}
