"""The CNN, or another --network, in PyTorch: one process, or with --ranks N DistributedDataParallel over gloo."""

import torch

import common
import pytorch_common as peer
import pytorch_ddp


def main():
    options = common.arguments(__doc__, batch_size=100, lr=1e-3, network="cnn")
    network, optimizer_of = peer.work(options)
    if options.ranks > 1:
        return pytorch_ddp.spawn(options, network, optimizer_of)
    if options.threads:
        torch.set_num_threads(options.threads)
    images, labels = peer.tensors(options.data, "train")
    compiled = torch.compile(network) if options.compile else network
    optimizer = optimizer_of(network.parameters(), lr=options.lr, fused=True)

    def run_epoch(epoch):
        peer.train_epoch(compiled, optimizer, images, labels, peer.batches(len(images), options.batch_size, epoch))

    seconds = common.measure(options.epochs, run_epoch)
    accuracy = peer.accuracy(network, *peer.tensors(options.data, "t10k"))
    common.report(seconds, accuracy, version=torch.__version__, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
