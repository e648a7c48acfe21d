import LockstepNetwork
import LockstepSupport

/// Which tensor each 16 elements of a network's flat buffer belong to. Those of a layer take turns: the weights of 16
/// outputs, then the biases of these.
struct TensorBlocks {
  /// The number of the tensor in each 16 elements; where there is only padding, that before it.
  let numbers: AlignedBuffer<UInt32>
  /// Where each tensor is, in their order.
  let ranges: [[Range<Int>]]

  init(_ network: Network) {
    numbers = AlignedBuffer(count: network.paddedParameterCount / 16, zero: .max)
    for (number, tensor) in network.tensors.enumerated() {
      for element in 0..<tensor.count { numbers.pointer[tensor.flatIndex(element) / 16] = UInt32(number) }
    }
    var ranges = [[Range<Int>]](repeating: [], count: network.tensors.count)
    var (first, current) = (0, UInt32(0))
    for (block, number) in numbers.elements.enumerated() {
      if number == .max || number == current {
        numbers.pointer[block] = current
        continue
      }
      if block > first { ranges[Int(current)].append(first * 16..<block * 16) }
      (first, current) = (block, number)
    }
    if numbers.count > first { ranges[Int(current)].append(first * 16..<numbers.count * 16) }
    self.ranges = ranges
  }
}
