import ArgumentParser
import LockstepCore

struct Digest: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the 64-bit digest of a saved model's weights, as train does at its end.")

  @Argument(help: "A model.safetensors, or a run directory.") var model: String

  func run(_ collective: any Collective) throws {
    let model = try collective.together { try Model(path: self.model) }
    try collective.together {
      if collective.rank == 0 { try writeResult(model.parameters.digest.hexadecimal + "\n") }
    }
  }
}
