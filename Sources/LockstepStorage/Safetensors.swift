import LockstepSupport
import LockstepTraining

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The safetensors format (huggingface.co/docs/safetensors): the header's length as a little-endian u64, a header in
/// JSON, the tensors' bytes. Only F32 tensors are written; others are read where that is asked for.
public struct Safetensors: Equatable, Sendable {
  /// A tensor of F32.
  public typealias Tensor = NamedTensor

  /// The strings of `__metadata__`.
  public var metadata: [String: String]
  /// In the order of their data when read; in any order when written.
  public var tensors: [Tensor]

  public init(metadata: [String: String], tensors: [Tensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The tensor of this name; nil for none.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// Names sorted, no time stamp, the header padded with spaces to a multiple of 8: equal content is equal bytes.
  ///
  /// Throws `LockstepError` (data) for a tensor whose number of values does not match its shape.
  public func serialized() throws -> [UInt8] {
    for tensor in tensors where tensor.count != tensor.values.count {
      throw LockstepError(
        .data, tensor.name, expected: "values for a shape of \(tensor.shape)", found: "\(tensor.values.count)"
      )
    }
    let sorted = tensors.sorted { $0.name < $1.name }
    var entries = [
      "\"__metadata__\":{"
        + metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
        .joined(separator: ",") + "}"
    ]
    var offset = 0
    for tensor in sorted {
      let end = offset + tensor.values.count * 4
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes += $0 }
    bytes += header
    for tensor in sorted {
      for value in tensor.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
    }
    return bytes
  }
}

extension Safetensors {
  struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case dataOffsets = "data_offsets"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      dtype = try container.decode(String.self, forKey: .dtype)
      shape = try container.decode([JSONInteger].self, forKey: .shape).map(\.value)
      dataOffsets = try container.decode([JSONInteger].self, forKey: .dataOffsets).map(\.value)
    }
  }
  struct Header: Decodable {
    var metadata: [String: String]?
    var entries: [(name: String, entry: Entry)] = []

    /// The number of members of all objects: the metadata and its keys, each tensor and its three.
    var memberCount: Int { (metadata.map { 1 + $0.count } ?? 0) + 4 * entries.count }

    init(from decoder: any Decoder) throws {
      struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }
      let container = try decoder.container(keyedBy: Name.self)
      for key in container.allKeys {
        if key.stringValue == "__metadata__" {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          entries.append((key.stringValue, try container.decode(Entry.self, forKey: key)))
        }
      }
    }
  }

  /// PyTorch's names have a few dozen characters. Hashing one of combining characters takes quadratic time.
  static let longestName = 1024
}
