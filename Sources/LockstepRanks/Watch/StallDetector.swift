import LockstepSupport

/// Detects stalled ranks from their heartbeats. It uses no clock and no network: `check` receives times and beats.
///
/// A rank is stalled if it has not beaten, or if its main thread has waited for one call of the file system, for nearly
/// `timeout`: so long that the next check would be too late. Long steps do not matter, because another thread beats.
///
/// Time advances by at most two intervals a check, so that a watcher that was itself suspended (the job stopped and
/// continued, a laptop closed) does not count that time.
package struct StallDetector: Sendable {
  /// The state of a rank.
  package struct Beat: Equatable, Sendable {
    /// Rises while the rank is alive.
    package var count: UInt64
    package var activity: Activity.Snapshot
    /// The collective call in which its main thread waits.
    package var call: CollectiveCall

    package init(count: UInt64, activity: Activity.Snapshot, call: CollectiveCall = .none) {
      self.count = count
      self.activity = activity
      self.call = call
    }
  }

  package struct Stall: Equatable, Sendable {
    package enum Cause: Sendable { case silent, fileSystem }
    package var rank: Int
    package var cause: Cause
    package var seconds: Double
    /// Where it was last seen.
    package var activity: Activity.Snapshot
  }

  struct Track {
    var beat: Beat
    /// When the count, the activity and the call last changed.
    var beatTime: Double
    var activityTime: Double
    var callTime: Double
  }

  private let interval: Double
  let patience: Double
  private(set) var tracks: [Track?]
  private var last: Double?
  private(set) var time = 0.0

  /// `interval`: seconds between two beats, and between two checks. `timeout` is in seconds too.
  package init(ranks: Int, timeout: Double, interval: Double) {
    self.interval = interval
    patience = timeout - 2 * interval
    tracks = Array(repeating: nil, count: ranks)
  }

  /// The ranks that are stalled, in ascending order.
  ///
  /// `beats` holds each rank's latest heartbeat; nil for ranks that are not watched or have ended.
  package mutating func check(now: Double, beats: [Beat?]) -> [Stall] {
    time += min(max(now - (last ?? now), 0), 2 * interval)
    last = now
    return beats.indices.compactMap { rank in
      update(&tracks[rank], beats[rank])
      guard let track = tracks[rank] else { return nil }
      let (silence, stillness) = (time - track.beatTime, time - track.activityTime)
      let activity = track.beat.activity
      if silence >= patience {
        return Stall(rank: rank, cause: .silent, seconds: silence, activity: activity)
      }
      guard stillness >= patience, activity.phase.isFileAccess else { return nil }
      return Stall(rank: rank, cause: .fileSystem, seconds: stillness, activity: activity)
    }
  }

  /// Whether a recent heartbeat of the rank has arrived.
  package func isFresh(_ rank: Int) -> Bool {
    tracks[rank].map { time - $0.beatTime < 3 * interval } ?? false
  }

  private func update(_ track: inout Track?, _ beat: Beat?) {
    guard let beat else { return track = nil }
    guard var new = track else {
      return track = Track(beat: beat, beatTime: time, activityTime: time, callTime: time)
    }
    if beat.count != new.beat.count { new.beatTime = time }
    if beat.activity != new.beat.activity { new.activityTime = time }
    if beat.call != new.beat.call { new.callTime = time }
    new.beat = beat
    track = new
  }
}
