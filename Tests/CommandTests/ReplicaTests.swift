import Testing

/// A bit that flips in one rank's parameters is found at the end of the epoch, with rank and tensor.
@Suite struct ReplicaTests {
  @Test(arguments: [(2, 1), (3, 0), (3, 2), (4, 0), (4, 3)])
  func aFlippedBitIsNamed(_ job: (ranks: Int, rank: Int)) throws {
    let scene = try TrainingScene()
    let train = [
      "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--hidden", "16", "--epochs", "3",
      "--exchange", "allreduce", "--quiet", "--threads", "1", "--batch-size", "400",
    ]
    let flip = RankGroup(1, train, wrapper: ["env", "LOCKSTEP_FAULT_BIT_FLIP=layers.2.weight:7"])
    let groups = [RankGroup(job.rank, train), flip, RankGroup(job.ranks - job.rank - 1, train)]
    let result = try mpirun(groups.filter { $0.count > 0 })
    expect(
      result, status: 1,
      naming: ["rank \(job.rank) on ", ": layers.2.weight differs after step 10 ", "--resume"])
    // Two ranks cannot tell which of them is right.
    #expect(result.errors.contains("either may be wrong") == (job.ranks == 2), "\(result.errors)")
  }
}
