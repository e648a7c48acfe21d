import LockstepData

extension Picture {
  /// A sample of a dataset; nil if it is no picture of bytes.
  public init?(sample index: Int, of images: SampleTable) {
    let form = PictureForm(networkInput: images.shape)
    guard images.element == .uint8, let form else { return nil }
    self.init(planes: images.sample(index), channels: form.channels, height: form.height, width: form.width)
  }
}
