import CKernels
import LockstepData
import LockstepSupport

/// Group normalization (Wu and He 2018) of each sample, as torch.nn.GroupNorm: channels side by side make groups, and
/// each is normalized over the pixels of all of its channels:
///
///     y = (x - mean) / sqrt(variance + 1e-5) * weight + bias
///
/// `[rows, n] -> [rows, n]` or `[rows, n, h, w] -> [rows, n, h, w]`, weight and bias `[n]`. A sample's result depends
/// on that sample alone.
struct GroupNorm: RowwiseLayer {
  let output: FeatureLayout
  let groups: Int
  private let channels: ChannelLayout
  private static let epsilon = 1e-5

  /// The channels must divide evenly.
  init(_ layout: FeatureLayout, groups: Int) {
    (output, self.groups, channels) = (layout, groups, ChannelLayout(layout))
  }

  var paddedParameterCount: Int { channels.pairCount }
  var flopsPerSample: Int { 8 * output.features }
  var tensors: [ParameterTensor] { [channels.tensor("weight", 1, 0), channels.tensor("bias", 0, 16)] }

  func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    { rows in
      withRow { row in
        for number in rows {
          let kernel = row.measure(x, number, parameters)
          kernel_batch_norm_forward(kernel, y.mutableMatrix, number.kernel, channels.panels)
        }
      }
    }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { rows, dy, dx in
      guard let dx else { return }
      withRow { row in
        for number in rows {
          let kernel = row.measure(x, number, parameters)
          row.sum(kernel, dy, number)
          row.setSlopes(parameters)
          kernel_channel_gradient(
            kernel, dy.matrix, row.slopes.pointer, dx.mutableMatrix, number.kernel, channels.panels)
        }
      }
    }
  }

  func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (any RowwiseWeightGradient)?
  {
    GroupNormWeightGradient(self, x: x, parameters: parameters, pass: pass)
  }

  /// Calls the body with memory for one row's numbers.
  func withRow(_ body: (Row) -> Void) { body(Row(channels, groups: groups, epsilon: Self.epsilon)) }

  func append(to graph: inout OperatorGraph) {
    if output.shape.count == 1 { graph.flatten() }
    // GroupNormalization differs between opsets 18 and 21: a group as the channel of an instance means the same.
    let shape = graph.shape
    graph.reshape(to: [groups, shape.reduce(1, *) / groups])
    graph.append(
      "InstanceNormalization", constants: [(1, [groups]), (0, [groups])],
      [.number("epsilon", Float(Self.epsilon))])
    graph.reshape(to: shape)
    graph.append(
      "BatchNormalization", tensors: ["weight", "bias"],
      constants: [(0, [output.shape[0]]), (1, [output.shape[0]])], [.number("epsilon", 0)])
  }
}

extension GroupNorm {
  /// A sample's moments and sums, of 16 channels in turn.
  final class Row {
    private let channels: ChannelLayout
    private let epsilon: Double
    private let groups: [Range<Int>]
    private let moments: AlignedBuffer<Double>
    let sums: AlignedBuffer<Double>
    /// As `kernel_channel_gradient` takes them.
    let slopes: AlignedBuffer<Float>

    init(_ channels: ChannelLayout, groups: Int, epsilon: Double) {
      (self.channels, self.epsilon) = (channels, epsilon)
      let size = channels.count / groups
      self.groups = (0..<groups).map { $0 * size..<($0 + 1) * size }
      moments = AlignedBuffer(count: channels.pairCount, zero: 0)
      sums = AlignedBuffer(count: channels.pairCount, zero: 0)
      slopes = AlignedBuffer(count: 2 * channels.pairCount, zero: 0)
    }

    /// Gives each channel the moments of its group.
    func measure(_ x: Activations, _ number: Int, _ parameters: UnsafePointer<Float>) -> kernel_batch_norm {
      let kernel = channels.kernel(
        x, parameters: parameters, moments: moments.pointer, epsilon: epsilon, relu: false)
      kernel_batch_norm_moments(kernel, moments.pointer, number.kernel, channels.panels)
      let moments = moments.pointer
      for group in groups {
        let places = group.map(channels.place)
        let mean = places.reduce(0.0) { $0 + moments[$1] } / Double(places.count)
        // Each channel's variance, and how far its mean is from the group's.
        let variance = places.reduce(0.0) {
          $0 + moments[$1 + 16] + (moments[$1] - mean) * (moments[$1] - mean)
        }
        for place in places {
          moments[place] = mean
          moments[place + 16] = variance / Double(places.count)
        }
      }
      return kernel
    }

    /// Each channel's sums of dy u and of dy.
    func sum(_ kernel: kernel_batch_norm, _ dy: Activations, _ number: Int) {
      kernel_batch_norm_gradient_sums(
        kernel, dy.matrix, dy.matrix, sums.pointer, number.kernel, channels.panels)
    }

    /// dx = (g - mean(g) - u mean(g u)) / sqrt(variance + epsilon) with g = dy w, as factors of dy and x - mean.
    func setSlopes(_ parameters: UnsafePointer<Float>) {
      for group in groups {
        let places = group.map(channels.place)
        let count = Double(places.count * channels.pixels)
        let mean = places.reduce(0.0) { $0 + Double(parameters[$1]) * sums.pointer[$1 + 16] } / count
        let product = places.reduce(0.0) { $0 + Double(parameters[$1]) * sums.pointer[$1] } / count
        for place in places {
          let scale = 1 / (moments.pointer[place + 16] + epsilon).squareRoot()
          let to = slopes.pointer + place / 32 * 64 + place % 16
          to[0] = Float(scale * Double(parameters[place]))
          to[16] = Float(-scale * scale * product)
          to[32] = Float(-scale * mean)
          to[48] = Float(moments.pointer[place])
        }
      }
    }
  }
}

extension GroupNorm {
  struct Form: LayerForm {
    static let keyword = "groupnorm"
    static let parts: [FormPart<Form>] = [.required(.count("G"), \.groups)]
    static let examples = ["groupnorm 2"]
    var groups = 1

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      try network.requireLearnable()
      let channels = network.layout.shape[0]
      try network.require(
        channels % groups == 0, "channels that divide evenly into \(groups) groups", "\(channels)")
      try network.count(inputs: 1, outputs: channels)
      return GroupNorm(network.layout, groups: groups)
    }
  }
}

extension LayerSpecification {
  /// 'groupnorm G': each sample's channels in `groups` groups, less their mean over their deviation, times weights,
  /// plus biases; the shape stays.
  public static func groupNorm(groups: Int) -> Self { Self(GroupNorm.Form(groups: groups)) }
}
