"""Learning curves of Cairn and PyTorch from the same weights on the same batches, without augmentation.

A torchvision network with random weights for the classes of a picture folder is trained by PyTorch in both of its
memory layouts and by Cairn, in single precision, and by both in double for a few steps. In double the losses must
agree. In single precision roundings grow from step to step until two trainings are strangers to each other, so Cairn
is held against what the layouts differ by, as geometric mean over all steps, in which the first ones, where
differences are still small, count as much as the last. Of three trainings that are equally good one in three is
further from both others than they are from each other, so that the limit is twice their distance. Exit 1 if either
does not hold.
"""

import argparse
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
import torchvision
from PIL import Image

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WINDOW = 20  # steps whose mean is told
SINGLE_LIMIT = 2  # distances of the layouts
DOUBLE_LIMIT = 1e-6


def read_batches(folder, size, batch):
    """Pictures in a shuffled order, of the same kinds every time: (batches, N, H, W, 3) and (batches, N)."""
    files = [(path, label) for label, kind in enumerate(sorted(os.listdir(folder)))
             for path in sorted(glob.glob(os.path.join(folder, kind, "*")))]
    order = np.random.default_rng(1).permutation(len(files))
    count = len(files) // batch
    images = np.empty((count * batch, size, size, 3), np.float32)
    labels = np.empty(count * batch, np.float32)
    for i in range(count * batch):
        path, labels[i] = files[order[i]]
        picture = Image.open(path).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        images[i] = (np.asarray(picture, np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    return images.reshape(count, batch, size, size, 3), labels.reshape(count, batch)


def train_pytorch(model, images, labels, steps, lr, dtype, layout):
    model = model.to(dtype=dtype, memory_format=layout).train()
    optimiser = torch.optim.SGD(model.parameters(), lr, momentum=0.9, weight_decay=1e-4)
    losses = []
    for step in range(steps):
        k = step % len(images)
        x = torch.from_numpy(images[k]).to(dtype).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        loss = torch.nn.functional.cross_entropy(model(x), torch.from_numpy(labels[k]).long())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return np.array(losses)


def train_cairn(options, network, folder, steps, precision):
    command = [os.path.join(options.build, "curve"), network, os.path.join(folder, "weights.safetensors"),
               os.path.join(folder, "batches.safetensors"), str(steps), precision]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "LR": str(options.lr)}).stdout
    return np.array([float(line) for line in text.split()])


def distance(a, b):
    return np.exp(np.log(np.abs(a - b) + 1e-9).mean())


def compare(options, network, folder):
    images, labels = read_batches(options.pictures, options.size, options.batch)
    torch.manual_seed(options.seed)
    start = torchvision.models.get_model(network, weights=None, num_classes=int(labels.max()) + 1)
    safetensors.torch.save_file(start.state_dict(), os.path.join(folder, "weights.safetensors"))
    safetensors.torch.save_file({"images": torch.from_numpy(images).flatten(0, 1), "labels": torch.from_numpy(labels)},
                                os.path.join(folder, "batches.safetensors"))

    def pytorch(steps, dtype, layout):
        model = torchvision.models.get_model(network, weights=None, num_classes=int(labels.max()) + 1)
        model.load_state_dict(start.state_dict())
        return train_pytorch(model, images, labels, steps, options.lr, dtype, layout)

    theirs = pytorch(options.double_steps, torch.float64, torch.contiguous_format)
    ours = train_cairn(options, network, folder, options.double_steps, "f64")
    double = np.abs(theirs - ours).max()
    print(f"{network}: double, {options.double_steps} steps: losses differ by at most {double:.1e} "
          f"(limit {DOUBLE_LIMIT:.0e}), from {theirs[0]:.4f} to {theirs[-1]:.4f}", flush=True)
    planar = pytorch(options.steps, torch.float32, torch.contiguous_format)
    packed = pytorch(options.steps, torch.float32, torch.channels_last)
    cairn = train_cairn(options, network, folder, options.steps, "f32")
    layouts, nearest = distance(planar, packed), min(distance(cairn, planar), distance(cairn, packed))
    print(f"{network}: single, {options.steps} steps: losses differ by {nearest:.1e} from the nearer of PyTorch's "
          f"layouts, these by {layouts:.1e} (limit {SINGLE_LIMIT} times that)", flush=True)
    for name, curve in (("planar", planar), ("channels last", packed), ("cairn", cairn)):
        means = [f"{curve[k:k + WINDOW].mean():.3f}" for k in range(0, len(curve), WINDOW)]
        print(f"  {name:14} {' '.join(means)}")
    return double <= DOUBLE_LIMIT and nearest <= SINGLE_LIMIT * layouts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["resnet18"])
    parser.add_argument("--pictures", required=True, help="a folder of class folders")
    parser.add_argument("--build", required=True, help="where the program `curve` is")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--double-steps", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    good = True
    for network in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            good &= compare(options, network, folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
