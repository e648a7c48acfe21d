/// Every kind of layer that there is, one a line: what recipes, messages, help and tests know of layers comes from
/// here.
package enum LayerRegistry {
  package static let forms: [any LayerForm.Type] = [
    Dense.Form.self,
    Convolution2D.Form.self,
    MaxPool2D.Form.self,
    AvgPool2D.Form.self,
    AvgPool2D.GlobalForm.self,
    Dropout.Form.self,
    Dropout.ChannelForm.self,
    Flatten.self,
    PlainForm<ReLU>.self,
    LeakyReLU.Form.self,
    PlainForm<Tanh>.self,
    PlainForm<Sigmoid>.self,
    PlainForm<GELU>.self,
    PlainForm<SiLU>.self,
  ]

  /// "dense N|classes, conv N KxK [stride S] [pad P], ...": all that a recipe may write.
  package static var patterns: String { forms.map { $0.pattern }.joined(separator: ", ") }
  /// Of all kinds, as recipes write them.
  package static var examples: [String] { forms.flatMap { $0.examples } }
}
