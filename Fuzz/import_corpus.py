"""The seeds of what `lockstep import` reads: pictures, arrays, archives and tables."""

import base64
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

PICTURES = json.loads((Path(__file__).parent.parent / "Tests/Golden/pictures.json").read_text())["files"]


def pictures(suffix):
    for picture in PICTURES:
        if picture["name"].endswith(suffix):
            yield picture["name"].split(".")[0], base64.b64decode(picture["file"])


def chunk(kind, data, checksum=0):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ checksum)


def png(width, height, rows=None, bits=8, colours=0, between=b"", interlace=0):
    data = bytes(height * (width + 1)) if rows is None else rows
    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + between + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def png_corpus():
    for name, data in pictures(".png"):
        yield "good-" + name, data
    small = png(3, 2)
    yield "good-small", small
    yield "good-text", png(3, 2, between=chunk(b"tEXt", b"Comment\0" + b"some text " * 9))
    yield "good-appended", small + b"more" * 20
    yield "good-interlaced", png(1, 1, interlace=1)
    yield "bad-bomb", png(30000, 30000, bytes(100))
    yield "bad-wide", png(2**31 - 1, 1, bytes(100))
    yield "bad-too-large", png(2**31, 1, bytes(100))
    yield "bad-no-pixels", png(0, 4, bytes(4))
    yield "bad-few-rows", png(3, 2, bytes(4))
    yield "bad-bits", png(3, 2, bits=3)
    yield "bad-filter", png(3, 2, b"\x09\0\0\0\0\0\0\0")
    yield "bad-checksum", small[:29] + b"\0\0\0\0" + small[33:]
    yield "bad-palette", png(3, 2, colours=3)
    yield "bad-truncated", small[:-20]
    yield "bad-profile-bomb", png(3, 2, bytes(2), between=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000), 9)))
    yield "bad-empty", b""
    yield "bad-mark-only", small[:8]


def jpeg_corpus():
    for name, data in pictures(".jpg"):
        yield "good-" + name, data
        yield "bad-truncated-" + name, data[: len(data) * 2 // 3]
        size = data.index(b"\xff\xc0" if b"\xff\xc0" in data else b"\xff\xc2") + 5
        yield "bad-bomb-" + name, data[:size] + b"\xff\xff\xff\xff" + data[size + 4 :]
    grey = dict(pictures(".jpg"))["grey"]
    yield "good-comment", grey[:2] + b"\xff\xfe\0\x0a12345678" + grey[2:]
    yield "good-appended", grey + bytes(30)
    yield "bad-no-tables", grey[:2] + grey[grey.index(b"\xff\xc0") :]
    yield "bad-marks-only", b"\xff\xd8\xff\xd9"
    yield "bad-many-marks", b"\xff\xd8" + b"\xff" * 2000
    yield "bad-no-pixels", grey.replace(b"\xff\xc0\0\x0b\x08\0\x09", b"\xff\xc0\0\x0b\x08\0\0")


def npy(shape, data=None, kind="|u1", size=1, order="False", version=1):
    text = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (
        kind if kind.startswith("[") else repr(kind), order, shape if isinstance(shape, str) else repr(tuple(shape)))
    count = size
    for dimension in shape if not isinstance(shape, str) else ():
        count *= dimension
    head = text.encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    return b"\x93NUMPY" + bytes([version, 0]) + length + head + (bytes(i % 7 for i in range(count)) if data is None else data)


def npy_corpus():
    yield "good-bytes", npy([2, 3])
    yield "good-one", npy([5])
    yield "good-floats", npy([2, 2], kind="<f4", size=4)
    yield "good-doubles", npy([2, 1, 2], kind=">f8", size=8)
    yield "good-halves", npy([3], kind="<f2", size=2)
    yield "good-int64", npy([3, 1], kind="<i8", size=8)
    yield "good-column-of-fortran", npy([4, 1], order="True")
    yield "good-version-2", npy([2], version=2)
    yield "bad-objects", npy([2], kind="|O")
    yield "bad-records", npy([2], kind="[('a', '<i4')]")
    yield "bad-text", npy([2], kind="<U8")
    yield "bad-fortran", npy([2, 3], order="True")
    yield "bad-version", npy([2], version=9)
    yield "bad-short", npy([9, 9], bytes(5))
    yield "bad-appended", npy([2]) + b"x"
    yield "bad-overflow", npy("(4294967296, 4294967296, 4294967296)")
    yield "bad-negative", npy("(-1, 3)")
    yield "bad-none", npy([0, 3])
    yield "bad-number", npy("()", b"x")
    yield "bad-shape", npy("(a,)")
    yield "bad-deep", npy("(" * 500)
    yield "bad-long-header", b"\x93NUMPY\x02\0" + b"\xff\xff\xff\x7f" + b"{"
    yield "bad-empty", b""


def archive(compression=zipfile.ZIP_STORED, **arrays):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in arrays.items():
            file.writestr(zipfile.ZipInfo(name + ".npy"), data, compress_type=compression)
    return stream.getvalue()


def npz_corpus():
    train = {"x_train": npy([3, 2, 2]), "y_train": npy([3])}
    test = {"x_test": npy([2, 2, 2]), "y_test": npy([2])}
    yield "good-keras", archive(**train, **test)
    yield "good-compressed", archive(zipfile.ZIP_DEFLATED, **train)
    yield "good-savez", archive(arr_0=npy([2, 4]), arr_1=npy([2, 1]))
    yield "good-one-hot", archive(x=npy([2, 4]), y=npy([2, 2], bytes([0, 1, 1, 0])))
    yield "good-validation", archive(train_images=npy([1, 1]), train_labels=npy([1]), val_images=npy([1, 1]), val_labels=npy([1]))
    yield "good-mark-in-comment", archive(**train)[:-2] + b"\x04\0PK\x05\x06"
    whole = archive(**train)
    yield "bad-truncated", whole[:-30]
    yield "bad-checksum", whole.replace(npy([3]), npy([3])[:-1] + b"\x01")
    yield "bad-objects", archive(x_train=npy([3], kind="|O"), y_train=npy([3]))
    yield "bad-no-labels", archive(x_train=npy([3, 2]))
    yield "bad-other-count", archive(x_train=npy([3, 2]), y_train=npy([4]))
    yield "bad-multi-label", archive(x_train=npy([2, 2]), y_train=npy([2, 3], bytes([1, 1, 0, 0, 0, 1])))
    yield "bad-twice", archive(x_train=npy([2, 2]), train_images=npy([2, 2]), y_train=npy([2]))
    yield "bad-names", archive(weights=npy([2, 2]), bias=npy([2]))
    yield "bad-no-arrays", b"PK\x05\x06" + bytes(18)
    yield "bad-bomb", archive(zipfile.ZIP_DEFLATED, x_train=npy([100, 999], bytes(90_000)), y_train=npy([100]))
    yield "bad-many-entries", b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + bytes(10)
    yield "bad-empty", b""


def csv_corpus():
    yield "good-labels-first", b"3,0,255\n1,7,8\n"
    yield "good-header", b"a,label,b\n1,0,2.5\n3,1,-4e3\n"
    yield "good-mark-and-returns", b"\xef\xbb\xbflabel;p\r\n1;2\r\n\r\n0;3"
    yield "good-names", b'x,class\n1,"rose"\n2,lily\n'
    yield "good-spaces", b" 1 , 2\n 0 ,3 \n"
    yield "good-tabs", b"1\t2\n0\t3\n"
    yield "bad-unequal", b"1,2,3\n4,5\n"
    yield "bad-longer", b"1,2,3\n4,5,6,7\n"
    yield "bad-word", b"1,2\n3,x\n"
    yield "bad-nan", b"1,2\n3,nan\n"
    yield "bad-negative-label", b"-1,2\n"
    yield "bad-label-fraction", b"1,2\n1.5,2\n"
    yield "bad-label-huge", b"1,2\n99999999999999999999,2\n"
    yield "bad-two-labels", b"label,y,x\n1,2,3\n"
    yield "bad-header-only", b"label,x\n"
    yield "bad-no-label", b"a,b\n1,2\n"
    yield "bad-one-column", b"1\n2\n"
    yield "bad-empty", b""
    yield "bad-zeros", bytes(100)
    yield "bad-commas", b"," * 1000


ALL = {"png": png_corpus, "jpeg": jpeg_corpus, "npy": npy_corpus, "npz": npz_corpus, "csv": csv_corpus}
