"""LeNet-5 in Cairn and in PyTorch on the same cores, in alternation.

Training: seconds for one pass over Fashion-MNIST, batch 64, SGD with momentum, fp32. Both sides shuffle anew, gather
their batches from memory and update after each; PyTorch starts from tensors that are normalised and padded already,
while Cairn does that inside the pass. Evaluation is not measured. Inference: one picture, one thread.

PyTorch runs contiguous, channels-last and compiled; the ratio is to the form with the best median. Every round runs
each contender once, beginning with another one each time. Writes lenet.json and lenet.md.
"""
import argparse
import gzip
import json
import os
import shutil
import statistics
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import lenet_networks
import rounds

BATCH = 64
REST = 0.3  # seconds, in which the other's threads come to rest


FORMS = ("contiguous", "channels-last", "compiled")


# ---- data ----

def read_idx(path):
    with gzip.open(path, "rb") as file:
        data = file.read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4:4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def load(folder, images):
    pixels = read_idx(folder / "train-images-idx3-ubyte.gz")[:images]
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")[:images]
    return pixels, labels


def tensors(pixels, labels):
    x = torch.from_numpy(np.pad(pixels, ((0, 0), (2, 2), (2, 2)))).float().div_(255).unsqueeze(1)
    return (x - x.mean()) / x.std(), torch.from_numpy(labels.astype(np.int64))


def slice_for_cairn(out, pixels, labels):
    """A folder with the same pictures; its small test part keeps evaluation short."""
    folder = out / f"data-{len(labels)}"
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", len(labels)), ("t10k", 100)):
        write_idx(folder / f"{part}-images-idx3-ubyte", pixels[:count])
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels[:count])
    return folder


# ---- contenders: functions that do one pass and return its seconds ----

def torch_training(network, form, x, y):
    torch.manual_seed(0)
    model = lenet_networks.NETWORKS[network]()
    if form == "channels-last":
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, fused=True)

    def loss_of(pictures, labels):
        return F.cross_entropy(model(pictures), labels)

    if form == "compiled":
        loss_of = torch.compile(loss_of, dynamic=False)

    def steps(batches):
        for batch in batches:
            optimizer.zero_grad(set_to_none=True)
            loss_of(x[batch], y[batch]).backward()
            optimizer.step()

    def epoch():
        start = time.perf_counter()
        steps(torch.randperm(len(y)).split(BATCH))
        return time.perf_counter() - start

    steps(torch.arange(min(len(y), 50 * BATCH)).split(BATCH))  # warm-up, and compilation for both batch sizes
    steps([torch.arange(len(y))[-(len(y) % BATCH or BATCH):]] * 3)
    return epoch


def cairn_training(cairn, network, data, threads, out):
    folder = out / "run"

    def epoch():
        shutil.rmtree(folder, ignore_errors=True)
        lines = subprocess.run(
            [cairn, "train", network, data, "--out", folder, "--epochs", "1", "--batch", str(BATCH), "--momentum",
             "0.9", "--weight-decay", "0", "--threads", str(threads), "--json", "--quiet"],
            check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        shutil.rmtree(folder)
        return json.loads(lines[0])["seconds"]

    return epoch


def torch_inference(network, form, seconds=0.5):
    model = lenet_networks.NETWORKS[network]().eval()
    picture = torch.randn(1, 1, 32, 32)
    if form == "channels-last":
        model = model.to(memory_format=torch.channels_last)
        picture = picture.to(memory_format=torch.channels_last)
    if form == "compiled":
        model = torch.compile(model, dynamic=False)

    def median():
        with torch.inference_mode():
            return rounds.median_of_runs(lambda: model(picture), seconds)

    return median


def cairn_inference(cairn, network):
    def median():
        text = subprocess.run([cairn, "bench", network, "--batch", "1", "--threads", "1", "--json"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(text)["median_ms"] / 1000

    return median


# ---- results ----

def judge(times):
    medians = {name: statistics.median(values) for name, values in times.items()}
    peer = min((name for name in times if name != "cairn"), key=medians.get)
    return {"seconds": times, "median": medians, "best_peer": peer, "ratio": medians[peer] / medians["cairn"],
            "ratio_of_pairs": rounds.ratio_of_pairs(times[peer], times["cairn"])}


def table(title, results, scale, unit):
    names = ["cairn", *FORMS]
    lines = [f"### {title}", "", f"| network | {' | '.join(names)} | ratio to the better peer | of pairs |",
             f"|---|{'---|' * len(names)}---|---|"]
    for network, result in results.items():
        pairs = result["ratio_of_pairs"]
        cells = [f"{result['median'][n] * scale:.4g} ({min(result['seconds'][n]) * scale:.4g} to "
                 f"{max(result['seconds'][n]) * scale:.4g})" for n in names]
        lines.append(f"| {network} | {' | '.join(cells)} | **{result['ratio']:.2f}** ({result['best_peer']}) | "
                     f"{pairs['median']:.2f} ({pairs['min']:.2f} to {pairs['max']:.2f}) |")
    return [*lines, "", f"Median (spread) in {unit}.", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cairn", default="build/release/cairn")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--images", type=int, default=60000)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--networks", nargs="+", choices=lenet_networks.NETWORKS, default=list(lenet_networks.NETWORKS))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    pixels, labels = load(args.data, args.images)
    data = slice_for_cairn(args.out, pixels, labels)
    x, y = tensors(pixels, labels)
    training, inference = {}, {}
    for network in args.networks:
        torch.set_num_threads(args.threads)
        contenders = {"cairn": cairn_training(args.cairn, network, data, args.threads, args.out)}
        contenders |= {form: torch_training(network, form, x, y) for form in FORMS}
        training[network] = judge(rounds.alternate(contenders, args.rounds, REST))
        torch.set_num_threads(1)
        contenders = {"cairn": cairn_inference(args.cairn, network)}
        contenders |= {form: torch_inference(network, form) for form in FORMS}
        inference[network] = judge(rounds.alternate(contenders, args.rounds, REST))

    about = rounds.machine(args.cairn, ("torch", "numpy"))
    text = "\n".join([
        "## LeNet-5: Cairn and PyTorch", "", rounds.machine_text(about) + " at the end.", "",
        *table(f"Training, {len(y):,} pictures, batch {BATCH}, {args.threads} threads, {args.rounds} rounds", training,
               1, "seconds an epoch"),
        *table(f"Inference, one picture, one thread, {args.rounds} rounds", inference, 1e6, "microseconds")])
    (args.out / "lenet.md").write_text(text)
    (args.out / "lenet.json").write_text(
        json.dumps({"machine": about, "images": len(y), "threads": args.threads, "batch": BATCH,
                    "training": training, "inference": inference}, indent=1))
    print(text)


if __name__ == "__main__":
    main()
