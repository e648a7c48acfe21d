import LockstepMPI
import MPI
import Testing

@Suite struct SharedMemoryDirectoryTests {
  /// A fall-back is one only where it has more room.
  @Test func theFallbackHasMoreRoom() {
    func order(_ first: Int, _ fallback: Int) -> [String] {
      SharedMemoryDirectory.order(.init(path: "shm", room: first), .init(path: "tmp", room: fallback)).map(
        \.path)
    }
    #expect(order(10, 11) == ["shm", "tmp"])
    #expect(order(10, 10) == ["shm"])
    #expect(order(10, 0) == ["shm"])
    #expect(order(0, 1) == ["shm", "tmp"])
  }
}

/// Whose processes are seen from where.
@Suite struct SessionMarkTests {
  let container = SessionMark(text: "boot1 pid:[4026532178]")
  let other = SessionMark(text: "boot1 pid:[4026532999]")
  let host = SessionMark(text: "boot1 pid:[4026531836]")
  let otherStart = SessionMark(text: "boot2 pid:[4026531836]")

  @Test func processesOfSessions() {
    #expect(container.wouldSeeProcesses(of: container))
    #expect(!container.wouldSeeProcesses(of: other))
    #expect(!container.wouldSeeProcesses(of: host))
    #expect(!container.wouldSeeProcesses(of: nil))
    // From where the system began all are seen, but not those of another system.
    for mark in [host, container, nil] { #expect(host.wouldSeeProcesses(of: mark)) }
    #expect(!host.wouldSeeProcesses(of: otherStart))
    #expect(!otherStart.wouldSeeProcesses(of: container))
  }
}
