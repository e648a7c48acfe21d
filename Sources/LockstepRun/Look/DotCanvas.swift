/// Dots, two by two in a character, each with the colour of the line that was drawn there last.
struct DotCanvas {
  private let columns: Int
  /// By character: which of its dots are set (1, 2: upper, 4, 8: lower; from the left), and the colour's number.
  private var cells: [(dots: Int, colour: Int)]

  init(columns: Int, rows: Int) {
    self.columns = columns
    cells = Array(repeating: (0, 0), count: columns * rows)
  }

  /// The dot of a value among `count` over a range; the middle one of an empty range.
  static func place(_ value: Double, in range: ClosedRange<Double>, of count: Int) -> Int {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite else { return count / 2 }
    return min(max(Int((value - range.lowerBound) / span * Double(count - 1) + 0.5), 0), count - 1)
  }

  /// Connects dots, the upper left one being (0, 0), each column of dots from the height before.
  mutating func draw(_ dots: [(x: Int, y: Int)], colour: Int) {
    guard var (x, y) = dots.first else { return }
    set(x, y, colour)
    for (nextX, nextY) in dots.dropFirst() {
      let (startX, startY) = (x, y)
      for column in startX...max(startX, nextX) {
        let part = nextX == startX ? 1 : Double(column - startX) / Double(nextX - startX)
        let height = startY + Int((Double(nextY - startY) * part).rounded())
        for row in min(y, height)...max(y, height) { set(column, row, colour) }
        y = height
      }
      (x, y) = (nextX, nextY)
    }
  }

  private mutating func set(_ x: Int, _ y: Int, _ colour: Int) {
    let cell = y / 2 * columns + x / 2
    cells[cell].dots |= 1 << (2 * (y % 2) + x % 2)
    cells[cell].colour = colour
  }

  /// A row's characters, those of a colour next to each other passed to `paint` together.
  func row(_ row: Int, paint: (String, Int) -> String) -> String {
    var (result, run, colour) = ("", "", 0)
    for cell in cells[row * columns..<(row + 1) * columns] {
      if cell.dots != 0, cell.colour != colour {
        result += paint(run, colour)
        (run, colour) = ("", cell.colour)
      }
      run.append(Self.characters[cell.dots])
    }
    return result + paint(run, colour)
  }

  private static let characters = Array(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
}
