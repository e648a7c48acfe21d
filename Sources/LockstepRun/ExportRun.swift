import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Exports a saved model for other programs. Of a run that is not finished it is the newest checkpoint's, for which the
/// run's data are needed: they decide the network's sizes and normalization.
public struct ExportRun {
  /// A `model.safetensors`, or a run directory.
  public let path: String
  /// The ONNX file to write.
  public var onnx: String
  /// What the exported model is fed; nil for bytes if it was trained on bytes, else numbers.
  public var input: ExportedInput?
  /// The directory of the IDX files of a run that is not finished; nil for the run's own data.
  public var data: String?
  private let listener: RunListener

  /// An export of the model at `path` to `onnx`, reported to `listener`.
  public init(of path: String, onnx: String, listener: RunListener) {
    (self.path, self.onnx, self.listener) = (path, onnx, listener)
  }

  /// Writes the file, on rank 0, whole or not at all. Collective, with the same values on all ranks except `data`.
  ///
  /// Throws `LockstepError` or `AgreedError` (usage, data or failure).
  public func run(_ collective: any Collective) throws {
    try collective.together {
      guard collective.rank == 0 else { return }
      try checkOutput(onnx, option: "--onnx")
      try requireNoInput(onnx, option: "--onnx", inputs: [path] + Self.files.map { "\(path)/\($0)" })
    }
    let (model, recipe, inputs) = try load(collective)
    let input = input ?? (model.element == .uint8 ? .bytes : .numbers)
    try collective.together {
      guard collective.rank == 0 else { return }
      try requireNoInput(onnx, option: "--onnx", inputs: inputs)
      try replaceFile(onnx, with: model.onnx(input, recipe: recipe, path: path), option: "--onnx")
      listener.note(
        "\(onnx): input \(model.exportedShape), \(input.summary); \(model.exportedOutputs), weights "
          + "\(model.parameters.digest.hexadecimal)")
      if let pictures = model.pictures, pictures.isTransposed || pictures.isInverted || pictures.isCentred {
        listener.tell(
          "\(onnx): the graph does not prepare pictures: they have to be \(pictures.text) before it, as the "
            + "metadata lockstep.pictures says")
      }
    }
  }

  /// What is read of a run directory, or must not be lost there.
  private static let files = [
    "model.safetensors", RunDirectory.averageName, "config.yaml", "metrics.jsonl", "checkpoints/dataset.json",
  ]

  /// The model, the recipe as YAML where it is known, and the other files that were read.
  private func load(_ collective: any Collective) throws -> (Model, recipe: String?, inputs: [String]) {
    guard let former = try FormerRun.unfinished(at: path, doing: "exporting", collective, listener),
      let checkpoint = former.checkpoint, let checkpointPath = former.checkpointPath
    else { return (try collective.together { try Model(path: path) }, config, []) }
    let team = try makeTeam(nil, collective)
    let (_, dataset) = try loadData(data, for: .training, of: former, at: path, collective, team, listener)
    let model = try collective.together {
      let model = try Model(checkpoint, path: checkpointPath, dataset: dataset, team: team)
      try dataset.requireUnchanged()
      return model
    }
    return (model, try checkpoint.recipe.yaml(), [checkpointPath] + inputFiles(of: dataset))
  }

  /// The recipe of a finished run; a model may have been copied without it.
  private var config: String? {
    let bytes = try? readFile("\(path)/config.yaml", limit: 1 << 14, kind: .data)
    return bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}
