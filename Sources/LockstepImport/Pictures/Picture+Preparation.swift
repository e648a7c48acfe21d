import LockstepData

extension Picture {
  /// The picture as a network takes it: grey or coloured, of the form's size, inverted, centred or transposed where the
  /// form says so.
  public func prepared(as form: PictureForm) -> Picture {
    if form.isTransposed {
      var form = form
      (form.isTransposed, form.width, form.height) = (false, form.height, form.width)
      return prepared(as: form).transposed
    }
    let picture = form.channels == 1 ? grey : coloured
    if form.isCentred { return picture.centred(width: form.width, height: form.height) }
    let scaled = picture.scaled(width: form.width, height: form.height)
    return form.isInverted ? scaled.inverted : scaled
  }
}
