#!/usr/bin/env python3
"""Writes recipe_steps.json, the golden values of GoldenRecipeTests: ten steps of shipped recipes, read from their files,
but of smaller batches and without augmentation, which has tests of its own.

Needs torch (made with torch 2.15). The golden values are float64's, and the script checks that
PyTorch's float32 agrees with them. Images, labels, initial weights, order and the masks of dropout are given by formulas that the test has too.
Of each tensor the file has what its elements add up to in folds (element i in fold i mod FOLDS), and the norm.
"""

import json
import pathlib

import numpy as np
import torch

import layer_text
import lockstep_reference as reference

RECIPES = pathlib.Path(__file__).parents[2] / "recipes"
CLASSES, STEPS, FOLDS = 10, 10, 16
# What recipes leave out.
DEFAULTS = {"optimizer": "sgd", "micro-batches": "4", "seed": "1", "betas": "0.9,0.999", "epsilon": "1e-08"}
# Where a ReLU's input is nearly 0, roundings of float32 decide its slope, in PyTorch too, and ten steps of resnet-20
# part by percents. So it runs with a smooth function in ReLU's place, and as it is by small steps, of a seed for which
# few inputs are that near.
RUNS = [
    {"recipe": "resnet-20", "replace": {"relu": "silu"}, "shape": [3, 16, 16], "samples": 40, "tolerance": 1e-5,
     "changes": {"batch-size": "16", "lr-reference-batch": "128", "augment-flip": "false", "augment-crop": "0"}},
    {"recipe": "resnet-20", "replace": {}, "shape": [3, 8, 8], "samples": 20, "tolerance": 1e-4,
     "changes": {"batch-size": "8", "seed": "3", "warmup-steps": "30000", "augment-flip": "false",
                 "augment-crop": "0"}},
    {"recipe": "mnist-best", "replace": {}, "shape": [28, 28], "samples": 56, "tolerance": 1e-5,
     "changes": {"batch-size": "24", "warmup-steps": "3", "augment-shift": "0", "augment-rotate": "0",
                 "augment-scale": "0"}},
]  # fmt: skip


def images(samples, shape):
    """[samples, features]: noise over stripes of a place and a width that depend on the label, sample % CLASSES."""
    sample, feature = np.ogrid[:samples, : np.prod(shape)]
    noise = (sample * 7919 + feature * 104729 + sample * feature * 31) % 1009 % 120
    return noise + 120 * ((feature + sample % CLASSES * 5) // (4 + sample % CLASSES) % 2)


def run(about, dtype):
    config = {**DEFAULTS, **layer_text.recipe((RECIPES / f"{about['recipe']}.yaml").read_text()), **about["changes"]}
    network = config["network"]
    for word, other in about["replace"].items():
        network = network.replace(word, other)
    model = reference.Model(reference.parse(network), about["shape"], CLASSES, dtype)
    model.load(reference.initial_weights(model, int(config["seed"])))
    x = torch.tensor(images(about["samples"], about["shape"])).to(torch.float64) / 255
    assert config["normalize"] == "auto"
    x = ((x - x.mean()) / x.std(correction=0)).to(dtype)
    y = torch.arange(about["samples"]) % CLASSES
    losses = [loss for loss, _ in reference.train(model, x, y, config, STEPS)]
    return losses, {name: p.detach() for name, p in model.state_dict().items() if "num_batches" not in name}


def summary(tensor):
    flat = tensor.double().flatten()
    folded = torch.zeros(FOLDS, dtype=torch.float64).index_add(0, torch.arange(len(flat)) % FOLDS, flat)
    return [float(f"{value:.9g}") for value in [*folded, flat.norm()]]


def distance(found, expected):
    return max(abs(a - b) for a, b in zip(found, expected)) / max(map(abs, expected))


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    runs = []
    for about in RUNS:
        losses, final = run(about, torch.float64)
        values = {name: summary(tensor) for name, tensor in final.items()}
        single_losses, single = run(about, torch.float32)
        apart = {name: distance(summary(tensor), values[name]) for name, tensor in single.items()}
        name = max(apart, key=apart.get)
        print(f"{about['recipe']}: losses {losses[0]:.4f}..{losses[-1]:.4f}; PyTorch's float32 is apart by "
              f"{distance(single_losses, losses):.1e} in the losses, by {apart[name]:.1e} in {name}")  # fmt: skip
        assert apart[name] <= about["tolerance"], about
        runs.append({**about, "losses": losses, "final": values})
    document = {"classes": CLASSES, "steps": STEPS, "folds": FOLDS, "runs": runs}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
