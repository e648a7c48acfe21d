#!/usr/bin/env python3
"""Writes the seed corpus, Fuzz/corpus/TARGET/*: small files, some sound, most hostile.

A name says what a reader must make of it: `good-` is accepted, `bad-` is refused. Files named `found-` were found by
fuzzing and stay as they are.
"""

import gzip
import json
import math
import struct
import zlib
from pathlib import Path

import import_corpus

CORPUS = Path(__file__).parent / "corpus"


def idx(dimensions, data=None, element=8, size=1):
    count = size
    for dimension in dimensions:
        count *= dimension
    head = bytes([0, 0, element, len(dimensions)]) + b"".join(struct.pack(">I", d) for d in dimensions)
    return head + (bytes(i % 251 for i in range(count)) if data is None else data)


def compressed(data, **fields):
    return gzip.compress(data, mtime=0, **fields)


def idx_corpus():
    images, labels = idx([4, 2, 3]), idx([6], bytes([5, 0, 4, 1, 9, 2]))
    yield "good-images", images
    yield "good-labels", labels
    yield "good-int32-labels", idx([3, 2], None, 0x0C, 4)
    yield "good-float64", idx([2, 1, 2, 2], None, 0x0E, 8)
    yield "good-int16", idx([30, 3], None, 0x0B, 2)
    yield "good-int8", idx([1, 1], None, 9)
    yield "good-255-dimensions", idx([1] * 255)
    yield "good-images.gz", compressed(images)
    yield "good-two-members.gz", compressed(images[:20]) + compressed(images[20:])
    yield "good-bomb.gz", compressed(idx([3000, 1000], bytes(3_000_000)))
    yield "bad-empty", b""
    yield "bad-html", b"<!DOCTYPE html><html><title>404 Not Found</title></html>"
    yield "bad-html-mark", b"\xef\xbb\xbf \r\n<html>"
    yield "bad-numpy", b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }".ljust(128) + b"abcd"
    yield "bad-npz", b"PK\x03\x04\x14\0\0\0\0\0"
    yield "bad-lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9912422\n"
    yield "bad-60000-images", idx([60000, 28, 28], bytes(2000))
    yield "bad-60000-images.gz", compressed(idx([60000, 28, 28], bytes(2_000_000)))
    yield "bad-promise-just-kept.gz", compressed(idx([1000, 1000], bytes(999_999)))
    yield "bad-bomb-over-little.gz", compressed(idx([2, 2], bytes(3_000_000)))
    yield "bad-truncated", images[:-1]
    yield "bad-appended", images + b"\0"
    yield "bad-truncated.gz", compressed(images)[:-9]
    yield "bad-twice.gz", compressed(compressed(images))
    yield "bad-no-samples", idx([0, 28, 28])
    yield "bad-empty-samples", idx([4, 0])
    yield "bad-no-dimensions", idx([], b"\0")
    yield "bad-short-header", b"\0\0\x08\x03\0\0\0\x01"
    yield "bad-255-dimensions-of-none", b"\0\0\x08\xff"
    yield "bad-element", idx([4], None, 0x0A)
    yield "bad-overflow", idx([0xFFFFFFFF] * 3, b"")
    yield "bad-overflow-to-0", idx([1 << 31, 1 << 31, 4], b"")
    yield "bad-overflow-of-float64", idx([1 << 31, 1 << 29], b"", 0x0E)


def one_hot(places, columns, size=1):
    return b"".join((1 if i == place else 0).to_bytes(size, "big") for place in places for i in range(columns))


def labels_corpus():
    qmnist = [[7, 4, 2100, 3, 37, 9000, 0, 0], [0, 1, 5, 149, 30, 1, 0, 0], [9, 0, 326, 0, 39, 281769, 0, 0]]

    def rows(values):
        return b"".join(struct.pack(">i", x) for row in values for x in row)

    yield "good-bytes", idx([6], bytes([5, 0, 4, 1, 9, 2]))
    yield "good-column", idx([3, 1], bytes([5, 0, 4]))
    yield "good-columns-of-one", idx([3, 1, 1], rows([[5], [0], [4]]), 0x0C, 4)
    yield "good-int16", idx([3], struct.pack(">3h", 5, 0, -4), 0x0B, 2)
    yield "good-one-hot", idx([4, 3], one_hot([2, 0, 1, 1], 3))
    yield "good-one-hot-int32", idx([3, 4], one_hot([3, 0, 2], 4, 4), 0x0C, 4)
    yield "good-one-hot.gz", compressed(idx([200, 10], one_hot([i * 7 % 10 for i in range(200)], 10)))
    yield "good-qmnist", idx([3, 8], rows(qmnist), 0x0C, 4)
    yield "bad-qmnist-code", idx([3, 8], rows([row[:4] + [row[4] + i] + row[5:] for i, row in enumerate(qmnist)]), 0x0C, 4)
    yield "bad-qmnist-bytes", idx([1, 8], bytes([7, 4, 21, 3, 37, 90, 0, 0]))
    yield "bad-several-ones", idx([2, 3], bytes([1, 0, 0, 1, 1, 0]))
    yield "bad-no-one", idx([2, 3], bytes([1, 0, 0, 0, 0, 0]))
    yield "bad-soft", idx([2, 2], bytes([1, 0, 100, 155]))
    yield "bad-255", idx([2, 2], bytes([255, 0, 0, 255]))
    yield "bad-minus-one", idx([1, 2], b"\1\xff", 9)
    yield "bad-columns", idx([3, 2], bytes([5, 90, 0, 91, 4, 92]))
    yield "bad-images", idx([2, 3, 3])
    yield "bad-float32", idx([2], struct.pack(">2f", 1, 0), 0x0D, 4)
    yield "bad-float64-one-hot", idx([1, 2], struct.pack(">2d", 1, 0), 0x0E, 8)


def images_corpus():
    yield "good-vectors", idx([3, 20])
    yield "good-grey", idx([2, 5, 4])
    yield "good-channels", idx([2, 3, 5, 5])
    yield "good-grey-last", idx([2, 5, 5, 1])
    yield "good-axes-of-one", idx([2, 1, 1, 5, 4])
    yield "good-float32", idx([2, 2, 2], struct.pack(">8f", *range(8)), 0x0D, 4)
    yield "good-float64", idx([2, 2], struct.pack(">4d", 0.5, -0.0, 3.4e38, 5e-324), 0x0E, 8)
    yield "good-int32", idx([1, 2], b"\x7f\xc0\0\0\xff\xff\xff\xff", 0x0C, 4)
    yield "bad-channels-last", idx([2, 8, 8, 3])
    yield "bad-five-axes", idx([2, 2, 3, 2, 2])
    yield "bad-labels", idx([6], bytes([5, 0, 4, 1, 9, 2]))
    yield "bad-nan", idx([2, 2, 2], struct.pack(">8f", *range(7), math.nan), 0x0D, 4)
    yield "bad-infinity", idx([2, 2], struct.pack(">4f", 0, 1, -math.inf, 2), 0x0D, 4)
    yield "bad-nan.gz", compressed(idx([2, 2, 2], struct.pack(">8d", math.nan, *range(7)), 0x0E, 8))
    yield "bad-beyond-float", idx([2, 2], struct.pack(">4d", 0, 1, 2, 1e39), 0x0E, 8)


def gzip_corpus():
    text = b"the quick brown fox jumps over the lazy dog, the quick brown dog\n"
    sound = compressed(text)
    stored = zlib.compressobj(0, wbits=31)
    fixed = zlib.compressobj(9, wbits=31, strategy=zlib.Z_FIXED)
    yield "good-text", sound
    yield "good-empty", compressed(b"")
    yield "good-stored", stored.compress(text) + stored.flush()
    yield "good-fixed", fixed.compress(text) + fixed.flush()
    yield "good-members", sound + compressed(b"") * 3 + sound
    yield "good-bomb", compressed(bytes(60_000))
    yield "good-empty-members", compressed(b"") * 15
    tail = sound[10:]
    yield "good-name-and-comment", b"\x1f\x8b\x08\x18\0\0\0\0\0\xffname\0comment\0" + tail
    yield "good-extra-field", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x05\0extra" + tail
    head = b"\x1f\x8b\x08\x02\0\0\0\0\0\xff"
    yield "good-header-checksum", head + struct.pack("<H", zlib.crc32(head) & 0xFFFF) + tail
    yield "bad-header-checksum", head + b"\0\0" + tail
    yield "bad-empty-file", b""
    yield "bad-magic-only", sound[:2]
    yield "bad-extra-field-length", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\xff\xffextra" + tail
    yield "bad-endless-name", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * 300
    yield "bad-method", sound[:2] + b"\x07" + sound[3:]
    yield "bad-reserved-flags", sound[:3] + b"\xe0" + sound[4:]
    yield "bad-checksum", sound[:-8] + b"\0\0\0\0" + sound[-4:]
    yield "bad-length", sound[:-4] + b"\xff\xff\xff\xff"
    yield "bad-truncated", sound[:-1]
    yield "bad-truncated-second-member", sound + sound[:-3]
    yield "bad-bomb-truncated", compressed(bytes(60_000))[:-20]
    yield "bad-garbage-after", sound + b"garbage"
    yield "bad-zeros-after", sound + bytes(128)
    yield "bad-block-type", sound[:10] + b"\x07" + sound[-8:]
    yield "bad-stored-length", sound[:10] + b"\x01\xff\xff\xff\xff" + sound[-8:]
    yield "bad-distance-too-far", sound[:10] + b"\x63\x00\x02\x00" + sound[-8:]


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_corpus():
    two = {"__metadata__": {"format": "pt"}, "a": entry([2], 0, 8), "b": entry([1, 3], 8, 20)}
    values = struct.pack("<5f", 1, -2.5, float("nan"), float("-inf"), -0.0)
    one = b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    yield "good-two", safetensors(two, values)
    yield "good-padded", safetensors(json.dumps(two).encode() + b"   ", values)
    yield "good-scalar", safetensors({"s": entry([], 0, 4)}, b"\0\0\x80\x3f")
    yield "good-empty-tensor", safetensors({"e": entry([0, 4], 0, 0)})
    yield "good-escapes", safetensors({"\"\\\n\x01é\u2028😀": entry([1], 0, 4)}, b"abcd")
    yield "bad-nothing", b""
    yield "bad-7-bytes", b"\0" * 7
    yield "bad-length-0", bytes(8)
    for name, length in {"huge": (1 << 64) - 1, "signed": 1 << 63, "limit": 100_000_001, "by-one": 10_000}.items():
        yield f"bad-length-{name}", safetensors(two, values, length)
    yield "bad-length-into-data", safetensors(two, values, len(json.dumps(two, separators=(",", ":"))) + 4)
    yield "bad-truncated", safetensors(two, values[:-1])
    yield "bad-appended", safetensors(two, values + b"\0")
    yield "bad-overlap", safetensors({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, bytes(8))
    yield "bad-hole", safetensors({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12))
    yield "bad-backwards", safetensors({"a": entry([2], 8, 0)}, bytes(8))
    yield "bad-beyond", safetensors({"a": entry([3], 0, 12)}, bytes(8))
    yield "bad-negative", safetensors({"a": entry([-1, -2], 0, 8)}, bytes(8))
    yield "bad-negative-offset", safetensors({"a": entry([2], -8, 0)}, bytes(8))
    yield "bad-overflow", safetensors({"a": entry([(1 << 63) - 1, (1 << 63) - 2], 0, 8)}, bytes(8))
    yield "bad-overflow-to-0", safetensors({"a": entry([1 << 32, 1 << 32], 0, 0)})
    yield "bad-offset-2-to-the-64", safetensors({"a": entry([2], 0, 1 << 64)}, bytes(8))
    many = json.dumps({"a": entry([7, 7], 0, 8)}).replace("7", "0." + "0" * 112 + "9007199254740993e129")
    yield "bad-many-zeros", struct.pack("<Q", len(many)) + many.encode() + bytes(8)
    yield "bad-array-too-many", struct.pack("<Q", 517) + b'{"a":' + b"[" * 512
    yield "bad-fraction", safetensors({"a": entry([2.5], 0, 8)}, bytes(8))
    yield "bad-dtype", safetensors({"a": entry([2], 0, 4, "F16")}, bytes(4))
    yield "bad-name-twice", safetensors(b"{" + one + b"," + one + b"}", bytes(4))
    yield "bad-name-twice-escaped", safetensors(b"{" + one + b"," + one.replace(b"a", b"\\u0061", 1) + b"}", bytes(4))
    yield "bad-member-twice", safetensors(b'{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4))
    yield "bad-metadata-number", safetensors({"__metadata__": {"k": 1}, "a": entry([1], 0, 4)}, bytes(4))
    yield "bad-deep", safetensors(b'{"a":' * 600)
    yield "bad-deep-list", safetensors(b'{"a":' + b"[" * 3000)
    yield "bad-long-name", safetensors({"n" * 3000: entry([1], 0, 8)}, bytes(4))
    yield "bad-surrogate", safetensors(b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4))
    yield "bad-not-utf-8", safetensors(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4))
    yield "bad-nan", safetensors(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4))
    yield "bad-pickle", b"\x80\x02}q\x00." + bytes(20)


def model(shapes, **changes):
    metadata = {"classes": "2", "input": "1,2,2", "network": "dense 2", "normalize": "none"} | changes
    header = {"__metadata__": {"format": "pt"} | {f"lockstep.{k}": v for k, v in metadata.items() if v is not None}}
    end = 0
    for name, shape in sorted(shapes.items()):
        header[name] = entry(shape, end, end := end + 4 * math.prod(shape))
    return safetensors(header, b"\0\0\x80\x3f" * (end // 4))


def model_corpus():
    dense = {"layers.0.weight": [2, 4], "layers.0.bias": [2]}
    yield "good-dense", model(dense)
    yield "good-fixed", model(dense, normalize="0.1307,0.3081")
    yield "good-flat", model(dense, input="4")
    layers = {"layers.0.weight": [2, 1, 3, 3], "layers.0.bias": [2], "layers.5.weight": [2, 8], "layers.5.bias": [2]}
    yield "good-convolution", model(
        layers, input="1,6,6", network="conv 2 3x3, relu, maxpool 2, dropout 0.5, flatten, dense 2")
    names = {"class-names": '["cat","dog"]', "pictures": "2x2 grey inverted"}
    yield "good-names", model(dense, **names)
    yield "good-pictures-of-another-size", model(dense, **names | {"pictures": "28x28 rgb"})
    yield "bad-names-of-three", model(dense, **names | {"class-names": '["cat","dog","cow"]'})
    yield "bad-names-no-list", model(dense, **names | {"class-names": '"cat"'})
    yield "bad-pictures", model(dense, **names | {"pictures": "2x2 blue"})
    for key in ("classes", "input", "network", "normalize"):
        yield f"bad-without-{key}", model(dense, **{key: None})
        yield f"bad-empty-{key}", model(dense, **{key: ""})
    for text in ("0", "-4", "4,0", "99999999999999999999", "1048576,1048576,1048576", "a"):
        yield f"bad-input-{text}", model(dense, input=text)
    yield "bad-classes", model(dense, classes="3")
    yield "bad-layer", model(dense, network="dance 2")
    yield "bad-many-layers", model(dense, network=", ".join(["relu"] * 500))
    yield "bad-wide-layer", model(dense, network="dense 1000000000, dense 2")
    yield "bad-normalize-nan", model(dense, normalize="nan,1")
    yield "bad-normalize-0", model(dense, normalize="0,0")
    yield "bad-shape", model(dense | {"layers.0.weight": [4, 2]})
    yield "bad-missing", model({"layers.0.weight": [2, 4]})
    yield "bad-one-more", model(dense | {"layers.1.bias": [2]})


def recipe_corpus():
    for path in sorted((CORPUS.parent.parent / "recipes").glob("*.yaml")):
        yield f"good-{path.stem}", path.read_bytes()
    yield "good-empty", b""
    yield "good-document-mark", b"---\n"
    yield "good-mark", b"\xef\xbb\xbflr: 0.1\n"
    yield "good-flow", b'{"lr": 0.1, "hidden": [3, 4], schedule: cosine}'
    yield "good-lines", b"lr: 0.1\r\nhidden:\r\n- 3\r\n- 4\r\n"
    yield "good-layers", b"network: [conv 3 3x3 pad 1, maxpool 2, relu, flatten, dropout 0.5, dense classes]\n"
    yield "good-not-anchors", b"# R&D: 2 * x & y\nlr: 0.1\n"
    yield "good-tag", b"lr: !!int 1"
    yield "good-comment", b"# \xe2\x86\x92 \xf0\x9f\x98\x80\nlr: 1e-3 # rate\n"
    bad = {
        "list": "- lr: 1", "scalar": "lr", "nested": "hidden: [[1], 2]", "map": "lr: {value: 1}", "key-list": "? [lr]\n: 1",
        "twice": "lr: 1\nlr: 2", "unclosed": "lr: [1", "tab": "lr: 1\n\tepochs: 2", "two-documents": "lr: 1\n---\nlr: 2",
        "unknown-key": "learning: 3", "long-key": "k" * 3000 + ": 1", "long-scalar": "model: " + "m" * 3000,
        "escape": 'model: "\\x1b[2J\\x07"', "zero": 'model: "\\0"', "control": "model: \x01",
        "nan": "lr: .nan", "nan-plain": "lr: nan", "inf": "lr: inf", "1e999": "lr: 1e999", "hex": "lr: 0x1p9999",
        "negative": "epochs: -1", "overflow": "seed: 18446744073709551616", "deep": "hidden: " + "[" * 2000,
        "deep-closed": "hidden: " + "[" * 400 + "]" * 400, "deep-dashes": "- " * 1500, "deep-keys": "? " * 1500,
        "undefined-alias": "lr: *nowhere", "anchor": "lr: &a 1\ngamma: *a", "anchor-of-itself": "a: &a [*a]",
        "merge": "a: &a {lr: 1}\n<<: *a", "directive": "%YAML 9.9\n---\nlr: 1", "tag": "!!set {lr}",
        "patience-alone": "patience: 3", "nesterov-of-adam": "optimizer: adam\nnesterov: true",
        "network-too-large": "hidden: [1000000, 1000000]", "layers-that-do-not-fit": "network: [maxpool 50, dense classes]",
    }
    for name, text in bad.items():
        yield f"bad-{name}", text.encode()
    laughs = ["a0: &a0 lol"]
    laughs += [f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 10)]
    yield "bad-billion-laughs", "\n".join(laughs).encode()
    # A key is hashed, and with it all that its aliases stand for.
    yield "bad-billion-laughs-as-a-key", "\n".join(laughs + ["? *a9\n: 1"]).encode()
    yield "bad-keys-in-keys", b"? {" * 40 + "é\u0301\u0323".encode() * 100 + b"}" * 40
    yield "bad-not-utf-8", b"lr: \xc3"
    yield "bad-utf-16", "lr: 0.1".encode("utf-16")


def metrics_corpus():
    start = b'{"event":"start","dataset":"mnist","steps":20,"learning_rate":0.1}\n'
    steps = [b'{"event":"step","epoch":1,"step":%d,"train_loss":2.3e-1,"learning_rate":0.1}\n' % i for i in (1, 2, 3)]
    epoch = b'{"event":"epoch","epoch":1,"step":3,"train_loss":null,"test_accuracy":0.97}\n'
    whole = start + b"".join(steps) + epoch + b'{"event":"overfitting","since_epoch":1}\n'
    yield "good-run", whole
    yield "good-empty", b""
    yield "good-other-keys", b'{"event":"note","text":"\\u0001\\ud83d\\ude00","list":[1,{"step":9}]}\n'
    yield "good-step-beyond", b'{"event":"step","step":9007199254740992}\n'
    yield "bad-torn", whole[:-9]
    yield "bad-no-newline", whole[:-1]
    yield "good-blank-line", start + b"\n" + epoch
    yield "bad-zeros", whole + bytes(64)
    yield "good-zeros-line", start + bytes(64) + b"\n" + epoch
    yield "bad-step-text", b'{"event":"step","step":"3"}\n'
    yield "bad-step-fraction", b'{"event":"step","step":1.5}\n'
    yield "bad-step-overflow", b'{"event":"step","step":9223372036854775808}\n'
    yield "bad-step-1e400", b'{"event":"step","step":1e400}\n'
    # Whole numbers of an exponent that Foundation's Decimal has not.
    yield "bad-step-many-zeros", b'{"event":"step","step":0.' + b"0" * 112 + b"9007199254740993e129}\n"
    yield "good-step-many-zeros", b'{"event":"step","step":0.' + b"0" * 150 + b"2e151}\n"
    # Foundation's decoder allows 512 arrays in each other.
    yield "bad-array-too-many", b'{"event":' + b"[" * 512 + b"\n"
    yield "bad-nan", b'{"event":"step","step":1,"train_loss":NaN}\n'
    yield "bad-no-event", b'{"step":1}\n'
    yield "bad-list", b"[1]\n"
    yield "bad-control", b'{"event":"a\x01"}\n'
    yield "bad-not-utf-8", b'{"event":"\xff"}\n'
    yield "bad-deep", b'{"event":' + b"[" * 3000 + b"\n"
    yield "bad-two-on-a-line", steps[0][:-1] + steps[1]


def receipt_corpus():
    def receipt(**changes):
        content = {
            "receipt": 1, "version": "0.1.0", "contract": 1, "recipe": "model: linear\n", "dataset": "d",
            "dataset_digest": "00000000000000ff", "sha256": {"train-images": "00"},
            "epochs": [
                {"epoch": 1, "step": 4, "weights": "0000000000000001", "train_loss": 0.5},
                {"epoch": 2, "step": 8, "weights": "0000000000000002", "test_accuracy": 1},
            ],
            "step": 9, "weights": "0000000000000003", "test_loss": 0.25,
        }
        content.update(changes)
        return json.dumps(content, separators=(",", ":")).encode()

    epoch = {"epoch": 1, "step": 4, "weights": "0000000000000001"}
    whole = receipt()
    yield "good-run", whole + b"\n"
    yield "good-no-epoch", receipt(epochs=[])
    yield "good-initial", receipt(initial_weights="0123456789abcdef")
    yield "good-other-members", receipt(note=[1, {"a": None}])
    yield "bad-empty", b""
    yield "bad-torn", whole[:-9]
    yield "bad-format", receipt(receipt=2)
    yield "bad-digest", receipt(weights="3")
    yield "bad-digest-sign", receipt(weights="+000000000000003")
    yield "bad-steps", receipt(epochs=[epoch, {**epoch, "epoch": 2, "step": 9}])
    yield "bad-order", receipt(epochs=[{**epoch, "epoch": 2, "step": 8}, epoch])
    yield "bad-twice", receipt(epochs=[epoch, epoch])
    yield "bad-epoch-0", receipt(epochs=[{**epoch, "epoch": 0, "step": 0}])
    yield "bad-negative", receipt(epochs=[{**epoch, "epoch": -1, "step": -4}])
    yield "bad-product", receipt(epochs=[{**epoch, "epoch": 1 << 52, "step": 1 << 53}])
    yield "bad-end-before", receipt(step=7)
    yield "bad-step-negative", receipt(epochs=[], step=-1)
    yield "bad-step-1e400", whole.replace(b'"step":9', b'"step":1e400')
    yield "bad-loss-text", whole.replace(b'"test_loss":0.25', b'"test_loss":"0.25"')
    yield "bad-nan", whole.replace(b'"test_loss":0.25', b'"test_loss":NaN')
    yield "bad-deep", b'{"receipt":' + b"[" * 3000
    yield "bad-not-utf-8", whole.replace(b"model", b"\xff")


def grid_corpus():
    good = {
        "flow": "lr: [0.1, 0.01]\nhidden: [[64], [64, 32], []]\nepochs: 2\n",
        "block": "lr:\n- 0.1\n- 0.01\nhidden:\n- [8]\n- - 4\n  - 2\n",
        "layers": "network: [[dense classes], [dense 4, relu, dense classes]]\n",
        "json": '{"lr": [0.1, 0.2], "model": [linear, mlp]}',
        "plain-list": "hidden: [64, 32]\nbatch-size: [16, 32]\n",
        "one-value": "lr: [0.1]\nbatch-size: [16, 32]\n", "equal": "model: [linear, mlp]\nhidden: [[4], [8]]\n",
        "large": "".join(f"{key}: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for key in ["lr", "epochs", "seed", "patience", "gamma", "batch-size"]),
    }
    for name, text in good.items():
        yield f"good-{name}", text.encode()
    bad = {
        "nothing-varies": "lr: 0.1", "empty": "", "twice": "lr: [0.1, 1e-1]", "empty-list": "lr: []", "nested": "lr: [[1], [2]]",
        "mixed": "hidden: [4, [8]]", "ambiguous": "network: ['dense 4, relu', dense classes]", "map": "lr: [1, {a: 2}]",
        "key": "learning: [1, 2]", "value": "lr: [1, x]", "split": "validation-split: [0.1, 0]", "anchor": "lr: &a [1, 2]\ngamma: *a",
        "deep": "hidden: " + "[" * 2000, "key-list": "? [lr]\n: [1, 2]", "together": "momentum: [0, 0.9]\nnesterov: true",
    }
    for name, text in bad.items():
        yield f"bad-{name}", text.encode()


def sweep_corpus():
    head = {"event": "sweep", "format": 1, "version": "0.1.0", "dataset": "d", "trials": 2, "parameters": {"lr": ["1", "2"]}, "facts": {"lr": "1 | 2"}}
    losses = {"train_losses": [0.5], "validation_losses": [0.25], "validation_accuracies": [0.9]}
    done = {
        "event": "trial", "trial": 1, "rung": 1, "point": 1, "parameters": {"lr": "1"}, "status": "done", "validation_loss": 0.25,
        "validation_accuracy": 0.9, "validation_hits": 9, "validation_samples": 10, "weights": "0123456789abcdef", "seconds": 1.5, **losses,
    }
    failed = {
        "event": "trial", "trial": 2, "rung": 1, "point": 2, "parameters": {}, "status": "failed", "step": 3, "message": "diverged",
        "seconds": 0, "train_losses": [], "validation_losses": [], "validation_accuracies": [],
    }

    def lines(*events):
        return b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in events)

    yield "good-rows", lines(head, done, failed)
    yield "good-head", lines(head)
    yield "good-small", lines({"event": "sweep", "format": 1, "facts": {}})
    yield "good-torn", lines(head, done, failed)[:-20]
    yield "good-infinite", lines(head, {**done, "validation_loss": None, "validation_losses": [None]})
    yield "good-rungs", lines(head, done, {**done, "rung": 2})
    yield "bad-empty", b""
    yield "bad-torn-head", lines(head)[:-9]
    yield "bad-format", lines({**head, "format": 2})
    yield "bad-no-head", lines(done)
    yield "bad-twice", lines(head, done, done)
    yield "bad-trial-0", lines(head, {**done, "trial": 0})
    yield "bad-hits", lines(head, {**done, "validation_hits": 11})
    yield "bad-samples-0", lines(head, {**done, "validation_hits": 0, "validation_samples": 0})
    yield "bad-digest", lines(head, {**done, "weights": "3"})
    yield "bad-status", lines(head, {**done, "status": "well"})
    yield "bad-lengths", lines(head, {**done, "train_losses": []})
    yield "bad-middle", lines(head) + lines(done)[:-30] + b"\n" + lines(failed)
    yield "bad-blank", lines(head) + b"\n" + lines(done)
    yield "bad-step-1e400", lines(head) + lines(failed).replace(b'"step":3', b'"step":1e400')
    yield "bad-deep", b'{"event":' + b"[" * 3000 + b"\n"
    yield "bad-not-utf-8", lines(head).replace(b"1 | 2", b"\xff")


def main():
    for name, corpus in {
        "idx": idx_corpus, "labels": labels_corpus, "images": images_corpus, "gzip": gzip_corpus, "safetensors": safetensors_corpus, "model": model_corpus,
        "recipe": recipe_corpus, "metrics": metrics_corpus, "receipt": receipt_corpus, "grid": grid_corpus,
        "sweep": sweep_corpus, **import_corpus.ALL,
    }.items():
        directory = CORPUS / name
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            if not old.name.startswith("found-"):
                old.unlink()
        for file, content in corpus():
            assert len(content) <= 4096, file
            (directory / file).write_bytes(content)


if __name__ == "__main__":
    main()
