import LockstepCore
import PlatformC

/// A forward pass of layers in Double, which takes the tensors of each in turn.
struct ReferencePass {
  let tensors: [[Double]]
  let state: [[Double]]
  let samples: [Int]?
  let groups: [Range<Int>]?
  private var (tensor, kept, number) = (0, 0, 0)

  init(tensors: [[Double]], state: [[Double]], samples: [Int]?, groups: [Range<Int>]?) {
    (self.tensors, self.state, self.samples, self.groups) = (tensors, state, samples, groups)
  }

  mutating func run(_ layers: [LayerSpecification], _ x: [ReferenceValues]) -> [ReferenceValues] {
    layers.reduce(x) { apply($1, $0) }
  }

  private mutating func apply(_ layer: LayerSpecification, _ x: [ReferenceValues]) -> [ReferenceValues] {
    switch layer.content {
    case .layer: break
    case .residual(let body, let shortcut):
      defer { number += 1 }
      let body = run(body, x)
      return zip(body, run(shortcut, x)).map { a, b in
        ReferenceValues(shape: a.shape, values: zip(a.values, b.values).map(+))
      }
    case .branches(let branches):
      defer { number += 1 }
      let ends = branches.map { run($0, x) }
      return x.indices.map { row in
        let parts = ends.map { $0[row] }
        let channels = parts.reduce(0) { $0 + $1.shape[0] }
        return ReferenceValues(
          shape: [channels] + parts[0].shape.dropFirst(), values: parts.flatMap(\.values))
      }
    }
    let words = layer.description.split(separator: " ").map(String.init)
    defer { number += 1 }
    if words[0] == "batchnorm" { return normalized(words, x) }
    let learned = ["dense", "conv", "layernorm", "groupnorm"].contains(words[0])
    let (weight, bias) = learned ? (tensors[tensor], tensors[tensor + 1]) : ([], [])
    if learned { tensor += 2 }
    return x.enumerated().map { row, x in
      Self.apply(words, x, weight, bias) { [samples, number] p, units in
        samples.map { x.dropped(p, units: units, layer: number, sample: $0[row]) } ?? x
      }
    }
  }

  /// Any layer of one sample.
  private static func apply(
    _ words: [String], _ x: ReferenceValues, _ weight: [Double], _ bias: [Double],
    dropped: (_ p: Double, _ units: Int) -> ReferenceValues
  ) -> ReferenceValues {
    let size = words.dropFirst().last { $0.contains("x") }.map { Int($0.split(separator: "x")[0])! } ?? 0
    func value(_ key: String) -> Int? { words.firstIndex(of: key).map { Int(words[$0 + 1])! } }
    func each(_ f: (Double) -> Double) -> ReferenceValues {
      ReferenceValues(shape: x.shape, values: x.values.map(f))
    }
    switch words[0] {
    case "dense": return x.dense(weight: weight, bias: bias)
    case "conv":
      return x.convolved(
        weight: weight, bias: bias, size: size, stride: value("stride") ?? 1, padding: value("pad") ?? 0)
    case "maxpool": return x.maxPooled(size: Int(words[1])!, stride: value("stride") ?? Int(words[1])!)
    case "dropout", "dropout2d":
      return dropped(Double(words[1])!, words[0] == "dropout" ? x.values.count : x.shape[0])
    case "flatten": return ReferenceValues(shape: [x.values.count], values: x.values)
    case "relu": return each { max($0, 0) }
    case "tanh": return each { tanh($0) }
    case "sigmoid": return each { 1 / (1 + exp(-$0)) }
    case "gelu": return each { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 }
    case "silu": return each { $0 / (1 + exp(-$0)) }
    case "leakyrelu":
      let slope = words.count > 1 ? Double(words[1])! : 0.01
      return each { $0 > 0 ? $0 : slope * $0 }
    case "layernorm":
      let values = ReferenceNetwork.layerNorm(x.values, weight: weight, bias: bias)
      return ReferenceValues(shape: x.shape, values: values)
    case "groupnorm":
      let units = ReferenceNetwork.grouped(x.values, Int(words[1])!).flatMap { group in
        ReferenceNetwork.layerNorm(group, weight: group.map { _ in 1 }, bias: group.map { _ in 0 })
      }
      let pixels = units.count / weight.count
      return ReferenceValues(
        shape: x.shape, values: units.enumerated().map { $1 * weight[$0 / pixels] + bias[$0 / pixels] })
    case "avgpool": return x.averaged(size: Int(words[1])!, stride: value("stride") ?? Int(words[1])!)
    case "globalavgpool": return x.averaged()
    default: preconditionFailure("no reference for \(words)")
    }
  }

  /// By each group's mean and variance, or the running ones.
  private mutating func normalized(_ words: [String], _ x: [ReferenceValues]) -> [ReferenceValues] {
    defer { (tensor, kept) = (tensor + 2, kept + 2) }
    let epsilon = words.firstIndex(of: "eps").map { Double(words[$0 + 1])! } ?? 1e-5
    let (weight, bias) = (tensors[tensor], tensors[tensor + 1])
    let pixels = x[0].values.count / weight.count
    var x = x
    for rows in groups ?? [x.indices] {
      for channel in weight.indices {
        let places = rows.flatMap { row in (0..<pixels).map { (row, channel * pixels + $0) } }
        var (mean, variance) = groups == nil ? (state[kept][channel], state[kept + 1][channel]) : (0, 0)
        if groups != nil {
          mean = places.reduce(0) { $0 + x[$1.0].values[$1.1] } / Double(places.count)
          variance = places.reduce(0) { $0 + pow(x[$1.0].values[$1.1] - mean, 2) } / Double(places.count)
        }
        for (row, at) in places {
          let unit = (x[row].values[at] - mean) / (variance + epsilon).squareRoot()
          x[row].values[at] = unit * weight[channel] + bias[channel]
        }
      }
    }
    return x
  }
}
