#!/usr/bin/env python3
"""Writes the golden values of GoldenLossTests. losses.json: PyTorch's cross-entropy with label smoothing, weights of
the classes, and mixed labels, each sample's loss and the gradient of their mean with respect to the logits.
errors.json: MSELoss and L1Loss of numbers, with their gradient.

Needs torch (made with torch 2.15). Logits are float64, given by `number` of layers.py.
"""

import json
import pathlib

import torch

from layers import number

CASES = [
    (rows, classes, smoothing, weighted, mixed)
    for rows, classes in [(5, 10), (3, 2), (4, 33)] for smoothing in (0.0, 0.1, 0.4) for weighted in (False, True)
    for mixed in (False, True)
]


def case(rows, classes, smoothing, weighted, mixed):
    values = [4 * number(3, i) for i in range(rows * classes)]
    logits = torch.tensor(values, dtype=torch.float64).reshape(rows, classes).requires_grad_()
    labels = torch.tensor([7 * row % classes for row in range(rows)])
    weights = torch.tensor([0.25 * (1 + 3 * c % 7) for c in range(classes)], dtype=torch.float64) if weighted else None
    settings = {"weight": weights, "label_smoothing": smoothing}
    if mixed:
        # Both labels' probabilities. What their losses are divided by is ours: PyTorch takes the number of rows.
        parts = torch.tensor([row / 8 for row in range(rows)], dtype=torch.float64)[:, None]
        others = torch.tensor([(5 * row + 1) % classes for row in range(rows)])
        one_hot = torch.nn.functional.one_hot
        targets = (1 - parts) * one_hot(labels, classes) + parts * one_hot(others, classes)
        losses = torch.nn.CrossEntropyLoss(reduction="none", **settings)(logits, targets)
        (losses.sum() / ((targets * weights).sum() if weighted else rows)).backward()
    else:
        losses = torch.nn.CrossEntropyLoss(reduction="none", **settings)(logits, labels)
        torch.nn.CrossEntropyLoss(**settings)(logits, labels).backward()
    return {
        "rows": rows, "classes": classes, "smoothing": smoothing, "mixed": mixed,
        "weights": weights.tolist() if weighted else None, "losses": losses.tolist(),
        "gradient": logits.grad.flatten().tolist(),
    }


def errors(loss, rows, columns):
    outputs, targets = (
        torch.tensor([scale * number(seed, i) for i in range(rows * columns)], dtype=torch.float64).reshape(rows, columns)
        for scale, seed in ((4, 3), (3, 4))
    )
    outputs.requires_grad_()
    value = {"mse": torch.nn.MSELoss(), "l1": torch.nn.L1Loss()}[loss](outputs, targets)
    value.backward()
    return {
        "rows": rows, "columns": columns, "loss": loss, "value": value.item(),
        "gradient": outputs.grad.flatten().tolist(),
    }


def write(name, cases):
    text = json.dumps(cases, separators=(",", ":")).replace('{"rows"', '\n{"rows"')
    pathlib.Path(__file__).with_name(name).write_text(text + "\n")


def main():
    write("losses.json", [case(*parts) for parts in CASES])
    sizes = [(5, 1), (3, 2), (4, 16), (2, 33)]
    write("errors.json", [errors(loss, *size) for loss in ("mse", "l1") for size in sizes])


if __name__ == "__main__":
    main()
