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

  /// The file's module for each layer, where the file numbers its modules as the network does: "layers.0" as Lockstep
  /// writes it, "0" as an nn.Sequential does, "net.0" where that is an attribute. Of several such roots ("features.",
  /// "classifier."), the one with the most that fits.
  static func byName(_ layers: [Module<ParameterTensor>], _ modules: [Module<NamedTensor>]) -> [String:
    String]
  {
    let roots = Set(
      modules.compactMap { module in
        let number = module.name.split(separator: ".").last ?? ""
        return Int(number) == nil ? nil : String(module.name.dropLast(number.count))
      })
    let choices = roots.sorted().map { root in
      var pairs: [String: String] = [:]
      for layer in layers {
        let name = root + layer.name.dropFirst("layers.".count)
        if modules.contains(where: { $0.name == name }) { pairs[layer.name] = name }
      }
      return pairs
    }
    return choices.max { count($0, layers, modules) < count($1, layers, modules) } ?? [:]
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
