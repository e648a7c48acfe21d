import Foundation
import Testing

/// The tests' own tool: a companion that loses output or hangs would make every other result doubtful.
@Suite struct ShellTests {
  @Test func capturesMoreThanAPipeHolds() throws {
    let result = try run("sh", ["-c", "head -c 1000000 /dev/zero | tr '\\0' e >&2; echo done; exit 3"])
    #expect(result.status == 3)
    #expect(result.output == "done\n")
    #expect(result.errors.utf8.count == 1_000_000)
  }

  @Test func reportsSignalsAsAShellDoes() throws {
    let status = try run("sh", ["-c", "kill -TERM $$; exit 9"]).status
    #expect(status == 143)
  }

  @Test func killsGrandchildrenWhenTimeIsUp() throws {
    let scratch = try TemporaryDirectory()
    let command = "tail -f /dev/null & echo $! >\(scratch.file("pid")); wait"
    #expect(throws: CommandTimeout.self) { try run("sh", ["-c", command], timeout: 2) }
    // A killed process may linger as a zombie until init collects it.
    let state = try run("ps", ["-o", "stat=", "-p", scratch.text("pid").trimmingCharacters(in: .newlines)])
    #expect(state.output.isEmpty || state.output.hasPrefix("Z"))
  }

  @Test func addsAndRemovesVariables() throws {
    let show = ["-c", "echo ${ONE-unset} ${HOME-unset}"]
    #expect(try run("sh", show, environment: ["ONE": "1", "HOME": ""]).output == "1 unset\n")
  }
}
