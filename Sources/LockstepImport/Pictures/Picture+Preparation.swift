import LockstepData

extension Picture {
  /// The picture as a network takes it: grey or coloured, of the form's size, inverted or centred where the form says
  /// so.
  public func prepared(as form: PictureForm) -> Picture {
    let picture = form.channels == 1 ? grey : coloured
    if form.isCentred { return picture.centred(width: form.width, height: form.height) }
    let scaled = picture.scaled(width: form.width, height: form.height)
    return form.isInverted ? scaled.inverted : scaled
  }
}
