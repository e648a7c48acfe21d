import LockstepData
import LockstepNetwork
import LockstepSupport
import LockstepTraining
import PlatformC

extension Model {
  /// The model as safetensors: tensors with PyTorch's names and layouts, the network and its input in the metadata.
  /// Equal models give equal bytes.
  public func safetensors() -> Safetensors {
    var metadata = [
      "format": "pt",
      "lockstep.classes": String(network.classes),
      "lockstep.input": network.inputShape.map(String.init).joined(separator: ","),
      "lockstep.network": LayerSpecification.text(of: network.specification),
      "lockstep.normalize": normalization.description,
    ]
    if let regression {
      metadata["lockstep.loss"] = regression.loss
      metadata["lockstep.targets"] = regression.scaling.text
    }
    if element != .uint8 { metadata["lockstep.element"] = "\(element)" }
    if let pictures { metadata["lockstep.pictures"] = pictures.text }
    if let classNames {
      metadata.merge(ImportRecord(pictures: nil, classes: classNames).metadata) { $1 }
    }
    return Safetensors(
      metadata: metadata,
      tensors: network.savedTensors.map {
        Safetensors.Tensor(name: $0.name, shape: $0.shape, values: parameters.values(of: $0))
      })
  }

  /// Writes the model as `safetensors`, whole or not at all. A run directory's is its `model.safetensors`.
  ///
  /// Throws `LockstepError` (failure) if the file cannot be written.
  public func write(to path: String) throws { try replaceFile(path, with: safetensors().serialized()) }

  /// Reads the `model.safetensors` at `path` or in the run directory `path`. Throws `LockstepError` (data).
  public init(path: String) throws {
    let file = isDirectory(path) ? path + "/model.safetensors" : path
    guard path == file || access(file, F_OK) == 0 || !RunDirectory.isRun(at: path) else {
      throw LockstepError(
        .data, file, expected: "the model of a finished run", found: "a run that is not finished",
        fix: "Go on with it by train --resume; evaluate takes its newest checkpoint")
    }
    try self.init(bytes: try readFile(file, limit: 1 << 36, kind: .data), path: file)
  }

  /// As above, for the file's bytes; `path` is for messages.
  public init(bytes: [UInt8], path file: String) throws {
    let safetensors = try Safetensors(bytes: bytes, path: file)
    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, file, expected: expected, found: found, fix: "Give a model.safetensors that Lockstep wrote")
    }
    func metadata(_ key: String) throws -> String {
      guard let value = safetensors.metadata["lockstep." + key] else {
        throw failure("metadata 'lockstep.\(key)'", "none")
      }
      return value
    }
    let shape = try metadata("input").split(separator: ",").map { Int($0) ?? 0 }
    guard !shape.isEmpty, shape.allSatisfy({ 1...1 << 20 ~= $0 }),
      shape.reduce(1.0, { $0 * Double($1) }) < 1e8
    else {
      throw failure("an input shape", "'\(try metadata("input"))'")
    }
    let layers = try LayerSpecification.list(metadata("network"), path: file)
    guard let normalization = Normalization(try metadata("normalize")), !layers.isEmpty else {
      throw failure("a normalization and layers", "'\(try metadata("normalize"))', \(layers.count) layers")
    }
    // The tensors already in memory bound the network, so that no text can make it allocate more.
    let present = safetensors.tensors.reduce(0) { $0 + $1.values.count }
    let classes = try Int(metadata("classes")) ?? 0
    let network: Network
    do {
      network = try Network(
        inputShape: shape, specification: layers, classes: classes, mostParameters: present)
    } catch let error as LockstepError {
      throw failure("layers that fit each other", error.description)
    }
    for tensor in network.savedTensors where safetensors[tensor.name]?.shape != tensor.shape {
      let found = safetensors[tensor.name].map { "shape \($0.shape)" } ?? "none"
      throw failure("tensor \(tensor.name) of shape \(tensor.shape)", found)
    }
    guard safetensors.tensors.count == network.savedTensors.count else {
      throw failure("\(network.savedTensors.count) tensors", "\(safetensors.tensors.count)")
    }
    let parameters = Parameters(network)
    for tensor in network.savedTensors {
      let values = safetensors[tensor.name]!.values
      if let odd = tensor.impossible(in: values) {
        throw failure("variances from 0 in \(tensor.name)", "\(odd)")
      }
      parameters.set(tensor, to: values)
    }
    try self.init(parameters: parameters, normalization: normalization)
    if let text = safetensors.metadata["lockstep.targets"] {
      guard let scaling = TargetScaling(text: text), scaling.columns == classes else {
        throw failure("a mean and a deviation for each of \(classes) targets", "'\(text.prefix(80))'")
      }
      regression = Regression(loss: try metadata("loss"), scaling: scaling)
    }
    if let loss = safetensors.metadata["lockstep.loss"],
      regression == nil || LossRegistry.isOfNumbers(loss) == false
    {
      throw failure("a loss of numbers beside 'lockstep.targets'", "'\(loss.prefix(80))'")
    }
    if let text = safetensors.metadata["lockstep.element"] {
      guard let element = IDXElement.allCases.first(where: { "\($0)" == text }) else {
        throw failure("a type of numbers", "'\(text)'")
      }
      self.element = element
    }
    if let text = safetensors.metadata["lockstep.pictures"] {
      guard let form = PictureForm(text: text) else { throw failure("a form of pictures", "'\(text)'") }
      pictures = form.shape == network.inputShape ? form : nil
    }
    guard let record = try ImportRecord(metadata: safetensors.metadata, path: file) else { return }
    guard record.classes.count == classes else {
      throw failure("\(classes) names of classes", "\(record.classes.count)")
    }
    adopt(record)
  }
}
