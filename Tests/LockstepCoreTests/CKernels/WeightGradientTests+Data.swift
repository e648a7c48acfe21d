extension WeightGradientTests {
  static let data: [Data] = {
    var numbers = Numbers(seed: 11)
    let (nx, ny) = (rows * inputs, rows * outputs)
    func units(_ count: Int, _ unit: Float) -> [Float] {
      (0..<count).map { Float(2 * ($0 * 7919 % 4001) - 4001) * unit }
    }
    let ones = [Float](repeating: 1, count: nx)
    let longUnits = (0..<ny).map { (1 << 22) + (1 << 20) + $0 * 7919 % (1 << 20) }
    return [
      Data(name: "plain", x: numbers.floats(nx), dy: numbers.floats(ny, scale: 0.1)),
      Data(name: "awkward", x: numbers.awkwardFloats(nx), dy: numbers.awkwardFloats(ny)),
      // Half way between two multiples of 2^-42, and of 2^-20, where the fast path cuts a number in two.
      Data(name: "ties of 2^-42", x: ones, dy: units(ny, 0x1p-43)),
      Data(name: "ties of 2^-20", x: ones, dy: units(ny, 0x1p-21)),
      Data(name: "denormals", x: ones, dy: (0..<ny).map { Float(bitPattern: UInt32($0) + 1) }),
      Data(name: "near the bound", x: ones, dy: (0..<ny).map { _ in 0.1695 }),
      // Most inputs are 0, which the kernel leaves out: whole groups of them, some of a group, and of both signs.
      Data(
        name: "mostly zero", x: numbers.floats(nx).enumerated().map { sparse($0.offset, $0.element) },
        dy: numbers.floats(ny, scale: 0.1)),
      Data(
        name: "mostly zero, awkward",
        x: numbers.awkwardFloats(nx).enumerated().map { sparse($0.offset, $0.element) },
        dy: numbers.awkwardFloats(ny)),
      Data(name: "zero", x: ones.map { _ in 0 }, dy: units(ny, 0.001)),
      // The parts below 2^-20 sum to more than 24 bits: rounding them before the whole would round twice.
      Data(name: "long", x: ones, dy: longUnits.map { Float($0) * 0x1p-42 }),
    ]
  }()

  /// Row r keeps the inputs of a few groups of four, and of those not all.
  static func sparse(_ index: Int, _ value: Float) -> Float {
    let (row, input) = index.quotientAndRemainder(dividingBy: inputs)
    return (row + input / 4) % 4 == 0 && (row + input) % 7 > 1 ? value : (index % 2 == 0 ? 0 : -0.0)
  }
}
