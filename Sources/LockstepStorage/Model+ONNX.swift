import LockstepData
import LockstepNetwork
import LockstepSupport
import LockstepTraining

/// What an exported model's `input` holds: F32 either way.
public enum ExportedInput: String, CaseIterable, Sendable {
  /// Pixels from 0 to 255, as in files of bytes: the graph divides them by 255.
  case bytes
  /// Numbers as normalization takes them: pixels from 0 to 1, or those of a dataset of other numbers.
  case numbers

  /// For people: what to feed.
  public var summary: String {
    self == .bytes ? "pixels from 0 to 255" : "pixels from 0 to 1, or numbers of another dataset as they are"
  }

  fileprivate var element: IDXElement { self == .bytes ? .uint8 : .float32 }
}

extension Model {
  /// The shape of an exported model's input, for people: "[batch, 1, 28, 28]".
  public var exportedShape: String {
    "[" + (["batch"] + network.input.shape.map(String.init)).joined(separator: ", ") + "]"
  }

  /// What it gives, for people.
  public var exportedOutputs: String {
    regression == nil
      ? "logits and probabilities of \(network.classes) classes"
      : "\(network.classes) value\(network.classes == 1 ? "" : "s")"
  }

  /// The model as an ONNX file. Of a batch of any size it takes `input`, F32 of `[batch, channels, height, width]` or
  /// `[batch, features]`, and gives `logits` and `probabilities`, F32 of `[batch, classes]`, or where labels were
  /// numbers `values`, F32 of `[batch, columns]` in the unit of the targets. The normalization is in the graph,
  /// dropout is not. `recipe`, where it is known, goes into the metadata. Equal models give equal bytes.
  ///
  /// Throws `LockstepError` (data) about `path` for a model that is too large for such a file.
  public func onnx(_ input: ExportedInput, recipe: String? = nil, path: String) throws -> [UInt8] {
    try ONNXFile.requireRoom(for: network, path: path)
    var file = ONNXFile()
    let gives =
      regression == nil
      ? "logits, one a class, and probabilities, their softmax. The metadata has the names of the classes"
      : "values, in the unit of the targets"
    file.description = """
      A network that Lockstep \(Build.version) trained. Feed input, \(exportedShape), with \(input.summary): it is \
      normalized here. Get \(gives).
      """
    file.outputs = regression == nil ? ["logits", "probabilities"] : ["values"]
    file.metadata = [
      "lockstep.input": input.summary,
      "lockstep.network": LayerSpecification.text(of: network.specification),
      "lockstep.normalize": normalization.description,
      "lockstep.version": Build.version,
      "lockstep.weights": parameters.digest.hexadecimal,
    ]
    if let regression {
      file.metadata["lockstep.loss"] = regression.loss
    } else {
      let names = classNames ?? (0..<network.classes).map(String.init)
      file.metadata["classes"] = "[" + names.map(jsonString).joined(separator: ", ") + "]"
    }
    file.metadata["lockstep.recipe"] = recipe
    file.metadata["lockstep.pictures"] = pictures?.text
    let (scale, shift) = normalization.affine(for: input.element)
    let graph = network.operatorGraph(scale: scale, shift: shift, targets: regression?.scaling)
    if let layer = graph.refused {
      throw LockstepError(
        .data, path, expected: "layers that ONNX has operators for", found: "'\(layer)', which is your own")
    }
    return file.bytes(of: graph, parameters)
  }
}
