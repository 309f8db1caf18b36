"""The networks of the comparison as the peers get them: torchvision's and timm's definitions, random fixed weights.

As a program: networks.py FOLDER NETWORK...  writes FOLDER/NETWORK/onnx/model.onnx (any batch size) and, where pnnx is
installed, FOLDER/NETWORK/ncnn/model.ncnn.param and .bin (one picture), unless they are there already.
"""
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import nn


def picture_size(name: str) -> int:
    return 299 if name.startswith("inception") else 224


def pictures(name: str, batch: int) -> torch.Tensor:
    size = picture_size(name)
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "inception_v4":
        import timm
        model = timm.create_model(name, pretrained=False)
    else:
        heads = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = torchvision.models.get_model(name, weights=None, **heads)
    normalise(model, pictures(name, 2))
    return model.eval()


def normalise(model: nn.Module, batch: torch.Tensor) -> None:
    """Batch statistics become those of real activations, lest they vanish or explode (denormal numbers are slow)."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(batch)


def export_onnx(name: str, folder: Path) -> None:
    torch.onnx.export(build(name), (pictures(name, 2),), folder / "model.onnx", dynamo=True, verbose=False,
                      external_data=False, input_names=["image"], output_names=["logits"],
                      dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1024)},))


def export_ncnn(name: str, folder: Path) -> None:
    import pnnx
    picture = pictures(name, 1)
    with torch.no_grad():
        torch.jit.trace(build(name), picture, check_trace=False).save(folder / "model.pt")
    shape = ",".join(map(str, picture.shape))
    subprocess.run([pnnx.EXEC_PATH, "model.pt", f"inputshape=[{shape}]", "fp16=0"], cwd=folder, check=True)
    for path in folder.iterdir():
        if not path.name.startswith("model.ncnn."):
            path.unlink()
    if not (folder / "model.ncnn.param").exists():
        raise RuntimeError(f"pnnx wrote no ncnn network for {name}")


def once(folder: Path, name: str, export: Callable[[str, Path], None]) -> None:
    """Half an export is never taken for a whole one; a failed one leaves its reason on stderr."""
    if folder.exists():
        return
    print(f"  {name}: {folder.name}", flush=True)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        export(name, partial)
    except Exception:  # whatever the exporters raise: this peer goes without this network, the others go on
        print(f"  {name}: {folder.name} failed, see the log", flush=True)
        traceback.print_exc()
    else:
        partial.rename(folder)


def main() -> None:
    models = Path(sys.argv[1])
    for name in sys.argv[2:]:
        once(models / name / "onnx", name, export_onnx)
        once(models / name / "ncnn", name, export_ncnn)


if __name__ == "__main__":
    main()
