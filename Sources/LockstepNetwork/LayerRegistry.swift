/// Every kind of layer, one a line: recipes, messages, help and tests take the layers from here. Users `register` their
/// own.
public enum LayerRegistry {
  package static let forms: [any LayerForm.Type] = [
    Dense.Form.self,
    Convolution2D.Form.self,
    MaxPool2D.Form.self,
    AvgPool2D.Form.self,
    AvgPool2D.GlobalForm.self,
    Dropout.Form.self,
    Dropout.ChannelForm.self,
    BatchNorm.Form.self,
    LayerNorm.Form.self,
    GroupNorm.Form.self,
    Flatten.self,
    PlainForm<ReLU>.self,
    LeakyReLU.Form.self,
    PlainForm<Tanh>.self,
    PlainForm<Sigmoid>.self,
    PlainForm<GELU>.self,
    PlainForm<SiLU>.self,
  ]

  /// "dense N|classes, conv N KxK [stride S] [pad P], ...": all layers that a recipe may list.
  package static var patterns: String { forms.map { $0.pattern }.joined(separator: ", ") }
  /// Examples of all kinds, as recipes write them.
  package static var examples: [String] { forms.flatMap { $0.examples } }
}
