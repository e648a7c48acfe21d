"""The least time that a step can take over a link, from a run's trace: no gradient leaves before it exists, and no layer
starts before its weights are there.

    step_bound.py TRACE.json MODEL.safetensors --bits-per-second 1e9 --hosts 3 --bytes 8

Rank 0's spans give the time of each layer's passes, the model's tensors its parameters. The link carries one gradient
after the other, 2 (n - 1) / n of its bytes, as a ring does; sums and updates cost nothing. Prints milliseconds.
"""

import argparse
import collections
import json
import statistics
import struct


def spans(path):
    """The median seconds of each of rank 0's spans, over its steps."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    own = [e for e in events if e.get("ph") == "X" and e["pid"] == 0 and e["tid"] == 0]
    seconds = collections.defaultdict(list)
    for event in own:
        seconds[event["name"]].append(event["dur"] * 1e-6)
    return {name: statistics.median(times) for name, times in seconds.items()}


def parameters(path):
    """The number of parameters of each layer, by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    counts = collections.Counter()
    for name, tensor in header.items():
        if name.startswith("layers."):
            size = 1
            for length in tensor["shape"]:
                size *= length
            counts[".".join(name.split(".")[:2])] += size
    return counts


def bound(passes, counts, seconds_of):
    """A step's time from one loss to the next. A span is named after its first layer and has those up to the next."""
    number = lambda name: int(name.split(".")[1])
    firsts = sorted((n.split()[1] for n in passes if n.startswith("forward layers.")), key=number)
    ends = [number(name) for name in firsts[1:]] + [1 << 30]
    sizes = [
        sum(c for layer, c in counts.items() if number(first) <= number(layer) < end)
        for first, end in zip(firsts, ends)
    ]
    computed = link = 0.0
    arrivals = []
    for first, size in reversed(list(zip(firsts, sizes))):
        computed += passes.get("backward " + first, 0)
        link = max(link, computed) + seconds_of(size)
        arrivals.append(link if size else computed)
    for first, arrival in zip(firsts, reversed(arrivals)):
        computed = max(computed, arrival) + passes["forward " + first]
    return computed + passes["loss"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace")
    parser.add_argument("model")
    parser.add_argument("--bits-per-second", type=float, required=True)
    parser.add_argument("--hosts", type=int, required=True)
    parser.add_argument("--bytes", type=int, default=8)
    options = parser.parse_args()
    share = 2 * (options.hosts - 1) / options.hosts
    least = bound(
        spans(options.trace), parameters(options.model),
        lambda size: share * options.bytes * size * 8 / options.bits_per_second,
    )
    print(f"{1000 * least:.1f}")


if __name__ == "__main__":
    main()
