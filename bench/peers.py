"""Inference of the networks in Cairn and in OpenVINO, ONNX Runtime, ncnn and PyTorch, in alternation; or, with --train,
training steps in Cairn and in PyTorch.

A row is a network, a batch and a precision. In every round each contender runs one short burst (a warm-up, then the
median of some runs), beginning with another one each time; the ratio of a round is the time of its fastest peer by
Cairn's, and the ratio of the row is the median of its rounds. Every peer lives in a process of its own, which is
stopped while others run. Writes peers.json and peers.md (train.json, train.md), anew after each row.
"""
import argparse
import contextlib
import json
import math
import os
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import rounds
import tables

NETWORKS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg16", "vgg19", "googlenet",
            "inception_v3", "inception_v4", "resnext50_32x4d", "alexnet")
TRAINING = {"resnet18": 16, "resnet50": 16, "vgg16": 8, "resnext50_32x4d": 8, "inception_v3": 8, "resnet20": 128,
            "lenet5": 64, "lenet5.tutorial": 64}  # and their batches
PEERS = ("openvino", "onnxruntime", "ncnn", "pytorch")
PACKAGES = ("openvino", "onnxruntime", "ncnn", "torch", "torchvision", "timm", "onnx", "onnxscript", "pnnx", "numpy")
CAIRN_PRECISIONS = {"fp32": "f32", "bf16": "bf16"}
USAGE_ERROR = 2  # of cairn, where it does not know a precision
BUSY = 0.5  # load average
HERE = Path(__file__).parent


class Cannot(Exception):
    """This contender does not do this row, and why."""


@dataclass(frozen=True)
class Row:
    network: str
    batch: int
    precision: str
    threads: int
    train: bool

    def flags(self, precision: str) -> list[str]:
        return ["--batch", str(self.batch), "--precision", precision, "--threads", str(self.threads),
                *(["--train"] if self.train else [])]


@dataclass
class Cairn:
    """Every burst is a run of `cairn bench`, which warms up and takes the median of planned runs itself."""
    command: str
    row: Row
    seconds: float
    flop: float = 0  # of a run
    peaks: list[float] = field(default_factory=list)

    def burst(self) -> float:
        done = subprocess.run(
            [self.command, "bench", self.row.network, *self.row.flags(CAIRN_PRECISIONS[self.row.precision]),
             "--seconds", str(self.seconds), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode == USAGE_ERROR and "--precision" in done.stderr:
            raise Cannot("not yet")
        if done.returncode != 0:
            raise Cannot(done.stderr.strip() or f"ends with {done.returncode}")
        result = json.loads(done.stdout)
        self.flop = result["gflops"] * 1e9 * result["median_ms"] / 1e3
        self.peaks.append(result["peak_gflops"])
        return result["median_ms"] / 1e3


class Peer:
    """A process of peer.py that runs while it is asked something and is stopped else: no thread of it spins then."""

    def __init__(self, name: str, row: Row, args: argparse.Namespace, log: IO[str]):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "peer.py", name, row.network, *row.flags(row.precision), "--models", args.models,
             *(["--compile"] if args.compile else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1)
        self.name, self.seconds, self.failure = name, args.seconds, ""

    def answer(self) -> dict[str, object]:
        line = self.process.stdout.readline()
        if not line:
            raise Cannot(f"its process ended with {self.process.wait()}, see the log")
        answer = json.loads(line)
        if "cannot" in answer:
            raise Cannot(answer["cannot"])
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def burst(self) -> float:
        """Infinity once it has failed, so that it is never the fastest."""
        if self.failure:
            return math.inf
        try:
            self.process.send_signal(signal.SIGCONT)
            self.process.stdin.write(f"{self.seconds}\n")
            return self.answer()["seconds"]
        except (Cannot, BrokenPipeError) as error:
            self.failure = str(error)
            return math.inf

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):  # of a request that a dead process did not read
            self.process.stdin.close()
        self.process.stdout.close()


def start_peers(row: Row, args: argparse.Namespace, log: IO[str], peers: list[Peer], notes: dict[str, str],
                forms: dict[str, str]) -> None:
    """One after another, so that none is disturbed where it chooses how to run."""
    for name in args.peers:
        peer = Peer(name, row, args, log)
        try:
            forms[name] = peer.answer()["form"]
            peers.append(peer)
        except Cannot as reason:
            notes[name] = str(reason)
            peer.close()


def measure(row: Row, args: argparse.Namespace, log: IO[str]) -> dict[str, object]:
    result = {"network": row.network, "batch": row.batch, "precision": row.precision, "threads": row.threads}
    cairn = Cairn(args.cairn, row, args.seconds)
    peers: list[Peer] = []
    notes, forms = {}, {}
    try:
        cairn.burst()  # not counted: says whether it can, before the peers are set up
        start_peers(row, args, log, peers, notes, forms)
        contenders = {"cairn": cairn.burst} | {peer.name: peer.burst for peer in peers}
        times = rounds.alternate(contenders, args.rounds, rest=0.02)
    except Cannot as reason:
        return result | {"notes": {"cairn": str(reason)}}
    finally:
        for peer in peers:
            peer.close()
    for peer in peers:
        if peer.failure:
            notes[peer.name] = peer.failure
            del times[peer.name]
    return result | {"notes": notes, "forms": forms, "load": os.getloadavg()[0]} | judge(times, cairn)


def judge(times: dict[str, list[float]], cairn: Cairn) -> dict[str, object]:
    medians = {name: statistics.median(values) for name, values in times.items()}
    peers = [name for name in times if name != "cairn"]
    gflops, peak = cairn.flop / medians["cairn"] / 1e9, statistics.median(cairn.peaks)
    verdict = {"ms": {name: [1e3 * t for t in values] for name, values in times.items()},
               "median_ms": {name: 1e3 * t for name, t in medians.items()}, "gflops": gflops, "peak_gflops": peak,
               "share_of_peak": gflops / peak if peak > 0 else 0}
    if peers:
        fastest = [min(pair) for pair in zip(*(times[name] for name in peers), strict=True)]
        verdict |= {"fastest_peer": min(peers, key=medians.get),
                    "ratio": rounds.ratio_of_pairs(fastest, times["cairn"])}
    return verdict


def write(args: argparse.Namespace, about: dict[str, object], results: list[dict[str, object]]) -> None:
    settings = {"threads": args.threads, "rounds": args.rounds, "seconds_of_a_burst": args.seconds}
    name, title = ("train", "Training") if args.train else ("peers", "Inference")
    (args.out / f"{name}.json").write_text(
        json.dumps({"machine": about, "settings": settings, "geometric_mean": tables.geometric_means(results),
                    "rows": results}, indent=1))
    (args.out / f"{name}.md").write_text(
        tables.document(title, rounds.machine_text(about), settings, args.peers, results))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cairn", default="build/release/cairn")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--networks", nargs="+", help="names that cairn, torchvision or timm share")
    parser.add_argument("--batches", nargs="+", type=int, help="1 and 8; in training the network's own")
    parser.add_argument("--train", action="store_true", help="training steps, against PyTorch")
    parser.add_argument("--precisions", nargs="+", choices=CAIRN_PRECISIONS, default=list(CAIRN_PRECISIONS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long a burst measures")
    parser.add_argument("--compile", action="store_true", help="PyTorch also through torch.compile")
    args = parser.parse_args()
    if args.train:
        args.peers = ["pytorch"]
    args.networks = args.networks or (TRAINING if args.train else NETWORKS)
    args.models = args.out / "models"
    args.models.mkdir(parents=True, exist_ok=True)
    return args


def main() -> None:
    args = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # peers are closed on the way out
    about = rounds.machine(args.cairn, PACKAGES)
    print(rounds.machine_text(about), flush=True)
    if about["load"] > BUSY:
        print("This machine is busy: times and ratios are not to be trusted", file=sys.stderr)
    results: list[dict[str, object]] = []
    with (args.out / "peers.log").open("w") as log:
        if not args.train:
            print("Exporting networks that are not there yet", flush=True)
            subprocess.run([sys.executable, HERE / "networks.py", args.models, *args.networks], stderr=log, check=True)
        print(tables.heading(args.peers), flush=True)
        for network in args.networks:
            for precision in args.precisions:
                for batch in args.batches or ([TRAINING.get(network, 8)] if args.train else [1, 8]):
                    results.append(measure(Row(network, batch, precision, args.threads, args.train), args, log))
                    print(tables.line(results[-1], args.peers), flush=True)
                    write(args, about, results)
    print(f"\n{tables.means_text(results)}\nWritten to {args.out}")


if __name__ == "__main__":
    main()
