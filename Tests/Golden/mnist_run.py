"""What the checks of real runs read: MNIST's IDX files and a run directory."""

import gzip

import numpy as np
import safetensors
import safetensors.torch
import torch

import lockstep_reference as reference


def idx(directory, name):
    plain = directory / name
    data = plain.read_bytes() if plain.exists() else gzip.open(f"{plain}.gz").read()
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def metadata(run):
    with safetensors.safe_open(run / "model.safetensors", "pt") as file:
        return {key.removeprefix("lockstep."): value for key, value in file.metadata().items()}


def tensors(run):
    return safetensors.torch.load_file(run / "model.safetensors")


def model(run, dtype):
    """The run's network as a torch.nn.Sequential with the run's weights."""
    about = metadata(run)
    shape = [int(size) for size in about["input"].split(",")]
    made = reference.Model(reference.parse(about["network"]), shape, int(about["classes"]), dtype)
    made.load_state_dict(tensors(run))
    return made


def images(directory, split, run, dtype):
    """The images as the run's network reads them."""
    x = torch.tensor(idx(directory, f"{split}-images-idx3-ubyte")).to(dtype) / 255
    normalization = metadata(run)["normalize"]
    if normalization == "none":
        return x
    mean, deviation = map(float, normalization.split(","))
    return (x - mean) / deviation


def labels(directory, split):
    return torch.tensor(idx(directory, f"{split}-labels-idx1-ubyte")).long()


def recipe(run):
    """The keys of config.yaml, which has one scalar a line."""
    lines = (run / "config.yaml").read_text().splitlines()
    return {key: value.strip("' ") for key, _, value in (line.partition(":") for line in lines) if key}
