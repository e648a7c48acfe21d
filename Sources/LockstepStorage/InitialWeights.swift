import LockstepData
import LockstepNetwork
import LockstepSupport
import LockstepTraining

/// Weights to start a training from: another run's, or those that PyTorch saved with safetensors. What belongs to which
/// layer is decided by the names, where the file numbers its layers as the network does, else by their order, else by
/// the shapes.
package struct InitialWeights {
  let path: String
  let file: Safetensors

  /// The bytes of the file, or of a run's model. Throws `LockstepError` (data).
  package static func read(_ path: String) throws -> [UInt8] {
    try readFile(isDirectory(path) ? path + "/model.safetensors" : path, limit: 1 << 36, kind: .data)
  }

  /// Throws `LockstepError` (data) naming `path` for bytes that are no safetensors file.
  package init(bytes: [UInt8], path: String) throws {
    if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) || bytes.starts(with: [0x80, 2]) {
      throw LockstepError(
        .data, path, expected: "a safetensors file", found: "a pickle, as torch.save writes",
        fix: "In Python, safetensors.torch.save_file(model.state_dict(), FILE) writes one")
    }
    self.path = path
    var file = try Safetensors(bytes: bytes, path: path, converts: true)
    // PyTorch counts batches where running statistics have no momentum.
    file.tensors.removeAll { $0.name.hasSuffix("num_batches_tracked") }
    self.file = file
  }

  /// How samples were normalized, where Lockstep wrote the file.
  package var normalization: Normalization? {
    file.metadata["lockstep.normalize"].flatMap { Normalization($0) }
  }

  /// What a network takes from the file.
  package struct Fit {
    package var tensors: [(ParameterTensor, [Float])] = []
    /// "fc1 is layers.0, fc2 is layers.2", where the names say something else.
    package var renamed: [String] = []
    /// Tensors of the network that are not in the file, or have another shape there.
    package var missing: [String] = []
    /// Layers of the file that the network has no place for.
    package var unused: [String] = []
  }

  /// Throws `LockstepError` (data) if nothing fits, if several layers could be meant, or for a number that is not
  /// finite.
  package func fit(to network: Network) throws -> Fit {
    let (layers, modules) = (Self.modules(network.savedTensors, \.name), Self.modules(file.tensors, \.name))
    var pairs = [Self.byName(layers, modules), Self.byOrder(layers, modules)].max {
      Self.count($0, layers, modules) < Self.count($1, layers, modules)
    }!
    let paths = Self.byPath(layers, modules)
    if !paths.isEmpty { pairs = paths }
    let named = Self.count(pairs, layers, modules)
    if paths.isEmpty, named < network.savedTensors.count {
      // What names have found needs no shapes that tell layers apart.
      let others = named == 0 ? try byShape(layers, modules) : (try? byShape(layers, modules)) ?? [:]
      if Self.count(others, layers, modules) > named { pairs = others }
    }
    var fit = Fit()
    for (name, parts) in layers {
      guard let module = pairs[name].flatMap({ key in modules.first { $0.name == key } }) else {
        fit.missing.append("\(name): none in the file")
        continue
      }
      if module.name != name { fit.renamed.append("\(module.name) is \(name)") }
      for (part, tensor) in parts.sorted(by: { $0.key < $1.key }) {
        guard let found = module.parts[part], found.shape == tensor.shape else {
          let shape = module.parts[part].map { "\($0.shape) in the file" } ?? "none in the file"
          fit.missing.append("\(tensor.name): \(shape), \(tensor.shape) here")
          continue
        }
        try requireFinite(found)
        if let odd = tensor.impossible(in: found.values) {
          throw LockstepError(.data, path, expected: "variances from 0 in \(found.name)", found: "\(odd)")
        }
        fit.tensors.append((tensor, found.values))
      }
    }
    fit.tensors.sort { $0.0.name < $1.0.name }
    fit.missing.sort()
    fit.unused = modules.map(\.name).filter { !pairs.values.contains($0) }
    guard !fit.tensors.isEmpty else { throw nothingFits(network) }
    return fit
  }

  private func requireFinite(_ tensor: NamedTensor) throws {
    guard let odd = tensor.values.first(where: { !$0.isFinite }) else { return }
    throw LockstepError(
      .data, path, expected: "finite weights in \(tensor.name)", found: "\(odd)",
      fix: "Save the model from before it diverged")
  }

  private func nothingFits(_ network: Network) -> LockstepError {
    func list(_ tensors: [(name: String, shape: [Int])]) -> String {
      tensors.prefix(6).map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
        + (tensors.count > 6 ? " and \(tensors.count - 6) more" : "")
    }
    return LockstepError(
      .data, path,
      expected: "weights of this network: \(list(network.savedTensors.map { ($0.name, $0.shape) }))",
      found: file.tensors.isEmpty ? "none" : list(file.tensors.map { ($0.name, $0.shape) }),
      fix: "Choose the network that the file was saved from with --model, --hidden or --network")
  }
}
