import LockstepSupport

/// What an engineer wants to know about a machine before a run: the output of `lockstep doctor`.
package struct Diagnosis: Sendable {
  package var version: String
  package var instructionSet = InstructionSet.current
  /// The ranks that the launcher started; nil without a launcher, and without MPI.
  package var ranks: Int?
  /// The processors that this process may run on, and how many the system has.
  package var allowedProcessors = Processors.allowed.count
  package var onlineProcessors = Processors.online
  /// The smallest quota of a control group, in processors; nil for none.
  package var quota = CPUQuota.least
  /// The processors that Slurm gives a task; nil if it does not say.
  package var processorsOfTask = Processors.ofTask
  /// The directory that ranks of a node share memory in, and the bytes that a run may take of it.
  package var sharedMemoryDirectory: String
  package var sharedMemoryRoom: Int
  /// Its `threads` are the cores that this rank may use.
  package var peak: PeakSpeed
  package var kernels: DenseSpeed?
  /// The nodes of the job, and how fast they exchange gradients; nil for a single node.
  package var nodes: [NodeDiagnosis]
  package var network: NetworkSpeed?
  /// The MPI library and its version; nil without MPI.
  package var library: String?
  /// The steps of a recipe, if one is given.
  package var steps: StepPrediction?

  package init(
    version: String, ranks: Int?, library: String?, sharedMemoryDirectory: String, sharedMemoryRoom: Int,
    peak: PeakSpeed, kernels: DenseSpeed?, nodes: [NodeDiagnosis], network: NetworkSpeed?,
    steps: StepPrediction?
  ) {
    self.library = library
    self.steps = steps
    self.version = version
    self.ranks = ranks
    self.sharedMemoryDirectory = sharedMemoryDirectory
    self.sharedMemoryRoom = sharedMemoryRoom
    self.peak = peak
    self.kernels = kernels
    self.nodes = nodes
    self.network = network
  }

  /// Aligned lines for people.
  package var text: String {
    var lines = [
      ("lockstep", version),
      ("instruction set", "\(instructionSet) (LOCKSTEP_ISA overrides)"),
      ("cores", "\(peak.threads) for this process"),
      ("affinity", "\(allowedProcessors) of \(onlineProcessors) processors"),
      ("quota", quota.map { "\(roundedDown($0)) processors in the mean, by a control group" } ?? "none"),
      (
        "launcher",
        ranks.map {
          "started \($0) rank\($0 == 1 ? "" : "s"), all in one job of \(library ?? "MPI")"
            + ($0 > 1 ? "; the same build and arguments on all" : "")
        } ?? "none: one process, without MPI"
      ),
      ("shared memory", "\(sharedMemoryRoom >> 20) MB in \(sharedMemoryDirectory)"),
      ("peak, one core", speed(peak.oneCore)),
      ("peak, all \(peak.threads)", "\(speed(peak.allCores)), \(speed(peak.shareOfCore)) a core"),
      ("empty parallel part", "\(fixed(peak.emptyPart, 2)) microseconds"),
    ]
    // Irrelevant if it exceeds the cores.
    if let task = processorsOfTask, task <= peak.threads {
      lines.insert(("Slurm", "\(task) a task (SLURM_CPUS_PER_TASK)"), at: 5)
    }
    for kernel in kernels?.measurements ?? [] {
      let share = fixed(100 * kernel.shareOfPeak, 0)
      lines.append((kernel.name, "\(speed(kernel.speed)), \(share)% of the core's peak at the same moments"))
    }
    lines += clusterLines
    let width = lines.map(\.0.count).max()! + 2
    return lines.map { $0 + String(repeating: " ", count: width - $0.count) + $1 }.joined(separator: "\n")
  }

  private var clusterLines: [(String, String)] {
    var lines = nodes.count > 1 ? nodes.map { ("node " + $0.host, $0.description) } : []
    if let network {
      let predicted = [2, 4, 16, 128, 1024].map {
        "\(milliseconds(network.seconds(ofGradients: 1_000_000, nodes: $0))) on \($0)"
      }
      lines += [
        ("network", "\(speedOf(network)) each way; \(milliseconds(network.latency)) for a small sum"),
        ("million gradients", predicted.joined(separator: ", ") + " such nodes, a step"),
      ]
    }
    lines += steps?.lines ?? []
    lines += nodes.findings.map { ("attention", $0) }
    if nodes.findings.isEmpty { lines.append(("findings", "OK")) }
    return lines
  }

  /// One line of JSON for programs. Speeds are in GFLOP/s.
  package var json: String {
    var line = JSONLine()
    line.add("version", version)
    line.add("instruction_set", instructionSet)
    line.add("cores", peak.threads)
    line.add("allowed_processors", allowedProcessors)
    line.add("online_processors", onlineProcessors)
    if let quota { line.add("quota_processors", quota) }
    if let task = processorsOfTask, task <= peak.threads { line.add("slurm_cpus_per_task", task) }
    line.add("ranks", ranks ?? 1)
    line.add("launcher", ranks == nil ? "none" : "MPI")
    line.add("shared_memory_directory", sharedMemoryDirectory)
    line.add("shared_memory_bytes", sharedMemoryRoom)
    if let network {
      line.add("nodes", network.nodes)
      line.add("network_bytes_per_second", network.bytesPerSecond)
      line.add("network_latency_seconds", network.latency)
      line.add(
        "network_seconds_of_million_gradients", network.seconds(ofGradients: 1_000_000, nodes: network.nodes))
    }
    if let library { line.add("mpi", library) }
    steps?.describe(in: &line)
    line.add("findings", nodes.findings.count)
    line.add("peak_one_core", peak.oneCore)
    line.add("peak_all_cores", peak.allCores)
    line.add("empty_part_microseconds", peak.emptyPart)
    for kernel in kernels?.measurements ?? [] {
      line.add(kernel.key, kernel.speed)
      line.add(kernel.key + "_of_peak", kernel.shareOfPeak)
    }
    return line.text
  }

  /// 1.999 processors are not 2.
  private func roundedDown(_ value: Double) -> String {
    let digits = value < 0.1 ? 3 : 2
    let scale = digits == 3 ? 1000.0 : 100
    return fixed((value * scale + 1e-6).rounded(.down) / scale, digits)
  }

  private func speedOf(_ network: NetworkSpeed) -> String { "\(fixed(network.bytesPerSecond / 1e6, 0)) MB/s" }
  private func milliseconds(_ seconds: Double) -> String { "\(fixed(1000 * seconds, 2)) ms" }
  private func speed(_ value: Double) -> String { "\(fixed(value, 1)) GFLOP/s" }
}
