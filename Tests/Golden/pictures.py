#!/usr/bin/env python3
"""Writes pictures.json: PNG and JPEG files with their pixels as Pillow reads them, and what Pillow makes of pixels that
are scaled. Needs Pillow and numpy."""

import base64
import io
import json
from pathlib import Path

import numpy
from PIL import Image


def text(data):
    return base64.b64encode(bytes(data)).decode()


def described(image):
    pixels = numpy.asarray(image)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return {"width": image.width, "height": image.height, "channels": channels, "pixels": text(pixels.tobytes())}


def smooth(height, width, channels=3):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    values = 127 + 120 * numpy.sin(x / 3.0 + c) * numpy.cos(y / 4.0 - c)
    return Image.fromarray(values.astype(numpy.uint8).squeeze())


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def files():
    colours, grey = smooth(9, 13), smooth(9, 13, 1)
    yield "rgb.png", encoded(colours, "PNG"), colours
    yield "grey.png", encoded(grey, "PNG"), grey
    palette = colours.quantize(16)
    yield "palette.png", encoded(palette, "PNG"), palette.convert("RGB")
    bits = grey.point(lambda v: 255 * (v > 127)).convert("1")
    yield "bits.png", encoded(bits, "PNG"), bits.convert("L")
    deep = Image.fromarray(numpy.asarray(grey).astype(numpy.uint16) * 257)
    yield "deep.png", encoded(deep, "PNG"), grey
    seen = colours.copy()
    seen.putalpha(Image.fromarray((numpy.arange(117).reshape(9, 13) % 2 * 255).astype(numpy.uint8)))
    white = Image.new("RGB", seen.size, (255, 255, 255))
    white.paste(seen, mask=seen)
    yield "transparent.png", encoded(seen, "PNG"), white
    for name, image, options in [
        ("rgb.jpg", colours, {"quality": 90}),
        ("grey.jpg", grey, {"quality": 90}),
        ("progressive.jpg", colours, {"quality": 80, "progressive": True}),
        ("whole.jpg", colours, {"quality": 95, "subsampling": 0}),
    ]:
        data = encoded(image, "JPEG", **options)
        yield name, data, Image.open(io.BytesIO(data))


def scalings():
    for name, image, size in [
        ("smaller", smooth(30, 40), (7, 9)),
        ("larger", smooth(5, 4), (11, 13)),
        ("grey", smooth(28, 28, 1), (20, 14)),
        ("to one", smooth(17, 3, 1), (1, 1)),
    ]:
        result = image.resize(size, Image.BILINEAR)
        yield {"name": name, "from": described(image), "to": described(result), "grey": described(image.convert("L"))}


result = {
    "files": [{"name": name, "file": text(data), "picture": described(image)} for name, data, image in files()],
    "scalings": list(scalings()),
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, indent=1) + "\n")
