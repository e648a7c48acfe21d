"""Lockstep's random numbers and recipes, written again from the documentation of its sources (CounterRandom, Permutation,
Parameters, Sampler, LayerSpecification, Schedule) and in terms of PyTorch, so that golden values do not come from the
code that they test."""

import math

import numpy as np
import torch

from layer_text import parts

INITIAL_WEIGHTS, EPOCH_ORDER, DROPOUT = 1, 2, 4
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
    """The 32 random bits of an element, or of an array of uint64: the counter is (element block, sample, time, purpose)."""
    block = philox([element >> 2, sample, time, purpose], [seed & MASK, seed >> 32])
    if isinstance(element, np.ndarray):
        return np.choose((element & 3).astype(int), [np.broadcast_to(word, element.shape) for word in block])
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


def batches(count, batch_size, seed):
    """Endless global batches: consecutive entries of each epoch's order, the last of an epoch short."""
    epoch = 0
    while True:
        order = permutation(count, seed, EPOCH_ORDER, epoch)
        for start in range(0, count, batch_size):
            yield order[start : start + batch_size]
        epoch += 1


def parse(text):
    """A network as recipes and models write it: [words of each layer], and ("residual", body, shortcut) or ("branches",
    branch, branch...) for blocks."""
    layers = []
    for part in parts(text, ","):
        part = part.strip()
        name = part.split("(")[0].split()[0]
        if name == "residual":
            lists = parts(part, " ")  # "residual(...)", "shortcut(...)"
            layers.append(("residual", *(parse(text[9:-1]) for text in lists), *([[]] if len(lists) == 1 else [])))
        elif name == "branches":
            layers.append(("branches", *map(parse, parts(part[len("branches("):-1], "|"))))
        else:
            layers.append(part.split())
    return layers


class Residual(torch.nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class Branches(torch.nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.branches = torch.nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Model(torch.nn.Module):
    """The layers of `parse` as a torch.nn.Sequential named `layers`, so that tensors have Lockstep's names."""

    def __init__(self, specification, shape, classes, dtype):
        super().__init__()
        shape = list(shape)
        if len(shape) == 2:
            shape = [1, *shape]
        self.shape, self.position = shape, 0
        self.layers = self.sequential(specification, shape, classes, dtype)

    def sequential(self, specification, shape, classes, dtype):
        modules = []
        for name, *words in specification:
            if name in ("residual", "branches"):
                lists = [self.sequential(part, shape, classes, dtype) for part in words]
                module = Residual(*lists) if name == "residual" else Branches(lists)
                shape = list(module.eval()(torch.zeros(1, *shape, dtype=dtype)).shape[1:])
                modules.append(module.train())
                self.position += 1
                continue
            value = dict(zip(words[2::2], map(int, words[3::2]))) if name == "conv" else {}
            if name == "dense":
                outputs = classes if words[0] == "classes" else int(words[0])
                module = Flat(int(np.prod(shape)), outputs, dtype=dtype)
            elif name == "conv":
                size = int(words[1].split("x")[0])
                module = torch.nn.Conv2d(
                    shape[0], int(words[0]), size, value.get("stride", 1), value.get("pad", 0), dtype=dtype)
            elif name in ("maxpool", "avgpool"):
                kind = {"maxpool": torch.nn.MaxPool2d, "avgpool": torch.nn.AvgPool2d}[name]
                module = kind(int(words[0]), int(words[2]) if len(words) > 1 else None)
            elif name == "batchnorm":
                given = dict(zip(words[0::2], map(float, words[1::2])))
                module = MicroBatchNorm(
                    shape[0], eps=given.get("eps", 1e-5), momentum=given.get("momentum", 0.1), dtype=dtype)
            elif name == "groupnorm":
                module = torch.nn.GroupNorm(int(words[0]), shape[0], dtype=dtype)
            elif name == "layernorm":
                module = torch.nn.LayerNorm(shape, dtype=dtype)
            elif name == "leakyrelu":
                module = torch.nn.LeakyReLU(*map(float, words))
            elif name in ("dropout", "dropout2d"):
                module = CounterDropout(float(words[0]), self.position, name == "dropout2d")
            else:
                module = {
                    "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid,
                    "flatten": torch.nn.Flatten, "gelu": torch.nn.GELU, "silu": torch.nn.SiLU,
                    "globalavgpool": GlobalMean,
                }[name]()
            shape = list(module.eval()(torch.zeros(1, *shape, dtype=dtype)).shape[1:])
            module.train()
            modules.append(module)
            self.position += 1
        return torch.nn.Sequential(*modules)

    def forward(self, x):
        return self.layers(x.reshape(len(x), *self.shape))

    def load(self, tensors):
        """Takes weights by their names."""
        given = {name: torch.as_tensor(np.array(values)) for name, values in tensors.items()}
        missing, unexpected = self.load_state_dict(given, strict=False)
        assert not unexpected and all("running_" in name or "num_batches" in name for name in missing), missing


def micro_batches(rows, count):
    """The rows of each of so many micro-batches, whose sizes differ by at most one."""
    return [slice(rows * i // count, rows * (i + 1) // count) for i in range(count)]


class MicroBatchNorm(torch.nn.BatchNorm2d):
    """PyTorch's batch normalization of each of `count` micro-batches, with one update of the running statistics by their
    mean, weighted by their numbers of values."""

    count = 1

    def _check_input_dim(self, x):
        pass

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        parts = [x[rows] for rows in micro_batches(len(x), self.count) if rows.stop > rows.start]
        dims, total = [0, *range(2, x.dim())], 0
        means, variances = 0, 0
        for part in parts:
            values = part.numel() // part.shape[1]
            if values >= 2:
                variance, mean = torch.var_mean(part.detach(), dims)
                total, means, variances = total + values, means + values * mean, variances + values * variance
        with torch.no_grad():
            if total:
                self.running_mean.lerp_(means / total, self.momentum)
                self.running_var.lerp_(variances / total, self.momentum)
        return torch.cat([self.normalized(part, dims) for part in parts])

    def normalized(self, part, dims):
        """Written out: PyTorch refuses a single value, which is its own mean."""
        variance, mean = torch.var_mean(part, dims, correction=0, keepdim=True)
        shape = [1, -1] + [1] * (part.dim() - 2)
        unit = (part - mean) / torch.sqrt(variance + self.eps)
        return unit * self.weight.reshape(shape) + self.bias.reshape(shape)


class CounterDropout(torch.nn.Module):
    """Inverted dropout of features or channels whose masks are a function of seed, epoch, sample, layer and unit. `draws`
    is (seed, epoch, samples) of the batch."""

    draws = None

    def __init__(self, p, position, channels):
        super().__init__()
        self.p, self.position, self.channels = p, position, channels

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        seed, epoch, samples = self.draws
        units = x.shape[1] if self.channels else x[0].numel()
        elements = (self.position << 24) + np.arange(units, dtype=np.uint64)
        words = np.stack([bits(seed, DROPOUT, epoch, elements, sample) for sample in samples])
        factors = (words >= int(self.p * 2**32)) / (1 - self.p)
        shape = [*x.shape[:2], *[1] * (x.dim() - 2)] if self.channels else x.shape
        return x * torch.as_tensor(factors).to(x.dtype).reshape(shape)


class GlobalMean(torch.nn.Module):
    """[n, c, h, w] -> [n, c]"""

    def forward(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)


class Flat(torch.nn.Linear):
    """A dense layer takes images as they are, as Lockstep's does."""

    def forward(self, x):
        return super().forward(x.flatten(1))


def initial_weights(model, seed):
    """By name: uniform within 1 / sqrt(inputs of an output), in float32 throughout."""
    tensors, bound = {}, None
    normalizations = {name for name, module in model.named_modules() if isinstance(module, MicroBatchNorm)}
    for number, (name, parameter) in enumerate(model.named_parameters()):
        if name.rpartition(".")[0] in normalizations:
            tensors[name] = parameter.detach().float().numpy()
            continue
        if name.endswith("weight"):
            bound = np.float32(1) / np.sqrt(np.float32(parameter[0].numel()))
        words = bits(seed, INITIAL_WEIGHTS, number, np.arange(parameter.numel(), dtype=np.uint64))
        unit = (words >> 8).astype(np.float32) * np.float32(2**-24)
        tensors[name] = ((np.float32(2) * unit - np.float32(1)) * bound).reshape(parameter.shape)
    return tensors


def optimizer(parameters, config):
    """The optimizer of a recipe, whose keys are those of config.yaml."""
    rate, decay = float(config["lr"]), float(config.get("weight-decay", 0))
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(
            parameters, lr=rate, momentum=float(config["momentum"]), weight_decay=decay,
            nesterov=config.get("nesterov") == "true")
    if config["optimizer"] == "lars":
        from timm.optim.lars import Lars  # PyTorch has none

        parameters = list(parameters)
        others = {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0, "always_adapt": False}
        matrices = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay, "always_adapt": True}
        return Lars(
            [matrices, others], lr=rate, momentum=float(config["momentum"]),
            nesterov=config.get("nesterov") == "true", trust_coeff=float(config["trust-coefficient"]),
            eps=float(config["epsilon"]))
    if config["optimizer"] == "rmsprop":
        return torch.optim.RMSprop(
            parameters, lr=rate, alpha=float(config["alpha"]), eps=float(config["epsilon"]),
            momentum=float(config["momentum"]), weight_decay=decay)
    betas = tuple(map(float, config["betas"].split(",")))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["optimizer"]]
    return kind(parameters, lr=rate, betas=betas, eps=float(config["epsilon"]), weight_decay=decay)


def learning_rate(config, step, epoch, total_steps):
    """The rate of a step (from 0) of an epoch (from 0)."""
    rate, warmup = float(config["lr"]), int(config.get("warmup-steps", 0))
    if config.get("lr-reference-batch", "none") != "none":
        rate *= int(config["batch-size"]) / int(config["lr-reference-batch"])
    at = max(step, warmup)
    if config["schedule"] == "step":
        rate *= float(config["gamma"]) ** sum(epoch >= int(m) for m in config["milestones"].split(",") if m)
    if config["schedule"] == "cosine":
        rate *= (1 + math.cos(math.pi * (at - warmup) / max(total_steps - warmup, 1))) / 2
    return rate * min((step + 1) / warmup, 1) if warmup else rate


def train(model, x, y, config, steps):
    """Trains on the batches of a recipe; yields each step's loss and gradients before its update."""
    for module in model.modules():
        if isinstance(module, MicroBatchNorm):
            module.count = int(config["micro-batches"])
    chosen, batch = optimizer(model.parameters(), config), int(config["batch-size"])
    per_epoch = -(-len(y) // batch)
    picks = batches(len(y), batch, int(config["seed"]))
    for step in range(steps):
        picked = next(picks)
        for module in model.modules():
            if isinstance(module, CounterDropout):
                module.draws = (int(config["seed"]), step // per_epoch, picked)
        for group in chosen.param_groups:
            group["lr"] = learning_rate(
                config, step, step // per_epoch, int(config.get("epochs", 1)) * per_epoch)
        chosen.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[picked]), y[picked])
        loss.backward()
        yield loss.item(), [p.grad.clone() for p in model.parameters()]
        chosen.step()
