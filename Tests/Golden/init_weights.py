"""Weights that PyTorch saved with safetensors, and what PyTorch predicts with them: Tests/Golden/init.

    pip install torch safetensors numpy
    python3 Tests/Golden/init_weights.py

The module has names of its own, a counter of integers that is no weight, and is saved as float32 and as bfloat16; each
predicts the same 20 random images of 6x5 bytes, divided by 255, as `lockstep evaluate` does with --normalize none.
"""

import pathlib
import struct

import numpy
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "init"


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Conv2d(1, 4, 3)
        self.hidden = torch.nn.Linear(48, 9)
        self.head = torch.nn.Linear(9, 3)
        self.register_buffer("steps", torch.tensor(7))

    def forward(self, x):
        x = torch.relu(self.features(x)).flatten(1)
        return self.head(torch.tanh(self.hidden(x)))


def write_idx(name, array):
    shape = array.shape
    head = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    (HERE / name).write_bytes(head + array.tobytes())


def cast(value, dtype):
    return value.to(dtype) if value.is_floating_point() else value


def main():
    HERE.mkdir(exist_ok=True)
    random = numpy.random.default_rng(1)
    torch.manual_seed(1)
    images = random.integers(0, 256, (20, 6, 5), dtype=numpy.uint8)
    labels = (numpy.arange(20) % 3).astype(numpy.uint8)
    for part in ("train", "t10k"):
        write_idx(f"{part}-images-idx3-ubyte", images)
        write_idx(f"{part}-labels-idx1-ubyte", labels)
    module = Module()
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        saved = {key: cast(value, dtype) for key, value in module.state_dict().items()}
        save_file(saved, HERE / f"{name}.safetensors")
        module.load_state_dict({key: cast(value, torch.float32) for key, value in saved.items()})
        with torch.no_grad():
            probabilities = torch.softmax(module(torch.tensor(images / 255.0, dtype=torch.float32)[:, None]), 1)
        numpy.savetxt(HERE / f"{name}.csv", probabilities.numpy(), fmt="%.7f", delimiter=",")


if __name__ == "__main__":
    main()
