"""Weights of torchvision's and timm's networks through `cairn convert` and back.

For each network: random weights and running statistics in the library, saved (safetensors, and torch.save if
Cairn reads it), converted, loaded strictly by the library, and the logits of a few random pictures compared: the
library's before and after, which must be equal, and Cairn's with the library's in double precision; beside it the
library's own error in single precision. A line a network; exit 1 on any breach.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import safetensors
import safetensors.torch
import timm
import torch
import torchvision

LIMIT = 2e-5  # of the largest logit
PICTURES = 2

TORCHVISION = (
    ["alexnet"]
    + [f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")]
    + ["googlenet", "inception_v3"]
    + [f"resnet{depth}" for depth in (18, 34, 50, 101, 152)]
    + ["resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"]
)
TIMM = (
    ["inception_v4", "inception_resnet_v2", "resnext101_32x4d"]
    + [f"resnetv2_{depth}" for depth in (18, 34, 50, 101, 152)]
)


def build(name):
    if name in TIMM:
        return timm.create_model(name, pretrained=False)
    kinds = {"init_weights": True, "aux_logits": True} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, **kinds)


def randomise(model, pixels, seed):
    """Weights as after some training: scales and offsets of normalisations off one and zero, and statistics near
    those of the activations, so that numbers neither die nor explode on their way."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(like, low, high):
        return torch.rand(like.shape, generator=generator) * (high - low) + low

    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        for m in norms:
            m.weight.copy_(uniform(m.weight, 0.5, 1.5))
            m.bias.copy_(uniform(m.bias, -0.2, 0.2))
            m.momentum = 1.0
        if norms:
            model.train()
            model(pixels)
        for m in norms:
            deviation = m.running_var.sqrt()
            m.running_mean += deviation * uniform(deviation, -0.2, 0.2)
            m.running_var *= uniform(deviation, 0.7, 1.4)
    model.eval()


def normalise(pixels, preprocess):
    """Bytes (n, h, w, c) as the network wants them, in the layout of PyTorch."""
    mean, std = (torch.tensor(preprocess[key], dtype=torch.float32) for key in ("mean", "std"))
    scaled = (torch.from_numpy(pixels).float() / preprocess.get("scale", 255) - mean) / std
    return scaled.permute(0, 3, 1, 2).contiguous()


def convert(cairn, source, target, name):
    done = subprocess.run([cairn, "convert", source, target, "--model", name], capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1:] if done.returncode else None


def cairn_logits(program, path, pixels):
    done = subprocess.run([program, path, str(len(pixels))], input=pixels.tobytes(), capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return np.frombuffer(done.stdout, np.float32).reshape(len(pixels), -1)


def check(name, options, folder, seed):
    size = 299 if name.startswith("inception") else 224
    pixels = np.random.default_rng(seed).integers(0, 256, (PICTURES, size, size, 3), np.uint8)
    torch.manual_seed(seed)
    model = build(name)
    randomise(model, (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 128) / 64, seed)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    cairn, program = (os.path.join(options.build, p) for p in ("cairn", "logits"))
    result = {"network": name, "entries": len(state)}
    exact = None
    for kind, save in (
        ("safetensors", lambda path: safetensors.torch.save_file(state, path)),
        ("pth", lambda path: torch.save(state, path)),
    ):
        source, target = (os.path.join(folder, f) for f in (f"in.{kind}", "out.safetensors"))
        save(source)
        wrong = convert(cairn, source, target, name)
        os.remove(source)
        if wrong is not None:
            result[kind] = " ".join(wrong)
            continue
        with safetensors.safe_open(target, "pt") as file:
            preprocess = json.loads(file.metadata()["cairn.preprocess"])
        image = normalise(pixels, preprocess)
        again = build(name)
        again.load_state_dict(safetensors.torch.load_file(target), strict=True)
        again.eval()
        with torch.no_grad():
            before, after = model(image).numpy(), again(image).numpy()
            if exact is None:
                exact = again.double()(image.double()).numpy()
        ours = cairn_logits(program, target, pixels)
        errors = [np.abs(other - exact).max() / np.abs(exact).max() for other in (before, ours)]
        result[kind] = [bool((before == after).all()), *errors]
        os.remove(target)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="where cairn and logits are")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("networks", nargs="*", default=[], help="[all]")
    options = parser.parse_args()
    known = TORCHVISION + TIMM
    unknown = [name for name in options.networks if name not in known]
    if unknown:
        parser.error(f"unknown networks {unknown}, expected some of {known}")
    breaches = 0
    print(f"{'network':22}{'entries':>8}  {'library':>8}  {'Cairn':>8}  of the largest logit, limit {LIMIT:g}")
    for name in options.networks or known:
        begin = time.time()
        with tempfile.TemporaryDirectory() as folder:
            result = check(name, options, folder, options.seed)
        for kind in ("safetensors", "pth"):
            row = result[kind]
            if isinstance(row, str):
                breaches += 1
                print(f"{name:22}{result['entries']:8}  {kind}: BREACH {row}")
                continue
            equal, library, ours = row
            fine = equal and ours <= LIMIT
            breaches += not fine
            print(
                f"{name:22}{result['entries']:8}  {library:8.1e}  {ours:8.1e}  {kind:11} "
                f"{'ok' if fine else 'BREACH'}{'' if equal else ' (other numbers after loading)'}  "
                f"{time.time() - begin:.0f} s",
                flush=True,
            )
    print("all within the limit" if breaches == 0 else f"{breaches} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
