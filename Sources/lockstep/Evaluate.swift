import ArgumentParser
import LockstepCore

struct Evaluate: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reports a saved model's accuracy on a dataset's test samples.")

  @Argument(help: "A model.safetensors, or a run directory.") var model: String
  @Option(help: ArgumentHelp("The directory of the IDX files.", valueName: "dir")) var data: String?
  @Option(
    help: ArgumentHelp("Write the class predicted for each test sample, one a line.", valueName: "file"))
  var predictions: String?
  @Option(help: "Threads of each rank.") var threads: Int?

  func run(_ collective: any Collective) throws {
    let model = try collective.together { try Model(path: self.model) }
    let team = try makeTeam(threads, collective)
    let dataset = try loadDataset(data, for: .evaluation, collective, team, quiet: false)
    warn(of: dataset, collective)
    try collective.together { try model.check(dataset) }
    let evaluator = Evaluator(
      model.network, normalization: model.normalization, collective: collective, team: team)
    let test = try evaluator.evaluate(model.parameters, on: dataset.test)
    let classes = try predictions.map { _ in try evaluator.predictions(model.parameters, on: dataset.test) }
    try collective.together { try dataset.requireUnchanged() }
    if let path = predictions, let classes {
      try collective.together {
        guard collective.rank == 0 else { return }
        try replaceFile(path, with: Array(classes.map { "\($0)\n" }.joined().utf8))
      }
    }
    if collective.rank == 0 { print(summary(test)) }
  }
}
