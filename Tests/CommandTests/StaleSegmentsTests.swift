import Foundation
import Testing

/// What an mpirun that was killed left is removed at the next start; what others use is not.
@Suite struct StaleSegmentsTests {
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

  @Test(arguments: ["", "mpirun -np 1 "]) func besideALivingJob(launcher: String) throws {
    let killed = Launch.arguments([RankGroup(3, train("killed"))]).joined(separator: " ")
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
        \(launcher)\(Repository.lockstep) --version
        ls -d shared/* tmp/*/pid.* >after
        kill -USR1 $job
        """)
    #expect(result.status == 75, "\(result.errors)")
    let (before, after) = (try lines("before"), try lines("after"))
    #expect(before.count { $0.contains("vader_segment") } == 5, "\(before)")
    #expect(before.count { $0.contains("/pid.") } == 2, "\(before)")
    #expect(after.count { $0.contains("vader_segment") } == 2, "\(after)")
    #expect(after.count { $0.contains("/pid.") } == 1, "\(after)")
    #expect(after.isSubset(of: before))
  }

  private func lines(_ file: String) throws -> Set<String> {
    Set(try scene.scratch.text(file).split(separator: "\n").map(String.init))
  }

  /// Segments whose session is not here, and what is not ours.
  @Test func onlyOldOnesOfThisUserAndMachine() throws {
    let host = try run("uname", ["-n"]).output.prefix { $0 != "." && $0 != "\n" }
    let user = geteuid()
    let names = [
      "vader_segment.\(host).\(user).abc0001.0", "osc_sm.\(host).abc0001.0.3",
      "vader_segment.\(host)2.\(user).abc0001.0", "vader_segment.\(host).\(user)1.abc0001.0", "osc_sm",
    ]
    for name in names { try scene.scratch.write(Data(), to: "shared/" + name) }
    try clean()
    #expect(try names.sorted() == left())
    for name in names {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -4000)],
        ofItemAtPath: scene.scratch.file("shared/" + name))
    }
    try clean()
    #expect(try names.dropFirst(2).sorted() == left())
  }

  private func clean() throws { _ = try lockstep(["--version"], environment: environment) }

  private func left() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scene.scratch.file("shared")).sorted()
  }
}
