import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

extension TrainingRun {
  /// Looks at the trained model, writes the run's report, and warns of what seems to be wrong. A report that cannot be
  /// written is a warning: the model is saved. Collective.
  func report(_ trainer: Trainer, _ files: RunFiles?, _ start: Start, _ collective: any Collective) throws {
    let model = try collective.together { try files?.model(trainer) ?? trainer.model(of: trainer.parameters) }
    let view = try ModelView(
      of: model, start.recipe, start.dataset, validation: trainer.validationIndices, trainer.evaluator,
      start.team)
    guard let files else { return }
    let path = "\(files.run.path)/\(ReportRun.fileName)"
    do {
      let run = try ReportedRun(at: files.run.path)
      try replaceFile(path, with: Array(RunReport(runs: [run], view: view).html.utf8))
      for finding in Finding.all(in: run.history, view) { listener.warn(finding.text) }
    } catch { listener.warn("\(path): there is no report: \(error)") }
  }

  /// The report of a run that has failed, from its log alone, where that can be written. Not collective.
  func reportFailure(_ files: RunFiles?) {
    guard writesReport, let path = files?.run.path, let run = try? ReportedRun(at: path) else { return }
    let report = RunReport(runs: [run], lacking: RunReport.failed)
    try? replaceFile("\(path)/\(ReportRun.fileName)", with: Array(report.html.utf8))
  }
}
