import ArgumentParser
import LockstepCore

struct Export: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a saved model as a file for other programs.",
    discussion: """
      --onnx is the one format so far. The graph (opset 18) takes input, F32 of [batch, channels, height, width], or \
      [batch, features] where samples are vectors, for a batch of any size; it normalizes them as in training, and \
      gives logits and probabilities, [batch, classes]. Its metadata has the names of the classes and the weights' \
      digest. Of a run that is not finished it is the newest checkpoint.
      """)

  @Argument(help: "A model.safetensors, or a run directory.") var model: String
  @Option(help: ArgumentHelp("Write an ONNX file.", valueName: "file")) var onnx: String?
  @Option(
    help: ArgumentHelp(
      "What programs feed it: bytes, 0 to 255, which the graph divides by 255; or numbers as they are, pixels from 0 "
        + "to 1 or those of a dataset that is not of bytes.", valueName: "bytes|numbers"))
  var input: String?
  @Option(
    help: ArgumentHelp(
      "The directory of the IDX files, where a run that is not finished has lost them.", valueName: "dir"))
  var data: String?

  var sharesMemory: Bool { true }

  func validate() throws {
    guard let onnx else {
      throw ValidationError(
        "export: expected a format to write, found none. Give --onnx FILE, the one there is")
    }
    if onnx.isEmpty { throw ValidationError("--onnx: expected a file, found ''") }
    if let input, ExportedInput(rawValue: input) == nil {
      let names = ExportedInput.allCases.map(\.rawValue).joined(separator: " or ")
      throw ValidationError("--input: expected \(names), found '\(input)'")
    }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(tell: tell, note: tell, result: { try writeResult($0 + "\n") })
    var export = ExportRun(of: model, onnx: onnx!, listener: listener)
    (export.input, export.data) = (input.flatMap(ExportedInput.init), data)
    try export.run(collective)
  }
}
