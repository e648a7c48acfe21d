#!/usr/bin/env python3
"""Writes layers.json, the golden values of GoldenLayerTests: what PyTorch makes of each layer, forward and backward.

Needs torch (made with torch 2.13) and, for the functions of elementwise layers at every size of number, mpmath, which
torch comes with. All arithmetic is float64, or more. Inputs, upstream gradients and weights are not in the file:
they are multiples of a power of two given by `number`, which the tests have too.
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import torch

import lockstep_reference as reference

ROWS = 2
# Layers, shape of a sample, the scale of the inputs, and how many values the inputs take (few make ties).
CASES = [
    ("dense 5", [13], 1, 257),
    ("dense 16", [16], 1, 257),
    ("dense 35", [9], 1, 257),
    ("conv 10 5x5", [1, 7, 6], 1, 257),
    ("conv 4 3x3", [3, 6, 5], 1, 257),
    ("conv 5 3x3 stride 2", [2, 6, 7], 1, 257),
    ("conv 3 2x2 stride 3", [2, 9, 7], 1, 257),
    ("conv 3 3x3 pad 1", [2, 5, 4], 1, 257),
    ("conv 3 5x5 pad 2", [2, 4, 6], 1, 257),
    ("conv 4 3x3 stride 2 pad 1", [2, 5, 6], 1, 257),
    ("conv 3 3x3 stride 3 pad 2", [2, 5, 6], 1, 257),
    ("conv 18 2x2", [3, 4, 3], 1, 257),
    ("conv 34 1x1", [17, 2, 2], 1, 257),
    ("conv 35 2x2 pad 1", [1, 2, 2], 1, 257),
    ("conv 2 3x3", [17, 3, 3], 1, 257),
    ("maxpool 2", [3, 4, 6], 1, 257),
    ("maxpool 2", [2, 5, 7], 1, 257),
    ("maxpool 3 stride 2", [17, 5, 3], 1, 257),
    ("maxpool 3 stride 1", [2, 5, 4], 1, 257),
    ("maxpool 2", [3, 6, 6], 1, 2),
    ("maxpool 3 stride 2", [1, 7, 7], 1, 3),
    ("avgpool 2", [3, 5, 6], 1, 257),
    ("avgpool 3 stride 2", [17, 5, 7], 1, 257),
    ("avgpool 3 stride 1", [2, 5, 4], 1, 257),
    ("globalavgpool", [3, 5, 4], 1, 257),
    ("globalavgpool", [35, 1, 7], 1, 257),
    ("batchnorm", [13], 1, 257, 7),
    ("batchnorm momentum 0.25 eps 0.001", [35], 50, 257, 8),
    ("batchnorm", [3, 4, 5], 1, 257, 5),
    ("batchnorm", [17, 3, 2], 0.01, 257, 2),
    ("batchnorm, relu", [19, 4, 4], 4, 257, 4),
    ("conv 18 2x2, batchnorm, relu, flatten, batchnorm, dense 3", [2, 4, 5], 1, 257, 9),
    ("residual(dense 13, relu)", [13], 1, 257),
    ("residual(conv 3 3x3 pad 1, relu), relu", [3, 4, 5], 1, 257),
    ("residual(conv 18 3x3 stride 2 pad 1, tanh) shortcut(conv 18 1x1 stride 2)", [2, 6, 6], 1, 257),
    ("residual(residual(tanh) shortcut(sigmoid), residual(conv 19 1x1) shortcut(conv 19 3x3 pad 1)) "
     "shortcut(conv 19 1x1), flatten, residual(dense 76), dense 3", [3, 2, 2], 1, 257),
    ("branches(conv 5 1x1 | conv 17 3x3 pad 1, relu), conv 3 2x2", [2, 4, 5], 1, 257),
    ("branches(dense 5, relu | dense 18 | branches(dense 2 | tanh)), dense 4", [9], 1, 257),
    ("conv 4 2x2, batchnorm, relu, residual(conv 4 3x3 pad 1, batchnorm, relu, conv 4 3x3 pad 1, batchnorm), relu, "
     "branches(relu | residual(conv 4 1x1, batchnorm)), globalavgpool, dense 3", [2, 5, 5], 1, 257, 8),
    ("groupnorm 4", [12], 1, 257),
    ("groupnorm 5", [35], 50, 257),
    ("groupnorm 1", [3, 4, 5], 1, 257),
    ("groupnorm 3", [3, 4, 5], 1, 257),
    ("groupnorm 2", [34, 3, 2], 0.01, 257),
    ("conv 18 2x2, groupnorm 6, relu, flatten, groupnorm 3, dense 3", [2, 4, 5], 1, 257),
    ("layernorm", [13], 1, 257),
    ("layernorm", [35], 50, 257),
    ("layernorm", [3, 4, 5], 1, 257),
    ("layernorm", [17, 3, 2], 0.01, 257),
    ("dropout 0.0", [2, 3, 4], 1, 257),
    ("dropout2d 0.0", [2, 3, 4], 1, 257),
    ("relu", [41], 1, 257),
    ("relu", [3, 4, 5], 1, 3),
    ("tanh", [2, 5, 6], 0.5, 257),
    ("tanh", [37], 8, 257),
    ("tanh", [19], 64, 257),
    ("sigmoid", [2, 5, 6], 0.5, 257),
    ("sigmoid", [37], 8, 257),
    ("sigmoid", [19], 64, 257),
    ("gelu", [2, 5, 6], 4, 257),
    ("silu", [2, 5, 6], 4, 257),
    ("leakyrelu", [3, 4, 5], 1, 3),
    ("leakyrelu 0.25", [41], 1, 257),
    ("conv 3 2x2, flatten, dense 4", [2, 4, 5], 1, 257),
    ("conv 18 2x2 stride 2, tanh, maxpool 2 stride 1, relu, flatten, dense 3", [2, 6, 5], 1, 257),
    ("conv 3 3x3 pad 1, sigmoid, conv 2 2x2, flatten, tanh, dense 3, relu", [1, 4, 5], 1, 257),
]
# The formulas of elementwise layers, of numbers of 50 digits; derivatives are differences of these.
FUNCTIONS = {
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "leakyrelu 0.25": lambda x: x if x > 0 else x / 4,
}
LOSSES = [(2, 5), (3, 4), (10, 4), (19, 3)]


def number(stream, index, levels=257):
    """One of `levels` multiples of 1/128 (or of 1) around 0, the same in GoldenLayerTests."""
    h = (index * 2654435761 + stream * 40503 + 1) % 2**32
    h = (h ^ (h >> 15)) * 0x2C1B3C6D % 2**32
    h ^= h >> 12
    return ((h >> 8) % levels - levels // 2) / (levels // 2 if levels > 3 else 1)


def numbers(stream, shape, levels=257):
    count = torch.Size(shape).numel()
    return torch.tensor([number(stream, i, levels) for i in range(count)], dtype=torch.float64).reshape(shape)


def flat(tensor):
    # The largest of a tensor is about 1, or as small as a mean's gradient: what is left out is below what tests
    # compare.
    values = tensor.detach().flatten().tolist()
    digits = 6 if max(map(abs, values)) > 0.1 else 8
    return [round(x, digits) for x in values]


def layer_case(text, shape, scale, levels, rows=ROWS):
    layers = reference.parse(text)
    model = reference.Model(layers, shape, None, torch.float64).layers
    normalizations = [m for m in model.modules() if isinstance(m, reference.MicroBatchNorm)]
    for module in normalizations:
        module.count = 2
    parameters = list(model.parameters())
    with torch.no_grad():
        for stream, parameter in enumerate(parameters, 3):
            parameter.copy_(numbers(stream, parameter.shape))
    x = (scale * numbers(1, [rows, *shape], levels)).requires_grad_()
    y = model(x)
    y.backward(numbers(2, y.shape))
    return {
        "layers": text, "shape": shape, "rows": rows, "scale": scale, "levels": levels,
        "y": flat(y), "dx": flat(x.grad), "gradients": [flat(p.grad) for p in parameters],
        "state": [[round(x, 10) for x in s.tolist()] for m in normalizations for s in (m.running_mean, m.running_var)],
    }


def function_case(text, function):
    mp.mp.dps = 50
    magnitudes = [np.float32(2.0**e * s) for e in range(-30, 8) for s in (1, 1.37)] + [np.float32(1e30)]
    x = [sign * float(m) for m in magnitudes for sign in (1, -1)]
    y, derivative = [function(mp.mpf(v)) for v in x], [mp.diff(function, mp.mpf(v)) for v in x]
    # PyTorch computes the same.
    module = reference.Model(reference.parse(text), [len(x)], None, torch.float64)
    theirs = module(torch.tensor([x], dtype=torch.float64))[0].tolist()
    assert all(abs(a - b) <= 1e-12 * max(abs(a), 1) for a, b in zip(y, theirs)), text
    return {"layer": text, "x": x, "y": [float(v) for v in y], "derivative": [float(v) for v in derivative]}


def loss_case(classes, rows):
    logits = (6 * numbers(1, [rows, classes])).requires_grad_()
    labels = torch.tensor([(5 * r + 1) % classes for r in range(rows)])
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    return {
        "classes": classes, "rows": rows, "labels": labels.tolist(), "loss": loss.item(),
        "gradient": flat(logits.grad),
    }


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    document = {
        "cases": [layer_case(*case) for case in CASES],
        "functions": [function_case(*case) for case in FUNCTIONS.items()],
        "losses": [loss_case(*case) for case in LOSSES],
    }
    text = json.dumps(document, separators=(",", ":"))
    text = text.replace('{"layer', '\n{"layer')
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


if __name__ == "__main__":
    main()
