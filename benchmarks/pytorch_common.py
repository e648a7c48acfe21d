"""PyTorch's share of what the peers have in common."""

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
