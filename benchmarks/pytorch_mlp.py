"""The MLP in PyTorch, one process, all images in memory: the quickest way to write it that PyTorch users know."""

import torch

import common
import pytorch_common as peer


def main():
    options = common.arguments(__doc__)
    if options.threads:
        torch.set_num_threads(options.threads)
    images, labels = peer.tensors(options.data, "train")
    network = peer.mlp()
    compiled = torch.compile(network) if options.compile else network
    optimizer = torch.optim.SGD(network.parameters(), lr=options.lr, fused=True)

    def run_epoch(epoch):
        peer.train_epoch(compiled, optimizer, images, labels, peer.batches(len(images), options.batch_size, epoch))

    seconds = common.measure(options.epochs, run_epoch)
    accuracy = peer.accuracy(network, *peer.tensors(options.data, "t10k"))
    common.report(seconds, accuracy, version=torch.__version__, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
