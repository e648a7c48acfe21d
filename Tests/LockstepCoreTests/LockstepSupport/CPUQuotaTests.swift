import LockstepCore
import Testing

/// Files as systems have them.
@Suite struct CPUQuotaTests {
  private let version1 = """
    25 30 0:23 / /sys rw,nosuid - sysfs sysfs rw
    31 25 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
    32 31 0:29 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset
    33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct
    34 31 0:31 / /sys/fs/cgroup/unified rw shared:11 - cgroup2 cgroup2 rw,nsdelegate
    """

  private func directories(groups: String, mounts: String) -> [String] {
    ControlGroup.all(of: "cpu", groups: groups, mounts: mounts).map(\.path)
  }

  @Test func groupsAndThoseAroundThem() {
    #expect(
      directories(groups: "5:cpuset:/x\n4:cpu,cpuacct:/slurm/job_7/step_0\n", mounts: version1) == [
        "/sys/fs/cgroup/cpu,cpuacct/slurm/job_7/step_0", "/sys/fs/cgroup/cpu,cpuacct/slurm/job_7",
        "/sys/fs/cgroup/cpu,cpuacct/slurm", "/sys/fs/cgroup/cpu,cpuacct",
      ])
    // Version 2 beside it, and alone.
    #expect(
      directories(groups: "4:cpu,cpuacct:/\n0::/a", mounts: version1) == [
        "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/unified/a", "/sys/fs/cgroup/unified",
      ])
    let version2 = "30 25 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw"
    #expect(
      directories(groups: "0::/user.slice/u.scope\n", mounts: version2) == [
        "/sys/fs/cgroup/user.slice/u.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup",
      ])
  }

  /// A container sees its own part of the tree as the whole of it, or is told its name from outside.
  @Test func containers() {
    let mounts = "33 24 0:29 /docker/12ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu"
    for group in ["/docker/12ab", "/", "/elsewhere"] {
      #expect(
        directories(groups: "4:cpu:\(group)", mounts: mounts) == ["/sys/fs/cgroup/cpu"], "\(group)")
    }
    #expect(
      directories(groups: "4:cpu:/docker/12ab/in", mounts: mounts) == [
        "/sys/fs/cgroup/cpu/in", "/sys/fs/cgroup/cpu",
      ])
    #expect(
      directories(groups: "0::/../..", mounts: "1 2 0:3 / /c\\040g rw - cgroup2 c rw") == ["/c g"])
  }

  @Test func filesThatAreNone() {
    for groups in ["", "x", "::", "4:cpu", "4:cpuset:/", "1:name=systemd:/"] {
      #expect(directories(groups: groups, mounts: "") == [], "\(groups)")
    }
    for mounts in ["", " - ", "1 2 3 - cgroup", "a b c d e f - cgroup cgroup rw,cpuset"] {
      #expect(directories(groups: "4:cpu:/", mounts: mounts) == [], "\(mounts)")
    }
  }

  @Test func quotas() {
    #expect(CPUQuota.processors(max: "150000 100000\n") == 1.5)
    #expect(CPUQuota.processors(max: "max 100000\n") == nil)
    #expect(CPUQuota.processors(quota: "50000\n", period: "100000\n") == 0.5)
    #expect(CPUQuota.processors(quota: "-1\n", period: "100000\n") == nil)
    for text in ["", "1", "0 100000", "1 0", "x y", "1 2 3", "99999999999999999999 1"] {
      #expect(CPUQuota.processors(max: text) == nil, "\(text)")
    }
  }

  /// Ranks share the quota of a group that they are in together.
  @Test func ranksShareAGroup() throws {
    func shares(_ quotas: [[CPUQuota]], nodes: [Int]? = nil) throws -> [Int] {
      try ThreadedCollective.run(nodes: nodes ?? quotas.map { _ in 0 }) {
        try ThreadBudget.shareOfQuotas(quotas[$0.rank], $0)
      }.map { try $0.get() }
    }
    func quota(_ processors: Double, _ group: UInt64) -> CPUQuota {
      .init(processors: processors, group: group)
    }
    #expect(try shares([[], []]) == [.max, .max])
    #expect(try shares([[quota(0.5, 1)]]) == [1])
    #expect(try shares([[quota(4, 1)], [quota(4, 1)]]) == [2, 2])
    #expect(try shares([[quota(4, 1)], [quota(4, 1)]], nodes: [1, 2]) == [4, 4])
    #expect(try shares([[quota(2, 1)], [quota(4, 2)], []]) == [2, 4, .max])
    // Each has three of its own, and all four in the group around them.
    #expect(try shares((1...4).map { [quota(3, $0), quota(4, 9)] }) == [1, 1, 1, 1])
    #expect(try shares([[quota(3, 1), quota(8, 9)], [quota(8, 9)]]) == [3, 4])
  }
}
