import LockstepCore

/// How fast a training is, by the steps seen so far.
struct TrainingPace {
  private typealias Mark = (time: ContinuousClock.Instant, report: StepReport)
  /// The first step seen, and the first of this epoch.
  private var start: Mark?
  private var epoch: Mark?
  private var latest: Mark?

  mutating func add(_ report: StepReport) {
    let mark = (ContinuousClock.now, report)
    if start == nil { start = mark }
    if epoch?.report.epoch != report.epoch { epoch = mark }
    latest = mark
  }

  /// Training samples a second in this epoch, without evaluation; nil after its first step.
  var samplesPerSecond: Double? {
    guard let epoch, let latest, latest.time > epoch.time else { return nil }
    return Double(latest.report.samplesOfEpoch - epoch.report.samplesOfEpoch)
      / (latest.time - epoch.time).inSeconds
  }

  /// To the last step, at the pace since the start, evaluations included; nil after the first step.
  var secondsLeft: Double? {
    guard let start, let latest, latest.report.step > start.report.step else { return nil }
    let pace = (latest.time - start.time).inSeconds / Double(latest.report.step - start.report.step)
    return pace * Double(latest.report.totalSteps - latest.report.step)
  }

  /// "0:07", "12:03", "1:02:03"
  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded(.up))
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":" + two(whole % 60)
  }
}
