import Foundation
import Testing

/// Memory that ranks share is reserved before it is used, in a directory that is small here. Nothing of it is left
/// behind.
@Suite(.enabled(if: Mounts.areAllowed, Mounts.need)) struct SharedMemoryTests {
  let scene: TrainingScene
  let shared: String

  init() throws {
    scene = try TrainingScene()
    shared = scene.scratch.file("shared")
    try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
  }

  private static let mpirun =
    ([Library.mpirun] + Launch.limit + (Library.isOpenMPI ? ["--oversubscribe"] : []))
    .joined(separator: " ")

  /// A script in which `$SHARED` is a directory of so many megabytes, and `lockstep RANKS ARGUMENT...` a job of which
  /// Open MPI's own files are elsewhere.
  private func script(_ script: String, megabytes: Int, directory: String? = nil) throws -> CommandResult {
    let place = directory ?? shared
    let setUp = """
      mount -t tmpfs -o size=\(megabytes)m none \(place) && cd \(scene.scratch.path) && SHARED=\(place)
      lockstep() { ranks=$1; shift; \(Self.mpirun) -np $ranks \
        \(Repository.lockstep) train --data \(scene.data) --max-steps 30 --threads 1 --quiet "$@"; }
      """
    var variables = Launch.environment(ranks: 4)
    variables["OMPI_MCA_btl_vader_backing_directory"] = scene.scratch.path
    if directory == nil { variables[Library.sharedMemoryVariable] = shared }
    return try Launch.takingTurns {
      try run("unshare", ["-m", "bash", "-c", setUp + "\n" + script], environment: variables)
    }
  }

  /// Two jobs that each fit alone, at the same moment.
  @Test func twoJobsDoNotTakeTheSame() throws {
    let reference = try scene.train(["--max-steps", "30"])
    let result = try script(
      """
      for job in 1 2; do (lockstep 2 --output $job --exchange shared >$job.out 2>$job.err; echo $? >$job.status) & done
      wait; cat *.err >&2; cat *.out; ls -A $SHARED
      exit $(sort -n *.status | tr -d '\n')
      """, megabytes: 20)
    // One may have ended before the other began.
    #expect([0, 1].contains(result.status), "\(result.errors)")
    #expect(!result.errors.contains("Bus error") && !result.errors.contains("crashed"), "\(result.errors)")
    let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("weights") }
    #expect(!lines.isEmpty && lines.allSatisfy { $0 == "weights \(reference.digest)" }, "\(result.output)")
    if result.status == 1 { #expect(result.errors.contains("lockstep: shared memory: expected room for")) }
  }

  /// `auto` goes another way where there is no room, `shared` says which directory has none.
  @Test func noRoom() throws {
    let reference = try scene.train(["--max-steps", "30"])
    let other = try script("lockstep 3 --output other && test -z \"$(ls -A $SHARED)\"", megabytes: 4)
    #expect(other.status == 0, "\(other.errors)")
    #expect(TrainingRun(path: "", result: other).digest == reference.digest)
    let refused = try script("lockstep 3 --output refused --exchange shared", megabytes: 4)
    expect(
      refused, status: 1,
      naming: [
        "shared memory: expected room for ", " bytes in \(shared)", Library.sharedMemoryVariable,
      ])
  }

  /// What Open MPI uses by default is small, as in a container; the directory of temporary files has more room.
  @Test func theFallback() throws {
    let result = try script("lockstep 2 --output run --exchange shared", megabytes: 12, directory: "/dev/shm")
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func killedRanksLeaveNothing() throws {
    let result = try script(
      """
      lockstep 2 --output run --exchange shared --max-steps 1000000 --epochs 1000000 --log-every 1 2>errors & job=$!
      until grep -q event...step run/metrics.jsonl 2>/dev/null; do kill -0 $job || exit 3; sleep 0.02; done
      used=$(df --output=used $SHARED | tail -1)
      ranks=$(\(Library.ranks(with: scene.scratch.path)))
      kill -KILL $ranks
      wait $job
      for rank in $ranks; do while ps -o stat= -p $rank | grep -v ^Z; do sleep 0.02; done >&2; done
      echo $used $(df --output=used $SHARED | tail -1) $(ls -A $SHARED)
      """, megabytes: 64)
    let fields = result.output.split(whereSeparator: \.isWhitespace).suffix(2)
    #expect(fields.first.flatMap { Int($0) }.map { $0 > 1000 } == true, "\(result.output)\(result.errors)")
    #expect(fields.last == "0", "\(result.output)")
  }
}
