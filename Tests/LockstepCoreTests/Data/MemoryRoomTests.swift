import LockstepCore
import Testing

/// What the system's files say of the memory that is left.
@Suite struct MemoryRoomTests {
  @Test func ofThisMachine() { #expect(MemoryRoom.bytes > 1 << 20) }

  @Test func whatTheMachineHas() {
    #expect(
      MemoryRoom.available(meminfo: "MemTotal:  100 kB\nMemAvailable:   1234 kB\nBuffers: 1 kB\n") == 1234
        << 10)
    #expect(MemoryRoom.available(meminfo: "MemTotal:  100 kB\n") == nil)
  }

  private func room(_ cgroup: String, _ files: [String: String]) -> Int {
    MemoryRoom.roomOfGroups(cgroup) { files[$0] }
  }

  @Test func theTightestGroupDecides() {
    let root = "/sys/fs/cgroup"
    var files = [
      "\(root)/a/b/memory.max": "max\n", "\(root)/a/b/memory.current": "50\n",
      "\(root)/a/memory.max": "1000\n", "\(root)/a/memory.current": "700\n",
      "\(root)/a/memory.stat": "anon 5\ninactive_file 200\nactive_file 3\n",
    ]
    #expect(room("0::/a/b\n", files) == 500)
    files["\(root)/a/b/memory.max"] = "90\n"
    #expect(room("0::/a/b\n", files) == 40)
    #expect(room("0::/\n", files) == Int.max)
    // In a container's namespace the group is the root.
    files["\(root)/memory.max"] = "10\n"
    files["\(root)/memory.current"] = "20\n"
    #expect(room("0::/\n", files) == 0)
  }

  @Test func groupsOfTheFirstVersion() {
    let group = "/sys/fs/cgroup/memory/docker/x/memory."
    let files = [
      group + "limit_in_bytes": "3000\n", group + "usage_in_bytes": "2500\n",
      group + "stat": "cache 9\ntotal_cache 7\ntotal_inactive_file 500\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "77\n",
    ]
    #expect(room("12:cpu,cpuacct:/docker/y\n11:memory:/docker/x\n0::/\n", files) == 1000)
  }
}
