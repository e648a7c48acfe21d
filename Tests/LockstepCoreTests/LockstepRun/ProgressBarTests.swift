import LockstepCore
import Testing

@Suite struct ProgressBarTests {
  static let text = "epoch 12, step 123456/1000000, loss 0.0123, accuracy 99.87%"

  @Test(
    arguments: [0, 1, 2, 8, 9, 10, 20, 40, 60, 70, 79, 80, 85, 120, 10_000],
    ["", "epoch", text, "模型 1/2 é́ 🎉"])
  func isNarrowerThanTheTerminal(columns: Int, text: String) {
    for fraction in [0, 0.5, 1] {
      #expect(ProgressBar.line(fraction, text, columns: columns).columns < max(columns, 1))
    }
  }

  @Test func theBarGivesWayToTheText() {
    func line(_ columns: Int) -> String { ProgressBar.line(0.5, "12 of 24", columns: columns) }
    let half = String(repeating: "█", count: 12) + String(repeating: "░", count: 12)
    #expect(line(80) == half + " 12 of 24")
    #expect(line(34) == half + " 12 of 24")
    #expect(line(33) == half.dropFirst().dropLast(12) + String(repeating: "░", count: 12) + " 12 of 24")
    #expect(line(18) == "████░░░░ 12 of 24")
    #expect(line(17) == "12 of 24")
    #expect(line(6) == "12 of")
    #expect(line(1) == "" && line(0) == "" && line(-5) == "")
  }

  @Test func detailsGiveWayByImportance() {
    let details = ["120/469", "loss 0.1234", "accuracy 97.12%", "0:12 left", "lr 0.02", "61034 samples/s"]
    func line(_ columns: Int) -> String {
      ProgressBar.line(0.25, title: "epoch 3/8", details: details, columns: columns)
    }
    #expect(line(40) == "epoch 3/8 ██░░░░░░ 120/469, loss 0.1234")
    #expect(line(35) == "epoch 3/8 120/469, loss 0.1234")
    #expect(line(20) == "epoch 3/8 120/469, ")
    #expect(line(80) == "epoch 3/8 ██░░░░░░░░░ 120/469, loss 0.1234, accuracy 97.12%, 0:12 left, lr 0.02")
    #expect(line(120).hasSuffix(details.joined(separator: ", ")))
    for columns in -1...130 { #expect(line(columns).columns < max(columns, 1)) }
  }

  @Test(arguments: [(-1.0, 0), (0, 0), (0.04, 0), (0.99, 23), (1, 24), (7, 24), (.nan, 0), (.infinity, 0)])
  func isFilledInProportion(fraction: Double, filled: Int) {
    #expect(ProgressBar.line(fraction, "", columns: 80).count { $0 == "█" } == filled)
  }

  @Test func widthsOfCharacters() {
    #expect("abc".columns == 3)
    #expect("模型".columns == 4)
    #expect("e\u{301}".columns == 1)
    #expect("🎉".columns == 2)
    #expect("█░".columns == 2)
    #expect("模型".cut(to: 3) == "模")
    #expect("模型".cut(to: 1) == "")
  }

  @Test func whatTheScriptSaysOfItsTerminal() {
    func terminal(_ text: String, on host: String = "node1") -> Terminal? {
      Terminal(passedOn: text, host: host)
    }
    #expect(terminal("node1:/dev/pts/3:120")?.path == "/dev/pts/3")
    #expect(terminal("node1:/dev/pts/3:120")?.usualColumns == 120)
    #expect(terminal("node1.cluster:/dev/pts/3:120")?.path == "/dev/pts/3")
    // Another host's terminals are not this one's.
    #expect(terminal("node1:/dev/pts/3:120", on: "node2")?.path == "")
    #expect(terminal("node1:/dev/pts/3:120", on: "node2")?.usualColumns == 120)
    #expect(terminal("node1:/etc/passwd:120")?.path == "")
    for columns in ["", "0", "-3", "x", "99999999999999999999"] {
      #expect(terminal("node1:/dev/pts/3:\(columns)")?.usualColumns == 80)
    }
    for text in ["", "node1", "node1:120", "::"] where text != "::" { #expect(terminal(text) == nil) }
    #expect(terminal("::") == nil)
  }

  @Test func valuesThatBeginWithADash() {
    func joined(_ line: String) -> String {
      joiningValues(of: line.split(separator: " ").map(String.init)).joined(separator: " ")
    }
    #expect(joined("train --lr -0.1 --quiet") == "train --lr=-0.1 --quiet")
    #expect(joined("train --normalize -0.1,0.3") == "train --normalize=-0.1,0.3")
    #expect(joined("train --lr --momentum 0.9") == "train --lr --momentum 0.9")
    #expect(joined("train --lr=3 -1") == "train --lr=3 -1")
    #expect(joined("train --lr -h") == "train --lr -h")
    #expect(joined("train --data -dir --lr -inf --seed -") == "train --data=-dir --lr=-inf --seed=-")
    #expect(joined("evaluate -5 -- -6") == "evaluate -5 -- -6")
    #expect(joined("train --lr -1 -2") == "train --lr=-1 -2")
    #expect(joined("") == "")
  }
}
