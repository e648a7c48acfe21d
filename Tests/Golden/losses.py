#!/usr/bin/env python3
"""Writes losses.json, the golden values of GoldenLossTests: PyTorch's cross-entropy with label smoothing and weights of the
classes, each sample's loss and the gradient of their mean with respect to the logits.

Needs torch (made with torch 2.15). Logits are float64, given by `number` of layers.py.
"""

import json
import pathlib

import torch

from layers import number

CASES = [
    (rows, classes, smoothing, weighted)
    for rows, classes in [(5, 10), (3, 2), (4, 33)] for smoothing in (0.0, 0.1, 0.4) for weighted in (False, True)
]


def case(rows, classes, smoothing, weighted):
    values = [4 * number(3, i) for i in range(rows * classes)]
    logits = torch.tensor(values, dtype=torch.float64).reshape(rows, classes).requires_grad_()
    labels = torch.tensor([7 * row % classes for row in range(rows)])
    weights = torch.tensor([0.25 * (1 + 3 * c % 7) for c in range(classes)], dtype=torch.float64) if weighted else None
    settings = {"weight": weights, "label_smoothing": smoothing}
    losses = torch.nn.CrossEntropyLoss(reduction="none", **settings)(logits, labels)
    torch.nn.CrossEntropyLoss(**settings)(logits, labels).backward()
    return {
        "rows": rows, "classes": classes, "smoothing": smoothing,
        "weights": weights.tolist() if weighted else None, "losses": losses.tolist(),
        "gradient": logits.grad.flatten().tolist(),
    }


def main():
    text = json.dumps([case(*parts) for parts in CASES], separators=(",", ":")).replace('{"rows"', '\n{"rows"')
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


if __name__ == "__main__":
    main()
