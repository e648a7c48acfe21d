/// The four files of a dataset.
package enum DatasetPart: Int, CaseIterable, Sendable, CustomStringConvertible {
  case trainImages, trainLabels, testImages, testLabels

  package var description: String {
    switch self {
    case .trainImages: "train images"
    case .trainLabels: "train labels"
    case .testImages: "test images"
    case .testLabels: "test labels"
    }
  }

  /// The name that MNIST gives the file.
  package var canonicalName: String {
    switch self {
    case .trainImages: "train-images-idx3-ubyte"
    case .trainLabels: "train-labels-idx1-ubyte"
    case .testImages: "t10k-images-idx3-ubyte"
    case .testLabels: "t10k-labels-idx1-ubyte"
    }
  }

  /// The names before `-idx3-ubyte` that are accepted.
  var stems: [String] {
    switch self {
    case .trainImages: ["train-images"]
    case .trainLabels: ["train-labels"]
    case .testImages: ["t10k-images", "test-images"]
    case .testLabels: ["t10k-labels", "test-labels"]
    }
  }
}

/// A value for each of the four files.
struct PartTable<Value> {
  private var values: [Value]

  init(_ value: (DatasetPart) throws -> Value) rethrows {
    values = try DatasetPart.allCases.map(value)
  }

  subscript(part: DatasetPart) -> Value {
    get { values[part.rawValue] }
    set { values[part.rawValue] = newValue }
  }
}
