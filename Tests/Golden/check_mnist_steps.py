#!/usr/bin/env python3
"""Repeats the first steps of a real run in PyTorch and compares the weights: of any recipe without dropout, validation
split and augmentation.

    lockstep train --data DIR --hidden 512,512 --batch-size 64 --lr 0.01 --max-steps 0  --output before
    lockstep train --data DIR --hidden 512,512 --batch-size 64 --lr 0.01 --max-steps 10 --output after
    check_mnist_steps.py DIR before after

and for a convolutional network `--optimizer adam --lr 0.001 --network "conv 10 5x5, maxpool 2, relu, conv 20 5x5,
dropout2d 0, maxpool 2, relu, flatten, dense 50, relu, dropout 0, dense classes"` in both.

Starts from the weights saved in `before`, trains in float64 and in float32 on the samples that the recipe's seed orders,
and prints the largest difference of a tensor's elements over the tensor's largest magnitude. A ReLU or a maximum that is
nearly a tie can fall one way in float64 and the other in float32, in PyTorch too: the weights must agree to 1e-5 with
one of the two. Needs torch, numpy and safetensors.
"""

import pathlib
import sys

import torch

import lockstep_reference as reference
import mnist_run


def main():
    data, before, after = map(pathlib.Path, sys.argv[1:])
    config, steps = mnist_run.recipe(after), int(mnist_run.recipe(after)["max-steps"])
    assert {**config, "max-steps": "0"} == mnist_run.recipe(before), "two recipes that differ in more than max-steps"
    assert float(config["validation-split"]) == 0, "a validation split"
    assert all(float(config[f"augment-{kind}"]) == 0 for kind in ("shift", "rotate", "scale")), "augmentation"
    final = mnist_run.tensors(after)
    expected, single = (train(data, before, config, steps, dtype) for dtype in (torch.float64, torch.float32))
    found, torch_error, apart = worst(final, expected), worst(single, expected), worst(final, single)
    print(f"largest relative difference of weights: {found:.2e} to PyTorch's float64, {apart:.2e} to its float32; "
          f"between those: {torch_error:.2e}")
    sys.exit(0 if min(found, apart) <= 1e-5 else 1)


def train(data, before, config, steps, dtype):
    """The weights after so many steps from those of the run."""
    model = mnist_run.model(before, dtype)
    assert not any(getattr(layer, "p", 0) for layer in model.layers), "dropout, whose masks PyTorch does not draw"
    x, y = mnist_run.images(data, "train", before, dtype), mnist_run.labels(data, "train")
    for step, (loss, _) in enumerate(reference.train(model, x, y, config, steps), 1):
        print(f"{dtype}, step {step}: loss {loss:.6f}")
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def worst(tensors, expected):
    """The largest difference over the largest magnitude, of all tensors."""
    return max(((tensors[n] - e).abs().max() / e.abs().max()).item() for n, e in expected.items())


if __name__ == "__main__":
    main()
