"""One peer with one network, in a process of its own: a burst of runs for every line on stdin, until that ends.

The lines are seconds; the answers, on stdout, JSON: first {"form": how it runs} or {"cannot": reason}, then {"seconds":
median of a run} for each burst. Whatever the libraries print goes to stderr. Threads that spin between bursts are the
caller's matter: bench/peers.py stops the whole process while others run.
"""
import argparse
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import rounds

Run = Callable[[], tuple[int, ...]]  # one inference; the shape of its scores
PR_SET_PDEATHSIG = 1
CLASSES = 1000


class Cannot(Exception):
    """This peer does not do this row, and why."""


# ---- peers: each returns how it runs, and the run ----

def pytorch(args: argparse.Namespace) -> tuple[str, Run]:
    import torch
    import networks
    torch.set_num_threads(args.threads)
    bf16 = args.precision == "bf16"
    if bf16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise Cannot("no bf16 on this processor")
    network = networks.build(args.network)
    batch = networks.pictures(args.network, args.batch)

    def form(layout: torch.memory_format, dtype: torch.dtype, autocast: bool, compiled: bool) -> Run:
        model = deepcopy(network).to(dtype=dtype, memory_format=layout)
        if compiled:
            model = torch.compile(model, dynamic=False)
        x = batch.to(dtype=dtype, memory_format=layout)

        def run() -> tuple[int, ...]:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                return tuple(model(x).shape)
        return run

    layouts = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
    forms = {}
    for name, layout in layouts.items():
        forms[name] = form(layout, torch.bfloat16 if bf16 else torch.float32, False, False)
        if bf16:
            forms[f"{name} autocast"] = form(layout, torch.float32, True, False)
    if args.compile:
        forms["compiled"] = form(torch.channels_last, torch.bfloat16 if bf16 else torch.float32, False, True)
    best = min(forms, key=lambda name: rounds.median_of_runs(forms[name], 0.2, 3))
    return best, forms[best]


def random_batch(args: argparse.Namespace):
    import numpy
    size = 299 if args.network.startswith("inception") else 224
    shape = (args.batch, 3, size, size)
    return numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)


def exported(args: argparse.Namespace, file: str) -> str:
    path = args.models / args.network / file
    if not path.exists():
        raise Cannot(f"the network was not exported ({path})")
    return str(path)


def onnxruntime(args: argparse.Namespace) -> tuple[str, Run]:
    import onnxruntime as ort
    if args.precision == "bf16":
        raise Cannot("its CPU provider has no bf16 convolutions")
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("batch", args.batch)
    session = ort.InferenceSession(exported(args, "onnx/model.onnx"), options, providers=["CPUExecutionProvider"])
    inputs = {"image": random_batch(args)}
    return "CPU provider", lambda: session.run(None, inputs)[0].shape


def openvino(args: argparse.Namespace) -> tuple[str, Run]:
    import openvino as ov
    core = ov.Core()
    if args.precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise Cannot("no bf16 on this processor")
    model = core.read_model(exported(args, "onnx/model.onnx"))
    batch = random_batch(args)
    model.reshape(batch.shape)
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": args.threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
        "INFERENCE_PRECISION_HINT": "bf16" if args.precision == "bf16" else "f32"})
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(batch))  # a copy: shared memory would be gone when this function returns

    def run() -> tuple[int, ...]:
        request.infer(share_outputs=True)
        return tuple(request.get_output_tensor().shape)
    return "latency, one stream", run


def ncnn(args: argparse.Namespace) -> tuple[str, Run]:
    import ncnn as library
    if args.batch != 1:
        raise Cannot("it has no batches")
    net = library.Net()
    option = net.opt
    option.num_threads = args.threads
    option.use_vulkan_compute = False
    option.use_winograd_convolution = True
    option.use_fp16_packed = option.use_fp16_storage = option.use_fp16_arithmetic = False
    option.use_bf16_packed = option.use_bf16_storage = args.precision == "bf16"
    net.opt = option
    if net.load_param(exported(args, "ncnn/model.ncnn.param")) or net.load_model(exported(args, "ncnn/model.ncnn.bin")):
        raise Cannot("its network does not load")
    picture = library.Mat(random_batch(args)[0]).clone()  # a Mat does not own the array's memory

    def run() -> tuple[int, ...]:
        extractor = net.create_extractor()
        extractor.input("in0", picture)
        code, scores = extractor.extract("out0")
        if code:
            raise Cannot(f"its run fails with {code}")
        return 1, scores.w
    return "Winograd", run


def training(args: argparse.Namespace) -> tuple[str, Run]:
    import training as networks
    import torch
    if args.precision == "bf16" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise Cannot("no bf16 on this processor")
    return networks.pytorch(args)


PEERS = {"openvino": openvino, "onnxruntime": onnxruntime, "ncnn": ncnn, "pytorch": pytorch}


def prepare(args: argparse.Namespace) -> tuple[str, Run]:
    form, run = (training if args.train else PEERS[args.peer])(args)
    shape = tuple(run())
    if shape != (args.batch, CLASSES) and not args.train:
        raise Cannot(f"its scores have the shape {shape}")
    return form, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("network")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--precision", choices=("fp32", "bf16"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--train", action="store_true", help="training steps of PyTorch")
    args = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a stopped process would outlive its caller
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    try:
        form, run = prepare(args)
    except Exception as error:  # whatever the peers raise is the reason that the table shows
        reason = str(error) if isinstance(error, Cannot) else f"{type(error).__name__}: {error}"
        print(json.dumps({"cannot": reason.splitlines()[0]}), file=answers)
        return
    print(json.dumps({"form": form}), file=answers)
    for line in sys.stdin:
        print(json.dumps({"seconds": rounds.median_of_runs(run, float(line), 1 if args.train else 5)}), file=answers)


if __name__ == "__main__":
    main()
