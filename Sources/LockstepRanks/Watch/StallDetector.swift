import LockstepSupport

/// Tells from heartbeats which ranks are stalled. Knows no clock and no network: `check` is given both.
///
/// A rank is stalled when its heart stands still, or when its main thread waits for one answer of the file system, for
/// nearly `timeout`: so long that the next look would be too late. How long a step takes does not matter, because
/// another thread beats.
///
/// Time passes here by at most two intervals a check. A watcher that was itself suspended (the job stopped and
/// continued, a laptop closed) thus has not waited meanwhile.
public struct StallDetector: Sendable {
  /// What is known of a rank.
  public struct Beat: Equatable, Sendable {
    /// Rises while the rank lives.
    public var count: UInt64
    public var activity: Activity.Snapshot
    /// What its main thread waits for the others in.
    public var call: CollectiveCall

    public init(count: UInt64, activity: Activity.Snapshot, call: CollectiveCall = .none) {
      self.count = count
      self.activity = activity
      self.call = call
    }
  }

  public struct Stall: Equatable, Sendable {
    public enum Cause: Sendable { case silent, fileSystem }
    public var rank: Int
    public var cause: Cause
    public var seconds: Double
    /// Where it was last seen.
    public var activity: Activity.Snapshot
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

  /// `interval`: the time between two beats, and between two checks, in seconds like the others.
  public init(ranks: Int, timeout: Double, interval: Double) {
    self.interval = interval
    patience = timeout - 2 * interval
    tracks = Array(repeating: nil, count: ranks)
  }

  /// The ranks that are stalled, in ascending order.
  ///
  /// `beats` holds each rank's latest heartbeat; nil for ranks that are not watched, or have come to their end.
  public mutating func check(now: Double, beats: [Beat?]) -> [Stall] {
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

  /// Whether the rank has been heard of lately.
  public func isFresh(_ rank: Int) -> Bool {
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
