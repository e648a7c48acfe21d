import Foundation
import LockstepCore
import Testing

/// README.md keeps its word: each command that it shows runs, and where it shows results they come out. The format is
/// that of `readmeCommands(in:)`.
@Suite struct ReadmeTests {
  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func everyCommandRuns() throws {
    let readme = try String(contentsOfFile: Repository.root + "/README.md", encoding: .utf8)
    let commands = readmeCommands(in: readme)
    try #require(!commands.isEmpty, "README.md has no line '$ command' in a block of sh")
    for problem in try problems(commands) { Issue.record("README.md: \(problem)") }
  }

  /// What did not come out as shown. Only results are compared: times and paths are each reader's own.
  private func problems(_ commands: [ReadmeCommand]) throws -> [String] {
    let results = try ReadmeSession().run(commands)
    return zip(commands, results).compactMap { command, result in
      guard let result else { return "'\(command.text)' was not reached" }
      guard result.status == 0 else {
        return "'\(command.text)' gave status \(result.status): \(result.errors)"
      }
      if command.needsMNIST, Repository.mnist == nil { return nil }
      let expected = command.shown.filter(isResult)
      let found = result.output.split(separator: "\n").map(String.init).filter(isResult)
      return expected.isEmpty || found == expected
        ? nil : "'\(command.text)' shows \(expected), but the results are \(found)"
    }
  }

  private func isResult(_ line: String) -> Bool {
    line.hasPrefix("test accuracy ") || line.hasPrefix("weights ")
  }

  /// The programs that README and documentation show are those that scripts/test-examples builds and runs.
  @Test func theProgramIsAnExample() throws {
    let readme = try String(contentsOfFile: Repository.root + "/README.md", encoding: .utf8)
    let programs = readme.matches(of: #/```swift\n([^`]*)```/#).map { String($0.1) }
    let example = Repository.root + "/Examples/Sources/arrays/main.swift"
    #expect(try programs == [String(contentsOfFile: example, encoding: .utf8)])
    let layer = try String(
      contentsOfFile: Repository.root + "/Examples/Sources/layer/PReLU.swift", encoding: .utf8)
    let article = Repository.root + "/Sources/LockstepCore/LockstepCore.docc/WriteALayer.md"
    #expect(try String(contentsOfFile: article, encoding: .utf8).contains("```swift\n\(layer)```"))
  }

  /// A tag can name the version: the changelog has its entry, and the first with a date is that.
  @Test func theVersionHasAnEntry() throws {
    let text = try String(contentsOfFile: Repository.root + "/CHANGELOG.md", encoding: .utf8)
    let dated = text.firstMatch(of: #/\n## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d\n/#)
    #expect(dated.map { String($0.1) } == Build.version)
  }

  /// What papers name in backticks by a folder of this repository, and what they link to, is there.
  @Test(arguments: ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/design.md", "docs/performance.md"])
  func whatPapersNameIsThere(paper: String) throws {
    let text = try String(contentsOfFile: Repository.root + "/" + paper, encoding: .utf8)
    let names = namedPaths(in: text)
    #expect(!names.isEmpty)
    let folder = paper.hasPrefix("docs/") ? "docs/" : ""
    for path in names + linkedPaths(in: text).map({ folder + $0 }) {
      let isThere = FileManager.default.fileExists(atPath: Repository.root + "/" + path)
      #expect(isThere, "\(paper) names \(path)")
    }
  }

  /// The first word of what stands in backticks, where it is a path in one of the repository's folders.
  private func namedPaths(in markdown: String) -> [String] {
    let path = #/`((?:Sources|Tests|scripts|docs|recipes|benchmarks|Fuzz)/[^`\s]*)[`\s]/#
    return markdown.matches(of: path).map { String($0.1) }
  }

  /// What links lead to, as they stand, but for other sites and places in the same text.
  private func linkedPaths(in markdown: String) -> [String] {
    markdown.matches(of: #/\]\(([^)\s#]+)/#).map { String($0.1) }.filter { !$0.hasPrefix("http") }
  }

  // The tests above are only as good as these.

  @Test func readsCommandsAndOutput() {
    let markdown = """
      $ not in a block
      ```sh
      a comment
      $ one \\
          --more
      test accuracy 1%
      weights 1
      $ two  # on MNIST

      not output
      $ three  # not run in tests
      output of three
      ```
      ```
      $ not sh
      ```
      """
    #expect(
      readmeCommands(in: markdown) == [
        ReadmeCommand(text: "one \\\n    --more", shown: ["test accuracy 1%", "weights 1"]),
        ReadmeCommand(text: "two  # on MNIST", needsMNIST: true),
      ])
  }

  @Test func findsPaths() {
    let markdown = """
      `Sources/a.swift`, `scripts/b --more`, `c/d`, `Tests` and Sources/e; [f](docs/f.md#g), [h](https://i.org/j),
      [k](#l), [m](n)
      """
    #expect(namedPaths(in: markdown) == ["Sources/a.swift", "scripts/b"])
    #expect(linkedPaths(in: markdown) == ["docs/f.md", "n"])
  }

  static let train =
    "\(Library.scratch)/release/lockstep train --data few --model linear --output runs/one --quiet"

  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func acceptsWhatIsTrue() throws {
    let markdown = """
      ```sh
      $ swift build -c release
      $ export NAME=few
      $ .build/release/lockstep synthesize --output $NAME --train 200 --test 50
      $ mpirun -np 2 --hostfile hostfile \\
          \(Self.train)
      $ echo test accuracy 5%; echo weights 5; echo seconds 9
      test accuracy 5%
      weights 5
      seconds 7
      ```
      """
    #expect(try problems(readmeCommands(in: markdown)) == [])
    #expect(!FileManager.default.fileExists(atPath: Repository.root + "/few"))
  }

  @Test func reportsWhatIsNot() throws {
    let markdown = """
      ```sh
      $ echo weights 5
      weights 6
      $ echo weights 5
      test accuracy 5%
      weights 5
      $ \(Self.train)
      $ swift test
      $ exit 0
      $ echo
      ```
      """
    let problems = try problems(readmeCommands(in: markdown))
    try #require(problems.count == 6, "\(problems)")
    #expect(problems[0].contains("shows [\"weights 6\"], but the results are [\"weights 5\"]"))
    #expect(problems[2].contains("gave status 65: lockstep: few: expected"))
    #expect(problems[3].contains("mark the line"))
    #expect(problems[5] == "'echo' was not reached")
  }
}
