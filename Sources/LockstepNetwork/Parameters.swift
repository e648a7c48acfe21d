import LockstepData
import LockstepSupport

/// A network's parameters and state: one flat buffer, of which layers own ranges.
public final class Parameters {
  /// The network that these are the parameters of.
  public let network: Network
  private let buffer: AlignedBuffer<Float>

  package var pointer: UnsafeMutablePointer<Float> { buffer.pointer }
  package var count: Int { buffer.count }
  package var state: UnsafeMutablePointer<Float> { pointer + network.paddedParameterCount }

  /// All zero.
  public convenience init(_ network: Network) {
    self.init(network, buffer: AlignedBuffer(count: network.bufferCount, zero: 0))
  }

  /// Over memory that holds `network.bufferCount` Floats, whose values stay.
  package init(_ network: Network, buffer: AlignedBuffer<Float>) {
    self.network = network
    self.buffer = buffer
  }

  /// Copies a moment, which is laid out like the network's parameters and has no state.
  package convenience init(_ network: Network, moment values: UnsafeMutablePointer<Float>) {
    self.init(network)
    pointer.update(from: values, count: network.paddedParameterCount)
  }

  /// The same values in memory of their own.
  package var copy: Parameters {
    let copy = Parameters(network)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }

  /// The initial weights of a seed: element e of tensor t is uniform within the tensor's `initialBound`, a function of
  /// (seed, t, e) alone.
  public convenience init(_ network: Network, seed: UInt64) {
    self.init(network)
    initialize(seed: seed)
  }

  package func initialize(seed: UInt64) {
    for (number, tensor) in network.tensors.enumerated() {
      Self.forEachInitialValue(of: tensor, number: number, seed: seed) {
        buffer.pointer[tensor.flatIndex($0)] = $1
      }
    }
    for tensor in network.stateTensors {
      for element in 0..<tensor.count { buffer.pointer[tensor.flatIndex(element)] = tensor.initialValue }
    }
  }

  private static func forEachInitialValue(
    of tensor: ParameterTensor, number: Int, seed: UInt64, _ body: (_ element: Int, _ value: Float) -> Void
  ) {
    let random = CounterRandom(seed: seed, purpose: .initialWeights, time: number)
    let (middle, bound) = (tensor.initialValue, tensor.initialBound)
    for start in stride(from: 0, to: tensor.count, by: 4) {
      let bits = random.block(start / 4)
      for element in start..<min(start + 4, tensor.count) {
        let drawn = (2 * CounterRandom.uniform(bits[element - start]) - 1) * bound
        body(element, middle == 0 ? drawn : middle + drawn)
      }
    }
  }

  /// How far each of `network.tensors` is from the initial weights of a seed: the squared norms of the difference and
  /// of the initial weights, in double, without a copy of them.
  package func distances(fromInitial seed: UInt64) -> [(moved: Double, initial: Double)] {
    network.tensors.enumerated().map { number, tensor in
      var (moved, initial) = (0.0, 0.0)
      Self.forEachInitialValue(of: tensor, number: number, seed: seed) { element, value in
        let step = Double(pointer[tensor.flatIndex(element)]) - Double(value)
        moved += step * step
        initial += Double(value) * Double(value)
      }
      return (moved, initial)
    }
  }

  /// How far the weights have moved from the initial ones of a seed, in the norm of these: of all tensors together, and
  /// of each; nil where the initial ones are 0.
  package func changes(fromInitial seed: UInt64) -> (all: Double?, tensors: [Double?]) {
    func fraction(_ moved: Double, _ initial: Double) -> Double? {
      initial > 0 ? (moved / initial).squareRoot() : nil
    }
    let distances = distances(fromInitial: seed)
    return (
      fraction(distances.reduce(0) { $0 + $1.moved }, distances.reduce(0) { $0 + $1.initial }),
      distances.map { fraction($0.moved, $0.initial) }
    )
  }

  /// The elements of one of the network's tensors, row-major in its shape.
  public func values(of tensor: ParameterTensor) -> [Float] {
    (0..<tensor.count).map { pointer[tensor.flatIndex($0)] }
  }

  /// Replaces all elements by those of the same network's other parameters.
  package func set(to other: Parameters) { pointer.update(from: other.pointer, count: count) }

  /// Replaces a tensor's elements.
  package func set(_ tensor: ParameterTensor, to values: [Float]) {
    precondition(values.count == tensor.count)
    for (element, value) in values.enumerated() { pointer[tensor.flatIndex(element)] = value }
  }

  /// The 64-bit FNV-1a hash (Fowler, Noll, Vo; draft-eastlake-fnv) of every tensor in the order of their names: the
  /// name, a zero byte, then the elements as little-endian bytes. It does not depend on the layout in memory, and any
  /// single changed byte changes it.
  public var digest: UInt64 {
    var hash = FNV1a()
    for tensor in network.savedTensors.sorted(by: { $0.name < $1.name }) { add(tensor, to: &hash) }
    return hash.value
  }

  /// The same for one tensor alone.
  package func digest(of tensor: ParameterTensor) -> UInt64 {
    var hash = FNV1a()
    add(tensor, to: &hash)
    return hash.value
  }

  private func add(_ tensor: ParameterTensor, to hash: inout FNV1a) {
    for byte in tensor.name.utf8 { hash.combine(byte) }
    hash.combine(UInt8(0))
    for element in 0..<tensor.count { hash.combine(pointer[tensor.flatIndex(element)].bitPattern) }
  }
}
