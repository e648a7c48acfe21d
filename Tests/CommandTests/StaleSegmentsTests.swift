import Foundation
import Testing

/// What an mpirun that was killed left is removed at the next start; what others use is not.
@Suite(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) struct StaleSegmentsTests {
  let scene: TrainingScene
  /// Places of the test's own for Open MPI's files: other tests start jobs too.
  let environment: [String: String]

  init() throws {
    scene = try TrainingScene()
    for name in ["tmp", "shared"] {
      try FileManager.default.createDirectory(
        atPath: scene.scratch.file(name), withIntermediateDirectories: true)
    }
    environment = [
      "TMPDIR": scene.scratch.file("tmp"),
      "OMPI_MCA_btl_vader_backing_directory": scene.scratch.file("shared"),
      "OMPI_MCA_osc_sm_backing_directory": scene.scratch.file("shared"),
    ]
  }

  private func train(_ run: String) -> [String] {
    [
      "train", "--data", scene.data, "--output", scene.scratch.file(run), "--model", "linear", "--epochs",
      "1000000", "--log-every", "1", "--quiet", "--threads", "1",
    ]
  }

  /// The next job that shares memory removes what a killed one left; commands that share none do not.
  @Test func besideALivingJob() throws {
    let killed = Launch.arguments([RankGroup(3, train("killed"))]).joined(separator: " ")
    let next = Launch.arguments([RankGroup(2, train("next") + ["--max-steps", "1"])]).joined(separator: " ")
    let result = try scene.job(
      train("living"), ranks: 2, environment: environment,
      beside: """
        wait_for grep -q event...step living/metrics.jsonl
        mpirun \(killed) </dev/null 2>/dev/null & other=$!
        wait_for grep -q event...step killed/metrics.jsonl
        kill -KILL $other
        wait $other
        while pgrep -f "^[^ ]*lockstep train .*$PWD/killed" >/dev/null; do sleep 0.02; done
        ls -d shared/* tmp/*/pid.* >before
        \(Repository.lockstep) --version
        \(Repository.lockstep) synthesize --output few --train 1 --test 1
        mpirun -np 2 --oversubscribe \(Repository.lockstep) doctor
        ls -d shared/* tmp/*/pid.* >between
        mpirun \(next) </dev/null
        ls -d shared/* tmp/*/pid.* >after
        kill -USR1 $job
        """)
    #expect(result.status == 75, "\(result.errors)")
    let (before, between, after) = (try lines("before"), try lines("between"), try lines("after"))
    #expect(before.count { $0.contains("vader_segment") } == 5, "\(before)")
    #expect(before.count { $0.contains("/pid.") } == 2, "\(before)")
    #expect(between == before)
    #expect(after.count { $0.contains("vader_segment") } == 2, "\(after)")
    #expect(after.count { $0.contains("/pid.") } == 1, "\(after)")
    #expect(after.isSubset(of: before))
  }

  /// A job in another container, whose processes do not show in the container of the job that starts, lives on with its
  /// files.
  @Test(.enabled(if: Mounts.areAllowed, Mounts.need)) func ofAnotherContainer() throws {
    let living = (Launch.arguments([RankGroup(2, train("living"))])).joined(separator: " ")
    let next = Launch.arguments([RankGroup(2, train("next") + ["--max-steps", "1"])]).joined(separator: " ")
    let result = try run(
      "bash",
      [
        "-c",
        """
        # mpirun is another process in each container: the names of its files come from its number.
        unshare -p -f --mount-proc sh -c '/bin/true; /bin/true; mpirun \(living) & echo $! >inner; wait' 2>errors &
        job=$!
        until grep -q event...step living/metrics.jsonl; do kill -0 $job || exit 3; sleep 0.02; done
        ls -d shared/* tmp/*/pid.* >before
        unshare -p -f --mount-proc sh -c '/bin/true; mpirun \(next); wait'
        ls -d shared/* tmp/*/pid.* >after
        kill -USR1 $(pgrep -P "$(pgrep -P $job)" mpirun)
        wait $job
        """,
      ], environment: Launch.environment(ranks: 2).merging(environment) { $1 }, directory: scene.scratch.path)
    #expect(result.output.contains("weights "), "\(result.errors)")
    #expect(try lines("before").count { $0.contains("vader_segment") } == 2)
    #expect(try lines("after") == lines("before"))
  }

  private func lines(_ file: String) throws -> Set<String> {
    Set(try scene.scratch.text(file).split(separator: "\n").map(String.init))
  }

  /// Nobody knows whose segments without a session are, however old.
  @Test func segmentsOfNobodyStay() throws {
    let host = try run("uname", ["-n"]).output.prefix { $0 != "." && $0 != "\n" }
    let names = ["vader_segment.\(host).\(geteuid()).abc0001.0", "osc_sm.\(host).abc0001.0.3"]
    for name in names {
      try scene.scratch.write(Data(), to: "shared/" + name)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -4000)],
        ofItemAtPath: scene.scratch.file("shared/" + name))
    }
    _ = try lockstep(train("run") + ["--max-steps", "1"], ranks: 2, environment: environment)
    #expect(try names.sorted() == left())
  }

  private func left() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scene.scratch.file("shared")).sorted()
  }
}
