"""PyTorch's share of what the peers have in common."""

import functools

import torch
from torch import nn

import common


def tensors(directory, part):
    images, labels = common.load(directory, part)
    return torch.from_numpy(images), torch.from_numpy(labels)


def mlp():
    """784-512-512-10 with ReLU; cross entropy is applied to its logits."""
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


def cnn():
    """LeNet's grandchild from PyTorch's own MNIST example: [batch, 784] -> [batch, 10]."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(10, 20, 5), nn.Dropout2d(0.5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(320, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 10),
    )  # fmt: skip


def best():
    """The network of the recipe mnist-best: [batch, 784] -> [batch, 10]."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10),
    )  # fmt: skip


class Residual(nn.Module):
    """Two convolutions and a shortcut, each normalized; the convolutions' biases, which that takes away, are left out."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))  # fmt: skip

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet():
    """The network of the recipe resnet-20: [batch, 3072] -> [batch, 10]."""
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    return nn.Sequential(
        nn.Unflatten(1, (3, 32, 32)),
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        *[Residual(a, b, b // a) for a, b in zip(widths, widths[1:])],
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


# The networks and, but for the learning rate, the optimizers of the recipes.
WORKS = {
    "mlp": (mlp, torch.optim.SGD),
    "cnn": (cnn, torch.optim.Adam),
    "best": (best, functools.partial(torch.optim.AdamW, weight_decay=0.01)),
    "resnet": (resnet, functools.partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
}


class ChannelsLast(nn.Module):
    def forward(self, x):
        return x.contiguous(memory_format=torch.channels_last)


def work(options):
    """The network and the optimizer's class of `--network`, in the layout of `--channels-last`."""
    make, optimizer_of = WORKS[options.network]
    network = make()
    if options.channels_last:
        network.insert(1, ChannelsLast())
        network = network.to(memory_format=torch.channels_last)
    return network, optimizer_of


def batches(count, batch_size, epoch, rank=0, ranks=1):
    """This rank's part of every global batch of the epoch: indices into the training set, [about batch_size / ranks]."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(epoch))
    return (batch.tensor_split(ranks)[rank] for batch in order.split(batch_size))


def train_epoch(network, optimizer, images, labels, indices):
    loss_of = nn.CrossEntropyLoss()
    for index in indices:
        optimizer.zero_grad()
        loss_of(network(images[index]), labels[index]).backward()
        optimizer.step()


def accuracy(network, images, labels):
    network.eval()
    with torch.no_grad():
        return (network(images).argmax(1) == labels).float().mean().item()
