import LockstepNetwork
import LockstepSupport

/// The bytes of an ONNX file of IR version 8 and opset 18. Fields have the numbers that onnx.proto gives them
/// (github.com/onnx/onnx/blob/main/onnx/onnx.proto).
package struct ONNXFile {
  /// Readers of Protocol Buffers take less than 2 GB. What is left is for the graph and the metadata.
  private static let mostBytes = 1 << 31 - 1 << 26
  /// TensorProto.FLOAT, an F32.
  private static let float = 1
  /// TensorProto.INT64.
  private static let integer = 7

  var description = ""
  var metadata: [String: String] = [:]
  /// The names of what the graph gives.
  var outputs: [String] = []

  /// Throws `LockstepError` (data) about the model at `path` if its weights do not fit into a file.
  package static func requireRoom(for network: Network, path: String) throws {
    let bytes = 4 * network.savedTensors.reduce(0) { $0 + $1.count }
    guard bytes > mostBytes else { return }
    throw LockstepError(
      .data, path, expected: "at most \(mostBytes) bytes of weights, which an ONNX file holds",
      found: "\(bytes)",
      fix: "Load model.safetensors itself, or train a smaller network")
  }

  /// ModelProto. Metadata are in order of their keys.
  func bytes(of graph: OperatorGraph, _ parameters: Parameters) -> [UInt8] {
    var model = ProtobufMessage()
    model.add(1, 8)
    model.add(2, "lockstep")
    model.add(3, Build.version)
    model.add(6, description)
    model.add(7, message(graph, parameters))
    model.add(8, ProtobufMessage { $0.add(2, 18) })
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      model.add(
        14,
        ProtobufMessage {
          $0.add(1, key)
          $0.add(2, value)
        })
    }
    return model.bytes
  }

  /// GraphProto.
  private func message(_ graph: OperatorGraph, _ parameters: Parameters) -> ProtobufMessage {
    let network = parameters.network
    return ProtobufMessage {
      for node in graph.operators { $0.add(1, Self.message(node)) }
      $0.add(2, "lockstep")
      for tensor in network.savedTensors {
        $0.add(5, Self.tensor(tensor.name, shape: tensor.shape, parameters.values(of: tensor)))
      }
      for constant in graph.constants {
        let values = [Float](repeating: constant.value, count: constant.shape.reduce(1, *))
        $0.add(5, Self.tensor(constant.name, shape: constant.shape, values))
      }
      for shape in graph.shapes { $0.add(5, Self.tensor(shape.name, integers: shape.sizes)) }
      for vector in graph.vectors {
        $0.add(5, Self.tensor(vector.name, shape: [vector.values.count], vector.values))
      }
      $0.add(11, Self.value("input", shape: network.input.shape))
      for output in outputs { $0.add(12, Self.value(output, shape: [network.classes])) }
    }
  }

  /// NodeProto.
  private static func message(_ node: OperatorGraph.Operator) -> ProtobufMessage {
    ProtobufMessage {
      for input in node.inputs { $0.add(1, input) }
      $0.add(2, node.output)
      $0.add(3, node.output)
      $0.add(4, node.kind)
      for attribute in node.attributes { $0.add(5, message(attribute)) }
    }
  }

  /// AttributeProto; field 20 says which of the others is there.
  private static func message(_ attribute: OperatorGraph.Attribute) -> ProtobufMessage {
    ProtobufMessage {
      $0.add(1, attribute.name)
      switch attribute.value {
      case .number(let number):
        $0.add(2, number)
        $0.add(20, 1)
      case .integer(let integer):
        $0.add(3, integer)
        $0.add(20, 2)
      case .integers(let integers):
        for integer in integers { $0.add(8, integer) }
        $0.add(20, 7)
      }
    }
  }

  /// TensorProto.
  private static func tensor(_ name: String, shape: [Int], _ values: [Float]) -> ProtobufMessage {
    ProtobufMessage {
      for size in shape { $0.add(1, size) }
      $0.add(2, float)
      $0.add(8, name)
      $0.add(9, raw: values)
    }
  }

  /// TensorProto of INT64.
  private static func tensor(_ name: String, integers: [Int]) -> ProtobufMessage {
    ProtobufMessage {
      $0.add(1, integers.count)
      $0.add(2, integer)
      for number in integers { $0.add(7, number) }
      $0.add(8, name)
    }
  }

  /// ValueInfoProto of F32 samples, as many as the batch has.
  private static func value(_ name: String, shape: [Int]) -> ProtobufMessage {
    let dimensions = ProtobufMessage {
      $0.add(1, ProtobufMessage { $0.add(2, "batch") })
      for size in shape { $0.add(1, ProtobufMessage { $0.add(1, size) }) }
    }
    let tensor = ProtobufMessage {
      $0.add(1, float)
      $0.add(2, dimensions)
    }
    return ProtobufMessage {
      $0.add(1, name)
      $0.add(2, ProtobufMessage { $0.add(1, tensor) })
    }
  }
}
