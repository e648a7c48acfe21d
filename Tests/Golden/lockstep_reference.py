"""Lockstep's random numbers, written again from the documentation of its sources (CounterRandom, Permutation,
Parameters, Sampler), so that golden values do not come from the code that they test."""

import numpy as np

INITIAL_WEIGHTS, EPOCH_ORDER = 1, 2
MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 (Salmon et al., SC 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def bits(seed, purpose, time, element, sample=0):
    """The 32 random bits of one element: the counter is (element block, sample, time, purpose)."""
    block = philox([element >> 2, sample, time, purpose], [seed & MASK, seed >> 32])
    return block[element & 3]


def permutation(count, seed, purpose, time):
    """Eight Feistel rounds on the next even power of two, walking the cycle until below `count`."""
    half = max(((count - 1).bit_length() + 1) // 2, 1)
    mask = (1 << half) - 1
    keys = [bits(seed, purpose, time, r) for r in range(8)]

    def mix(h):
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
        return h ^ (h >> 16)

    def encrypt(value):
        left, right = value >> half, value & mask
        for key in keys:
            left, right = right, left ^ (mix(right ^ key) & mask)
        return left << half | right

    def entry(index):
        value = encrypt(index)
        while value >= count:
            value = encrypt(value)
        return value

    return [entry(i) for i in range(count)]


def initial_weights(sizes, seed):
    """[weight, bias] of each dense layer: uniform within 1 / sqrt(in), in float32 throughout."""
    tensors = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        bound = np.float32(1) / np.sqrt(np.float32(inputs))
        for shape in ((outputs, inputs), (outputs,)):
            words = [bits(seed, INITIAL_WEIGHTS, len(tensors), e) for e in range(int(np.prod(shape)))]
            unit = (np.array(words, dtype=np.uint32) >> 8).astype(np.float32) * np.float32(2**-24)
            tensors.append(((np.float32(2) * unit - np.float32(1)) * bound).reshape(shape))
    return tensors


def batches(count, batch_size, seed):
    """Endless global batches: consecutive entries of each epoch's order, the last of an epoch short."""
    epoch = 0
    while True:
        order = permutation(count, seed, EPOCH_ORDER, epoch)
        for start in range(0, count, batch_size):
            yield order[start : start + batch_size]
        epoch += 1


def sequential(tensors, dtype):
    """A torch.nn.Sequential of Linear layers, ReLU between them, with these weights."""
    import torch

    layers = []
    for weight, bias in zip(tensors[::2], tensors[1::2]):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight))
            linear.bias.copy_(torch.tensor(bias))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train(model, x, y, batch_iterator, steps, **sgd):
    """Runs SGD; yields each step's loss and gradients before its update."""
    import torch

    optimizer = torch.optim.SGD(model.parameters(), **sgd)
    for _ in range(steps):
        picked = next(batch_iterator)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[picked]), y[picked])
        loss.backward()
        yield loss.item(), [p.grad.clone() for p in model.parameters()]
        optimizer.step()
