extension Network {
  /// The layers as a table for people: each one's text, output shape, number of parameters (without padding), and
  /// floating-point operations of one sample's forward pass.
  public var table: String {
    var rows = [["layer", "", "output", "parameters", "FLOPs a sample"]]
    rows.append(["input", "", Self.text(input.shape), "", ""])
    let units = FusionPlan(self).units
    for (index, unit) in units.enumerated() {
      let (layer, name) = (unit.layer, unit.name)
      let places = (index...index + 1).map {
        $0 < units.count ? positions[units[$0].layers.lowerBound] : specification.count
      }
      // A fused ReLU is shown with the layer before it, and so is a flatten.
      let what = specification[places[0]..<places[1]].map(\.description).joined(separator: " + ")
      let parameters = layer.tensors.reduce(0) { $0 + $1.count }
      rows.append([name, what, Self.text(layer.outputShape), "\(parameters)", "\(layer.flopsPerSample)"])
    }
    let flops = units.map(\.layer).reduce(0) { $0 + $1.flopsPerSample }
    rows.append(["total", "", "", "\(tensors.reduce(0) { $0 + $1.count })", "\(flops)"])
    return Self.aligned(rows)
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

  /// Columns of equal width, the last two to the right.
  private static func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < 3 ? cell + padding : padding + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
