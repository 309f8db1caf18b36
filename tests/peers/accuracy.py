"""The accuracy that a recipe reaches in Cairn and in PyTorch, with several seeds.

Cairn trains first; what it did, as its run folder tells (args.json and the preprocessing in its weights), is repeated
with torchvision's transformations and networks and PyTorch's optimiser, both from random weights. DATA is a picture
folder with train/ and val/, or a folder of IDX files: that becomes CIFAR's binary form, 28x28 padded to 32x32 with
three equal channels, for Cairn, and the same pixels for PyTorch. Options behind -- go to `cairn train`.

Beside the accuracy stand the losses of the last epoch in training and after it in validation, which tell more where a
test part is small. Exit 1 if Cairn's mean accuracy is below PyTorch's by more than the wider of the two ranges over the
seeds.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import numpy as np
import torch
import torchvision
from torch.nn import functional as F
from torchvision.transforms import v2 as transforms

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "bench"))
import training  # noqa: E402: resnet20, which torchvision has not

CIFAR_SIDE = 32
CIFAR_PARTS = 5
EVALUATION_BATCH = 100


@dataclass
class Result:
    top1: float  # percent
    train_loss: float
    val_loss: float

    def __str__(self):
        return f"{self.top1:.2f} %, loss {self.train_loss:.3f} in training, {self.val_loss:.3f} in validation"


class Pictures:
    """One part of a set, decoded: PIL pictures of a folder, or uint8 tensors (3, H, W)."""

    def __init__(self, pictures, labels):
        self.pictures, self.labels = pictures, torch.as_tensor(labels, dtype=torch.long)

    def batch(self, numbers, transform):
        return torch.stack([transform(self.pictures[i]) for i in numbers]), self.labels[numbers]


def read_idx(folder, part, most):
    with gzip.open(os.path.join(folder, f"{part}-images-idx3-ubyte.gz")) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:most]
    with gzip.open(os.path.join(folder, f"{part}-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)[:most]
    edge = (CIFAR_SIDE - pixels.shape[1]) // 2
    pixels = np.pad(pixels, ((0, 0), (edge, edge), (edge, edge)))
    return np.repeat(pixels[:, None], 3, axis=1), labels


def write_cifar(folder, train, test):
    def write(name, pixels, labels):
        np.concatenate([labels[:, None], pixels.reshape(len(pixels), -1)], axis=1).tofile(os.path.join(folder, name))

    for k, (pixels, labels) in enumerate(zip(*(np.array_split(a, CIFAR_PARTS) for a in train))):
        write(f"data_batch_{k + 1}.bin", pixels, labels)
    write("test_batch.bin", *test)


def read_folder(folder):
    files = torchvision.datasets.ImageFolder(folder)
    return Pictures([picture for picture, _ in files], files.targets)


def read_data(options, work):
    """The set for PyTorch, training part and test part, and the folder where Cairn finds it."""
    if os.path.isdir(os.path.join(options.data, "train")):
        return *(read_folder(os.path.join(options.data, part)) for part in ("train", "val")), options.data
    parts = [read_idx(options.data, part, most) for part, most in (("train", options.pictures), ("t10k", None))]
    write_cifar(work, *parts)
    return *(Pictures(torch.from_numpy(pixels), labels.astype(int)) for pixels, labels in parts), work


def train_cairn(options, data, seed, folder):
    subprocess.run([options.cairn, "train", options.network, data, "--seed", str(seed), "--out", folder, "--quiet",
                    *options.train], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "args.json")) as file:
        settings = json.load(file)
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        epochs = [json.loads(line) for line in file if '"val_top1"' in line]
    with open(os.path.join(folder, "weights", "last.safetensors"), "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        preprocess = json.loads(json.loads(file.read(size))["__metadata__"]["cairn.preprocess"])
    last = Result(epochs[-1]["val_top1"], epochs[-1]["loss"], epochs[-1]["val_loss"])
    return last, sum(epoch["seconds"] for epoch in epochs), settings, preprocess


def transforms_of(settings, preprocess):
    """What is done to a training picture and to a test picture."""
    end = [transforms.ToImage(), transforms.ToDtype(torch.float32, scale=True),
           transforms.Normalize(preprocess["mean"], preprocess["std"])]
    side, train = preprocess["crop"] or CIFAR_SIDE, []
    for word in settings["augment"].split(","):
        name, _, value = word.partition("=")
        if name == "rrc":
            low, high = map(float, value.split(":"))
            train.append(transforms.RandomResizedCrop(side, (low, high), antialias=True))
        elif name == "flip":
            train.append(transforms.RandomHorizontalFlip(float(value)))
        elif name == "pad":
            train.append(transforms.RandomCrop(side, padding=int(value)))
        else:
            raise SystemExit(f"accuracy.py does not know the augmentation {name} (rrc, flip and pad)")
    test = [transforms.Resize(preprocess["resize"], antialias=True)] if preprocess["resize"] else []
    return transforms.Compose(train + end), transforms.Compose(test + [transforms.CenterCrop(side)] + end)


def rate_factor(settings, epoch):
    """By what the learning rate of an epoch, which may be a fraction, differs from the first."""
    if settings["schedule"] == "step":
        return settings["gamma"] ** int(epoch / settings["step_epochs"] + 1e-6)
    if settings["schedule"] == "multistep":
        marks = [float(mark) * settings["epochs"] for mark in settings["milestones"].split(",")]
        return settings["gamma"] ** sum(epoch >= mark - 1e-6 for mark in marks)
    raise SystemExit(f"accuracy.py does not know the schedule {settings['schedule']} (step and multistep)")


def train_pytorch(options, train, test, seed, settings, preprocess):
    for key, known in (("optimizer", "sgd"), ("nesterov", False), ("warmup", 0), ("label_smoothing", 0), ("ema", 0),
                       ("clip_norm", 0), ("norm_weight_decay", True)):
        if settings[key] != known:
            raise SystemExit(f"accuracy.py knows only {key} {known}, and the recipe has {settings[key]}")
    torch.manual_seed(seed)
    model = training.resnet20() if options.network == "resnet20" else torchvision.models.get_model(
        options.network, weights=None, num_classes=int(train.labels.max()) + 1)
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), settings["lr"], momentum=settings["momentum"],
                                weight_decay=settings["weight_decay"])
    prepare_train, prepare_test = transforms_of(settings, preprocess)
    result = Result(0, 0, 0)
    for epoch in range(settings["epochs"]):
        model.train()
        result.train_loss = 0
        batches = torch.randperm(len(train.labels)).split(settings["batch"])
        for step, numbers in enumerate(batches):
            for group in optimiser.param_groups:
                group["lr"] = settings["lr"] * rate_factor(settings, epoch + step / len(batches))
            x, y = train.batch(numbers, prepare_train)
            optimiser.zero_grad()
            loss = F.cross_entropy(model(x.contiguous(memory_format=torch.channels_last)), y)
            loss.backward()
            optimiser.step()
            result.train_loss += loss.item() * len(numbers) / len(train.labels)
    model.eval()
    with torch.inference_mode():
        for numbers in torch.arange(len(test.labels)).split(EVALUATION_BATCH):
            x, y = test.batch(numbers, prepare_test)
            scores = model(x)
            result.top1 += 100 * (scores.argmax(1) == y).sum().item() / len(test.labels)
            result.val_loss += F.cross_entropy(scores, y).item() * len(numbers) / len(test.labels)
    return result


def compare(options, work):
    data = os.path.join(work, "data")
    os.mkdir(data)
    train, test, data = read_data(options, data)
    ours, theirs = [], []
    for seed in range(1, options.seeds + 1):
        result, seconds, settings, preprocess = train_cairn(options, data, seed, os.path.join(work, f"run{seed}"))
        ours.append(result.top1)
        print(f"{options.network}, seed {seed}: Cairn {result} ({seconds:.0f} s)", flush=True)
        result = train_pytorch(options, train, test, seed, settings, preprocess)
        theirs.append(result.top1)
        print(f"{options.network}, seed {seed}: PyTorch {result}", flush=True)
    spread = max(max(a) - min(a) for a in (ours, theirs))
    print(f"{options.network}, {len(train.labels)} pictures, {settings['epochs']} epochs of recipe "
          f"{settings['recipe']}: Cairn {np.mean(ours):.2f} %, PyTorch {np.mean(theirs):.2f} % "
          f"(means of {options.seeds} seeds; wider range {spread:.2f})")
    return np.mean(ours) >= np.mean(theirs) - spread


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="resnet20 or a network of torchvision")
    parser.add_argument("data")
    parser.add_argument("--cairn", required=True, help="the command")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pictures", type=int, help="of IDX files, the first N only")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:end])
    options.train = words[end + 1:]
    with tempfile.TemporaryDirectory() as work:
        return 0 if compare(options, work) else 1


if __name__ == "__main__":
    sys.exit(main())
