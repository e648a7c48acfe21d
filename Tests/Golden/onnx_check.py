#!/usr/bin/env python3
"""Exports a run to ONNX and compares what ONNX Runtime makes of the test images with what Lockstep does.

    lockstep train --data DIR --recipe mnist-best --epochs 1 --output RUN
    onnx_check.py DIR RUN LOCKSTEP

LOCKSTEP is the program. Fails where onnx.checker objects, ONNX Runtime predicts another class than `lockstep evaluate`,
or a probability differs by more than 1e-5 from that of the network's formulas in float64 (written here again in NumPy,
from model.safetensors) or, where the file of --predictions has probabilities, from Lockstep's own. Does so for pixels
from 0 to 255, from 0 to 1 (`--input numbers`), and for batches of 1. Needs numpy, onnx and onnxruntime.
"""

import gzip
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from layer_text import parts

TOLERANCE = 1e-5


def idx(directory, name):
    plain = directory / name
    data = plain.read_bytes() if plain.exists() else gzip.open(f"{plain}.gz").read()
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def safetensors(path):
    """Metadata, and the tensors in float64."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = {key.removeprefix("lockstep."): value for key, value in header.pop("__metadata__").items()}
    tensors = {}
    for name, entry in header.items():
        first, end = (start + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[first:end], "<f4").astype(np.float64).reshape(entry["shape"])
    return about, tensors


def windows(x, size, stride):
    """[n, c, h, w] -> [n, c, rows, columns, size, size]"""
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))[:, :, ::stride, ::stride]


def convolved(x, weight, bias, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    size = weight.shape[2]
    rows, columns = ((length - size) // stride + 1 for length in x.shape[2:])
    y = np.zeros((len(x), rows, columns, len(weight)))
    for i in range(size):
        for j in range(size):
            taps = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            y += np.tensordot(taps, weight[:, :, i, j], ([1], [1]))
    return y.transpose(0, 3, 1, 2) + bias[:, None, None]


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "leakyrelu": lambda x, slope="0.01": np.where(x > 0, x, float(slope) * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "dropout": lambda x, p: x,
    "dropout2d": lambda x, p: x,
    "flatten": lambda x: x.reshape(len(x), -1),
    "globalavgpool": lambda x: x.mean((2, 3)),
}


def logits(about, tensors, x):
    """The network's formulas, `[n, channels, h, w]` or `[n, features]` -> `[n, classes]`."""
    return layers(about["network"], "layers.", tensors, x)


def layers(text, prefix, tensors, x):
    """Those of a list whose tensors' names begin with `prefix`."""
    for number, text in enumerate(parts(text, ",")):
        text, prefixed = text.strip(), f"{prefix}{number}."
        if text.startswith("residual("):
            body, *shortcut = (part[9:-1] for part in parts(text, " "))
            straight = layers(shortcut[0], f"{prefixed}shortcut.", tensors, x) if shortcut else x
            x = layers(body, f"{prefixed}body.", tensors, x) + straight
            continue
        if text.startswith("branches("):
            branches = parts(text[len("branches("):-1], "|")
            x = np.concatenate(
                [layers(t, f"{prefixed}branches.{i}.", tensors, x) for i, t in enumerate(branches)], 1)
            continue
        name, *words = text.split()
        weight, bias = (tensors.get(f"{prefixed}{part}") for part in ("weight", "bias"))
        first = {"conv": 2, "maxpool": 1, "avgpool": 1}.get(name, len(words))
        options = dict(zip(words[first::2], map(int, words[first + 1 :: 2]))) if name != "batchnorm" else {}
        if name == "dense":
            x = x.reshape(len(x), -1) @ weight.T + bias
        elif name == "conv":
            x = convolved(x, weight, bias, options.get("stride", 1), options.get("pad", 0))
        elif name == "batchnorm":
            epsilon = float(dict(zip(words[::2], words[1::2])).get("eps", 1e-5))
            mean, variance = (tensors[f"{prefixed}running_{part}"] for part in ("mean", "var"))
            scale = weight / np.sqrt(variance + epsilon)
            x = ((x.swapaxes(1, -1) - mean) * scale + bias).swapaxes(1, -1)
        elif name == "groupnorm":
            grouped = x.reshape(len(x), int(words[0]), -1)
            deviation = np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
            unit = ((grouped - grouped.mean(2, keepdims=True)) / deviation).reshape(x.shape)
            x = (unit.swapaxes(1, -1) * weight + bias).swapaxes(1, -1)
        elif name == "layernorm":
            axes = tuple(range(1, x.ndim))
            deviation = np.sqrt(x.var(axes, keepdims=True) + 1e-5)
            x = (x - x.mean(axes, keepdims=True)) / deviation * weight + bias
        elif name in ("maxpool", "avgpool"):
            patches = windows(x, int(words[0]), options.get("stride", int(words[0])))
            x = patches.max((4, 5)) if name == "maxpool" else patches.mean((4, 5))
        else:
            x = FUNCTIONS[name](x, *words)
    return x


def softmax(z):
    powers = np.exp(z - z.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def reference(about, tensors, pixels):
    """Logits in float64, from bytes."""
    mean, deviation = map(float, about["normalize"].split(",")) if about["normalize"] != "none" else (0, 1)
    batches = [pixels[start : start + 250] for start in range(0, len(pixels), 250)]
    return np.concatenate([logits(about, tensors, (x / 255 - mean) / deviation) for x in batches])


def exported(program, run, file, kind, about):
    """A session of the exported file, which onnx.checker has nothing against."""
    subprocess.run([program, "export", run, "--onnx", file, "--input", kind], check=True, capture_output=True)
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version >= 18, model.opset_import
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert len(json.loads(metadata["classes"])) == int(about["classes"]), metadata
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[0] == "batch", session.get_inputs()[0].shape
    assert [output.name for output in session.get_outputs()] == ["logits", "probabilities"]
    return session


def run_session(session, x, size):
    found = [
        session.run(["logits", "probabilities"], {"input": x[start : start + size].astype(np.float32)})
        for start in range(0, len(x), size)
    ]
    return tuple(np.concatenate(parts) for parts in zip(*found))


def evaluated(program, run, data, file):
    """The line of `lockstep evaluate`, the classes, and the probabilities if the file has them."""
    line = subprocess.run(
        [program, "evaluate", run, "--data", data, "--predictions", file], check=True, capture_output=True, text=True
    ).stdout.strip().splitlines()[-1]
    rows = [row.split(",") for row in pathlib.Path(file).read_text().split()]
    if not rows[0][0].isdigit():
        rows = rows[1:]
    own = np.array([[float(word) for word in row[2:]] for row in rows]) if len(rows[0]) > 2 else None
    return line, np.array([int(row[0]) for row in rows]), own


def main():
    data, run, program = map(pathlib.Path, sys.argv[1:])
    about, tensors = safetensors(run / "model.safetensors")
    pixels, labels = idx(data, "t10k-images-idx3-ubyte"), idx(data, "t10k-labels-idx1-ubyte")
    pixels = pixels.reshape(len(pixels), 1, *pixels.shape[1:]) if pixels.ndim == 3 else pixels
    exact_logits = reference(about, tensors, pixels)
    exact = softmax(exact_logits)
    with tempfile.TemporaryDirectory() as place:
        line, classes, own = evaluated(program, run, data, f"{place}/predictions")
        sessions = {
            kind: exported(program, run, pathlib.Path(place, f"{kind}.onnx"), kind, about)
            for kind in ("bytes", "numbers")
        }
        z, p = run_session(sessions["bytes"], pixels, 1000)
        single = run_session(sessions["bytes"], pixels[:20], 1)[1]
        numbers = run_session(sessions["numbers"], pixels / 255, 1000)[1]
    differences = {
        "float64": abs(p - exact).max(),
        "float64, of pixels from 0 to 1": abs(numbers - exact).max(),
        "float64, as logits over their largest": abs(z - exact_logits).max() / abs(exact_logits).max(),
        "batches of 1": abs(p[:20] - single).max(),
        "softmax of its logits": abs(p - softmax(z.astype(np.float64))).max(),
    }
    if own is not None:
        differences["lockstep evaluate"] = abs(p - own).max()
    same = int((p.argmax(1) == classes).sum())
    loss = -np.log(exact[np.arange(len(labels)), labels]).mean()
    stated = float(re.search(r"test loss ([\d.]+)", line).group(1))
    print(f"{same} of {len(classes)} predictions are the same ({line}); probabilities differ from")
    for what, difference in differences.items():
        print(f"  {what}: by {difference:.1e} at most")
    good = same == len(classes) == len(pixels) and max(differences.values()) <= TOLERANCE
    sys.exit(0 if good and abs(loss - stated) < 1e-4 else 1)


if __name__ == "__main__":
    main()
