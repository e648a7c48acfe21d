extension Duration {
  /// In seconds.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Seconds that the body takes.
package func secondsOf(_ body: () throws -> Void) rethrows -> Double {
  try ContinuousClock().measure(body).inSeconds
}
