"""Makes tests/data/torch: small files of torch.save in all their forms, with the numbers that test_torch_file.c knows.

    python3 make_torch.py FOLDER
"""

import argparse
import collections
import os
import pickle
import sys
import zipfile

import torch


def state():
    """One tensor of every kind. What is in them is a function of the index alone."""
    base = torch.arange(12, dtype=torch.float32) - 4.5
    tensors = collections.OrderedDict()
    tensors["f32"] = torch.arange(6, dtype=torch.float32).reshape(2, 3) - 2.25
    tensors["f64"] = torch.arange(3, dtype=torch.float64) / 3
    tensors["f16"] = torch.arange(5).half() / 4
    tensors["bf16"] = torch.arange(5).bfloat16() / 4
    tensors["i64"] = torch.tensor(1234567890123)
    tensors["i32"] = torch.tensor([-7, 7], dtype=torch.int32)
    tensors["i16"] = torch.tensor([-300, 300], dtype=torch.int16)
    tensors["i8"] = torch.tensor([-3, 3, 127], dtype=torch.int8)
    tensors["u8"] = torch.tensor([0, 200], dtype=torch.uint8)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["empty"] = torch.empty(0, 3)
    tensors["parameter"] = torch.nn.Parameter(torch.tensor([0.5, -0.5]))
    tensors["base"] = base
    tensors["tied"] = base
    tensors["part"] = base[2:5]
    tensors["turned"] = base.reshape(3, 4).t()
    tensors["expanded"] = base[1:2].expand(3)
    tensors["image"] = (torch.arange(24).float().reshape(1, 2, 3, 4)).to(memory_format=torch.channels_last)
    return tensors


def repack(source, target, method=zipfile.ZIP_STORED, change=lambda name, data: data):
    """The same entries as another program would store them."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            new.writestr(entry, change(name, old.read(name)))


def turn_bytes(tensors):
    """The entries as a machine with the other byte order writes them: storages in the order of the pickle."""
    widths = {}
    for tensor in tensors.values():
        storage = tensor.untyped_storage()
        widths.setdefault((storage.data_ptr(), storage.nbytes()), tensor.element_size())
    widths = list(widths.values())

    def change(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        folder, key = os.path.split(name)
        if not folder.endswith("/data"):
            return data
        width = widths[int(key)]
        return b"".join(data[i : i + width][::-1] for i in range(0, len(data), width))

    return change


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)


def main():
    folder = sys.argv[1]
    path = lambda name: os.path.join(folder, name)
    tensors = state()
    torch.save(tensors, path("zip.pth"))
    torch.save(tensors, path("stream.pth"), _use_new_zipfile_serialization=False)
    torch.save(tensors, path("protocol4.pth"), pickle_protocol=4)
    torch.save({"u16": torch.tensor([1, 65535], dtype=torch.uint16)}, path("v3.pth"))
    repack(path("zip.pth"), path("deflated.pth"), zipfile.ZIP_DEFLATED)
    repack(path("zip.pth"), path("big.pth"), change=turn_bytes(tensors))
    checkpoint = {
        "epoch": 3,
        "loss": [0.5, 0.25],
        "args": argparse.Namespace(lr=0.1),
        "seen": {1, 2},
        "state_dict": {f"module.{name}": tensors[name] for name in ("f32", "i64")},
        "optimizer": {"momentum": tensors["f64"]},
    }
    torch.save(checkpoint, path("checkpoint.pth"))
    torch.save(dict(checkpoint, state_dict_ema={"f32": tensors["f32"] * 2}), path("averaged.pth"))
    torch.save({"good": tensors["f32"], "bad": torch.zeros(2, dtype=torch.complex64)}, path("complex.pth"))
    torch.save({"sparse": torch.eye(2).to_sparse()}, path("sparse.pth"))
    torch.save(Net(), path("module.pth"))
    torch.jit.save(torch.jit.script(Net()), path("script.pth"))
    with open(path("plain.pickle"), "wb") as file:
        pickle.dump({"weights": [1.0, 2.0]}, file, 2)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
