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
    if form.isCentred {
      let digit = centred(width: form.width, height: form.height)
      return form.channels == 1 ? digit : digit.coloured
    }
    let scaled = (form.channels == 1 ? grey : coloured).scaled(width: form.width, height: form.height)
    return form.isInverted ? scaled.inverted : scaled
  }
}
