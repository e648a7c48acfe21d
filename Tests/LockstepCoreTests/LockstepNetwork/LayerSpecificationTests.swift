import LockstepCore
import Testing

@Suite struct LayerSpecificationTests {
  static let forms: [(text: String, layer: LayerSpecification)] = [
    ("dense 512", .dense(outputs: 512)), ("dense classes", .dense(outputs: nil)),
    ("dense 1000000", .dense(outputs: 1_000_000)),
    ("conv 10 5x5", .conv(outputs: 10, size: 5, stride: 1, padding: 0)),
    ("conv 32 3x3 pad 1", .conv(outputs: 32, size: 3, stride: 1, padding: 1)),
    ("conv 32 3x3 stride 2", .conv(outputs: 32, size: 3, stride: 2, padding: 0)),
    ("conv 1 1000x1000 stride 7 pad 999", .conv(outputs: 1, size: 1000, stride: 7, padding: 999)),
    ("maxpool 2", .maxPool(size: 2, stride: 2)), ("maxpool 3 stride 2", .maxPool(size: 3, stride: 2)),
    ("dropout 0.5", .dropout(0.5)), ("dropout 0.0", .dropout(0)), ("dropout 1e-09", .dropout(1e-9)),
    ("dropout2d 0.25", .dropout2D(0.25)),
    ("residual(relu, dense 5)", .residual([.relu, .dense(outputs: 5)])),
    (
      "residual(tanh) shortcut(branches(relu | residual(dense 3)))",
      .residual([.tanh], shortcut: [.branches([.relu], [.residual([.dense(outputs: 3)])])])
    ),
    ("batchnorm momentum 0.25", .batchNorm(momentum: 0.25)),
    ("flatten", .flatten), ("relu", .relu), ("tanh", .tanh), ("sigmoid", .sigmoid),
  ]

  @Test func formsAreTheirTexts() {
    for (text, layer) in Self.forms { #expect(layer.description == text) }
  }

  private static let texts = forms.map(\.text) + LayerRegistry.examples

  @Test(arguments: texts) func textsRoundTrip(text: String) {
    let layer = LayerSpecification(text)
    #expect(layer?.description == text)
    // A list's spaces are no part of it.
    #expect(LayerSpecification("  " + text.split(separator: " ").joined(separator: "   ") + " ") == layer)
    #expect(LayerSpecification(text + " x") == nil && LayerSpecification("x " + text) == nil)
  }

  @Test func examplesAreDistinct() {
    #expect(Set(LayerRegistry.examples).count == LayerRegistry.examples.count)
    #expect(Set(LayerRegistry.forms.map { $0.keyword }).count == LayerRegistry.forms.count)
  }

  /// Which layer, what it could be, what it is, and how to mend it.
  @Test(arguments: [
    ("dense 3, tanh, reul", "one of dense, conv, ", "'reul' as layer 2. Did you mean 'relu'?"),
    ("Conv 3 3x3, relu", "one of dense, ", "'Conv 3 3x3' as layer 0. Did you mean 'conv'?"),
    ("relu,, transformer 3", "one of dense, ", "'transformer 3' as layer 1"),
    (
      "relu, conv  3", "'conv N KxK [stride S] [pad P]'",
      "'conv 3' as layer 1. KxK is a square such as 3x3, up to 1000x1000, and is missing"
    ),
    (
      "conv 3 3", "'conv N KxK [stride S] [pad P]'",
      "'conv 3 3' as layer 0. KxK is a square such as 3x3, up to 1000x1000, not '3'"
    ),
    (
      "maxpool 2 stride 0", "'maxpool K [stride S]'",
      "'maxpool 2 stride 0' as layer 0. S is a whole number from 1 to 1000000, not '0'"
    ),
    (
      "tanh, dense class", "'dense N|classes'",
      "'dense class' as layer 1. N|classes is a whole number from 1 to 1000000, or 'classes', not 'class'"
    ),
    ("relu, tanh x", "'tanh'", "'tanh x' as layer 1. Leave out 'x'"),
    (
      "tanh, residual(relu, branches(relu | dens 3)), relu", "one of dense, ",
      "'dens 3' as layer 0 of 'branches(relu | dens 3)' as layer 1 of 'residual(relu, branches(relu | dens 3))' as "
        + "layer 1. Did you mean 'dense'?"
    ),
    ("residul(relu)", "one of dense, ", "'residul(relu)' as layer 0. Did you mean 'residual'?"),
    (
      "residual(relu",
      "'residual(LAYERS)', 'residual(LAYERS) shortcut(LAYERS)' or 'branches(LAYERS | LAYERS)'",
      "'residual(relu' as layer 0. Give each '(' one ')'"
    ),
    (
      "residual(relu) relu, tanh", "'residual(LAYERS)', ",
      "'residual(relu) relu' as layer 0. Put a comma after a block"
    ),
    ("residual, relu", "'residual(LAYERS)', ", "'residual' as layer 0. Put its layers into parentheses"),
    (
      "residual(relu) shortcu(relu)", "'residual(LAYERS)', ",
      "'residual(relu) shortcu(relu)' as layer 0. 'shortcu(...)' cannot follow here without a comma"
    ),
    ("branches(relu)", "'residual(LAYERS)', ", "'branches(relu)' as layer 0. Put '|' between the branches"),
    (
      "branches(relu |)", "at least one layer in each list of a block",
      "'branches(relu |)' as layer 0. Leave out an empty list"
    ),
  ])
  func errorsNameTheLayer(text: String, expected: String, found: String) {
    var recipe = Recipe()
    let error = #expect(throws: LockstepError.self) {
      try recipe.set("network", to: text, subject: "--network")
    }
    let message = error?.description ?? ""
    #expect(message.hasPrefix("--network: expected \(expected)"), "\(message)")
    #expect(message.hasSuffix("found \(found)"), "\(message)")
  }

  @Test(arguments: [
    "residual", "residual()", "residual(relu", "residual relu", "residual(relu))", "shortcut(relu)", "(relu)",
    "residual(relu) shortcut()", "residual(relu) shortcut(relu) shortcut(relu)",
    "shortcut(relu) residual(relu)",
    "residual(relu | tanh)", "branches()", "branches(relu)", "branches(| relu)", "branches(relu |)",
    String(repeating: "residual(", count: 9) + "relu" + String(repeating: ")", count: 9),
    "", " ", ",", "x", "Dense 3", "dense", "dense 0", "dense -1", "dense 1.5", "dense 1000001", "dense 3 4",
    "dense 99999999999999999999", "dense class", "dense classes 3", "dense\t3", "dense3", "dense ٣",
    "conv", "conv 3", "conv 3 3", "conv 3x3", "conv 3 3x", "conv 3 x3", "conv 3 3x3x3", "conv 3 3x4",
    "conv 3 x3x3",
    "conv 3 3xx3", "conv 3 0x0", "conv 3 -3x-3", "conv 3 1001x1001", "conv 0 3x3", "conv 3 3x3 stride",
    "conv 3 3x3 stride 0", "conv 3 3x3 pad", "conv 3 3x3 pad -1", "conv 3 3x3 pad 1 stride 2",
    "conv 3 3x3 dilation 2",
    "conv 3 3x3 stride 2 pad 1 pad 1", "maxpool", "maxpool 0", "maxpool 2x2", "maxpool 2 stride",
    "maxpool 2 pad 1",
    "dropout", "dropout 1", "dropout -0.1", "dropout nan", "dropout inf", "dropout 0.5 0.5", "dropout half",
    "dropout2d 1.0", "flatten 1", "relu 3", "tanh x", "sigmoid sigmoid", "softmax", "dense\u{0} 3",
    // 1 as Float, which leaves nothing that could be scaled up.
    "dropout 0.99999999", "dropout2d 0.9999999999",
  ])
  func isNoLayer(text: String) {
    #expect(LayerSpecification(text) == nil)
  }

  /// What is read is written and read again as the same; and a network of it is built or refused, never a crash.
  @Test func fuzz() {
    let words = [
      "dense ", "conv ", "3x3", " pad ", " stride ", "maxpool ", "dropout ", "2", "0.5", "e-3", " ",
    ]
    var mutator = Mutator(seed: 3, dictionary: words.map { Array($0.utf8) })
    var accepted = 0
    for i in 0..<20_000 {
      let seed = Self.texts[i % Self.texts.count]
      let text = String(decoding: mutator.mutate(Array(seed.utf8)), as: UTF8.self)
      guard let layer = LayerSpecification(text) else { continue }
      accepted += 1
      #expect(LayerSpecification(layer.description) == layer, "\(text)")
      _ = try? Network(
        inputShape: [2, 9, 9], specification: [layer, .dense(outputs: nil)], classes: 3,
        mostParameters: 10_000)
    }
    #expect(accepted > 500)
  }
}
