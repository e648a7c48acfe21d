import LockstepSupport

/// Seconds that the body takes.
func secondsOf(_ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body).components
  return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
}

/// The shortest time of repeated runs over `limit` seconds, at least two: other programs on the machine only ever add
/// to a time.
func leastSeconds(within limit: Double = 0.15, _ body: () -> Void) -> Double {
  var (least, total) = (Double.infinity, 0.0)
  var runs = 0
  while total < limit || runs < 2 {
    let seconds = secondsOf(body)
    least = min(least, seconds)
    total += seconds
    runs += 1
  }
  return least
}
