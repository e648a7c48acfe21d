import LockstepNetwork
import LockstepSupport

/// Which tensor each 16 elements of a network's flat buffer belong to.
struct TensorBlocks {
  /// The number of the tensor in each 16 elements; 0 where there is only padding.
  let numbers: AlignedBuffer<UInt32>
  /// Where each tensor is, in whole blocks of 16.
  let ranges: [Range<Int>]
  /// Whether each has more than one dimension.
  let areMatrices: [Bool]

  init(_ network: Network) {
    let numbers = AlignedBuffer<UInt32>(count: network.paddedParameterCount / 16, zero: 0)
    ranges = network.tensors.enumerated().map { number, tensor in
      var (first, end) = (Int.max, 0)
      for element in 0..<tensor.count {
        let block = tensor.flatIndex(element) / 16
        numbers.pointer[block] = UInt32(number)
        (first, end) = (min(first, block), max(end, block + 1))
      }
      return first * 16..<end * 16
    }
    self.numbers = numbers
    areMatrices = network.tensors.map { $0.shape.count > 1 }
  }
}
