"""What the peers share: the command line, the data, the stopwatch and the one line of JSON that bench.py reads."""

import argparse
import gzip
import json
import os
import pathlib
import time

import numpy as np


def arguments(description, **defaults):
    """The options of every peer; `defaults` changes some of them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", default=os.environ.get("LOCKSTEP_DATA", "data/mnist"), help="directory of IDX files")
    parser.add_argument("--batch-size", type=int, default=64, help="global batch, over all ranks")
    parser.add_argument("--epochs", type=int, default=2, help="measured epochs, after one to warm up")
    parser.add_argument("--threads", type=int, default=0, help="threads of a rank (0: the library's own choice)")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--rank", type=int, help="DistributedDataParallel: this one alone; others start elsewhere")
    parser.add_argument("--rendezvous", metavar="URL", help="where they find each other: tcp://HOST:PORT of rank 0")
    parser.add_argument("--network", choices=["mlp", "cnn", "best", "resnet"], default="mlp")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--compile", action="store_true", help="PyTorch: torch.compile the network")
    parser.add_argument("--channels-last", action="store_true", help="PyTorch: pixels before channels in memory")
    parser.set_defaults(**defaults)
    return parser.parse_args()


def read_idx(directory, name):
    """An IDX file of bytes as an array of its shape: two zeros, type, rank, big-endian sizes, data."""
    path = pathlib.Path(directory, name)
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load(directory, part):
    """`part` is "train" or "t10k": images [count, 784] in 0...1 as float32, labels [count] as int64. Of colour images
    3072 numbers, of files that are named idx4."""
    colours = any(pathlib.Path(directory).glob(f"{part}-images-idx4-ubyte*"))
    images = read_idx(directory, f"{part}-images-idx{4 if colours else 3}-ubyte")
    labels = read_idx(directory, f"{part}-labels-idx1-ubyte")
    return images.reshape(len(images), -1).astype(np.float32) / 255, labels.astype(np.int64)


def measure(epochs, run_epoch):
    """Seconds of each epoch after the first, which warms up; `run_epoch(epoch)` must end with its work done."""
    seconds = []
    for epoch in range(epochs + 1):
        start = time.perf_counter()
        run_epoch(epoch)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def report(seconds, test_accuracy, **more):
    """The accuracy shows that the peer did train."""
    rounded = [round(second, 4) for second in seconds]
    print(json.dumps({"seconds": rounded, "test_accuracy": round(float(test_accuracy), 4), **more}), flush=True)
