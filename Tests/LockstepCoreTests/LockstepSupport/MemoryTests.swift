import LockstepCore
import Testing

/// What a training needs, and what the system says may be had.
@Suite struct MemoryTests {
  private static let mounts = """
    24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw
    36 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory
    37 31 0:33 / /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
    damaged
    """

  private func groups(_ text: String) -> [String] {
    ControlGroup.all(of: "memory", groups: text, mounts: Self.mounts).map {
      ($0.isUnified ? "2:" : "1:") + $0.path
    }
  }

  @Test func groupsAndThoseAbove() {
    #expect(
      groups("0::/user.slice/job\n") == [
        "2:/sys/fs/cgroup/user.slice/job", "2:/sys/fs/cgroup/user.slice", "2:/sys/fs/cgroup",
      ])
    #expect(
      groups("4:memory:/docker/abc/inner\n3:cpu,cpuacct:/x\n") == [
        "1:/sys/fs/cgroup/memory/inner", "1:/sys/fs/cgroup/memory",
      ])
    // Another namespace's.
    #expect(groups("4:memory:/docker/other\n") == ["1:/sys/fs/cgroup/memory"])
    #expect(groups("0::/../sibling\n") == ["2:/sys/fs/cgroup"])
    #expect(groups("") == [])
    #expect(groups("nonsense\n::\n4:cpu:/a\n") == [])
  }

  @Test func whatAGroupLeaves() {
    let stat = "anon 5\nfile 900\ninactive_file 300\nactive_file 600\n"
    func left(_ limit: String, _ usage: String?, _ stat: String?) -> Double? {
      MemoryLimit.left(of: limit, usage: usage, stat: stat, cache: "inactive_file")
    }
    #expect(left("1000\n", "700\n", stat) == 600)
    #expect(left("1000\n", "700\n", nil) == 300)
    #expect(left("1000\n", nil, nil) == 1000)
    #expect(left("1000\n", "5000\n", stat) == 0)
    #expect(left("1000\n", "100\n", stat) == 1000)
    #expect(left("max\n", "700\n", stat) == nil)
    #expect(left("9223372036854771712\n", "700\n", nil) == nil)
    #expect(left("", nil, nil) == nil)
  }

  @Test func whatTheMachineHas() {
    #expect(MemoryLimit.room > 0x1p20)
    #expect(
      MemoryLimit.available(meminfo: "MemTotal:  9 kB\nMemFree: 1 kB\nMemAvailable:   2000 kB\n") == 2_048_000
    )
    #expect(MemoryLimit.available(meminfo: "MemTotal: 9 kB\n") == nil)
  }

  private func need(
    _ change: (inout Recipe) -> Void = { _ in }, rows: Int = 65, threads: Int = 1, copiesInput: Bool = false,
    shared: (units: Set<Int>, bytes: Int)? = nil, usesMPI: Bool = false, isWriter: Bool = false,
    accumulates: Bool = false
  ) throws -> MemoryNeed {
    var recipe = Recipe()
    change(&recipe)
    let network = try Network(inputShape: [28, 28], specification: recipe.layers, classes: 10)
    return MemoryNeed(
      training: FusionPlan(network), recipe: recipe, rows: rows, threads: threads, copiesInput: copiesInput,
      shared: shared,
      usesMPI: usesMPI, isWriter: isWriter, accumulates: accumulates)
  }

  /// 785 x 512 + 513 x 16 Floats: weights and velocity in 4 bytes, the gradient and 16 metrics in 8.
  @Test func countsWhatALayerTakes() throws {
    let parameters = 785.0 * 512 + 513 * 16
    let plain = try need()
    #expect(plain.state == parameters * 16 + 128)
    #expect(try need { $0.momentum = 0 }.state == parameters * 12 + 128)
    #expect(try need { $0.optimizer = .adam }.state == parameters * 20 + 128)
    #expect(try need { $0.reduction = .fast }.state == parameters * 12 + 64)
    #expect(try need { $0.ema = 0.9 }.state == parameters * 20 + 128)
    #expect(try need { ($0.ema, $0.keepBest) = (0.9, true) }.state == parameters * 28 + 128)
    #expect(try need({ $0.ema = 0.9 }, isWriter: true).state == parameters * 56 + 128)
    // Integers take the place of the first step's doubles.
    #expect(try need { $0.reduction = .exact16 }.state == plain.state)
    #expect(try need(isWriter: true).state == parameters * 40 + 128)
    #expect(try need(usesMPI: true).state == parameters * 24 + 256)
    #expect(try need(shared: ([], 12345)).state == 0)
    #expect(try need(shared: ([], 12345), usesMPI: true).state == parameters * 16 + 256)
    #expect(try need(shared: ([], 12345)).shared == 12345)
    // The gradient of another pass.
    #expect(try need(accumulates: true).state == parameters * 24 + 256)
    #expect(try need(shared: ([], 12345), accumulates: true).state == parameters * 8 + 128)
  }

  @Test func growsWithWhatIsAskedFor() throws {
    let plain = try need()
    #expect(try need(rows: 6500).samples > 20 * plain.samples)
    #expect(try need(rows: 6500).state == plain.state)
    #expect(try need(threads: 8, copiesInput: true).threads > 8 * 80 * 784 * 4)
    #expect(try need { $0.augmentation.shift = 1 }.samples > plain.samples)
    #expect(try need(shared: ([0, 1], 1)).samples < plain.samples)
  }

  @Test func namesWhatLowersIt() throws {
    func refusal(_ need: MemoryNeed, ranks: Int = 1) -> String {
      let limit = MemoryLimit(bytes: 1e6, name: "what the test leaves")
      let error = #expect(throws: LockstepError.self) {
        try need.check(need.own + need.shared, limit, ranks: ranks)
      }
      #expect(error?.kind == .usage)
      return error?.description ?? ""
    }
    let wide = try refusal(need { $0.hidden = [9000, 9000] })
    #expect(
      wide.contains("at most 1 MB, what the test leaves, found 1.5 GB") && wide.hasSuffix("Lower --hidden"),
      "\(wide)")
    let cuts = ", or raise --micro-batches (which changes the bits)"
    #expect(
      try refusal(need({ $0.network = $0.layers }, rows: 200)).hasSuffix(
        "Lower --network or --batch-size" + cuts))
    #expect(try refusal(need(rows: 60_000)).hasSuffix("Lower --batch-size" + cuts))
    // Nothing but other layers makes few rows and those of evaluation smaller.
    let images = try refusal(
      need({ $0.network = [LayerSpecification("conv 90 3x3")!] + $0.layers.suffix(1) }, rows: 2))
    #expect(
      images.contains("activations in evaluation") && images.hasSuffix("Lower --network"), "\(images)")
    #expect(
      try refusal(need(rows: 60_000, threads: 8, copiesInput: true)).hasSuffix(
        "Lower --threads or --batch-size" + cuts))
    #expect(try refusal(need(rows: 60_000), ranks: 3).contains("for 3 ranks, for activations"))
    #expect(try refusal(need(rows: 60_000), ranks: 3).hasSuffix(cuts + ", or start fewer ranks on this node"))
    try need().check(1e6, MemoryLimit(bytes: 1e6, name: ""))
  }
}
