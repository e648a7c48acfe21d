extension Duration {
  /// A time of at most 30 years as people and Slurm write it; nil for all else, 0 included.
  ///
  ///     90  1.5                            seconds
  ///     90s  30m  2h  1h30m  1d12h         whole numbers with units, the largest first
  ///     MM:SS  HH:MM:SS                    Slurm's; the first number may be as large as it likes
  ///     D-HH  D-HH:MM  D-HH:MM:SS
  package init?(text: String) {
    guard let seconds = Self.seconds(text) ?? Self.inUnits(text) ?? Self.onClock(text),
      seconds > 0, seconds <= 30 * 366 * 86400
    else { return nil }
    self = .seconds(seconds)
  }

  private static func seconds(_ text: String) -> Double? {
    text.wholeMatch(of: /[0-9]{1,10}(\.[0-9]{1,9})?/) == nil ? nil : Double(text)
  }

  private static func inUnits(_ text: String) -> Double? {
    let form = /(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?/
    guard let (_, days, hours, minutes, seconds) = text.wholeMatch(of: form)?.output else { return nil }
    return zip([days, hours, minutes, seconds], [86400, 3600, 60, 1]).reduce(0) {
      $0 + ($1.0.flatMap { Double($0) } ?? 0) * $1.1
    }
  }

  private static func onClock(_ text: String) -> Double? {
    let form = /(?:([0-9]+)-)?([0-9]+(?::[0-9]{1,2}){0,2})/
    guard let (_, days, clock) = text.wholeMatch(of: form)?.output else { return nil }
    let fields = clock.split(separator: ":").compactMap { Double($0) }
    guard days != nil || fields.count > 1 else { return nil }
    // The first field stands for hours after days, else the last one for seconds.
    let units = days == nil ? [3600.0, 60, 1].suffix(fields.count) : [3600.0, 60, 1].prefix(fields.count)
    var total = 86400 * (days.flatMap { Double($0) } ?? 0)
    for (number, (field, unit)) in zip(fields, units).enumerated() {
      guard days == nil && number == 0 || field < (unit == 3600 ? 24 : 60) else { return nil }
      total += field * unit
    }
    return total
  }
}
