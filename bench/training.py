"""A training step of the compared networks in PyTorch, in the fastest of its forms: contiguous, channels-last or
compiled, in fp32 or under bf16 autocast; SGD with momentum 0.9 and weight decay 1e-4, random pictures.
"""
import argparse
from collections.abc import Callable
from copy import deepcopy

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

import lenet_networks
import rounds

Step = Callable[[], tuple[int, ...]]  # the shape of its scores


class BasicBlock(nn.Module):
    """He et al. 2015, section 4.2: without a projection, channels that a shortcut lacks are zeros (option A)."""

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.missing = stride, channels - channels_in

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.missing:
            half = self.missing // 2
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, half, self.missing - half))
        return F.relu(x + y)


def resnet20() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for wide, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(BasicBlock(channels, wide, stride if block == 0 else 1))
            channels = wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def build(name: str) -> tuple[nn.Module, tuple[int, int, int], int]:
    """The network, the shape of a picture and the number of classes."""
    torch.manual_seed(0)
    if name in lenet_networks.NETWORKS:
        network = lenet_networks.NETWORKS[name]()
        return network, lenet_networks.PICTURE, 10
    if name == "resnet20":
        return resnet20(), (3, 32, 32), 10
    heads = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    size = 299 if name.startswith("inception") else 224
    return torchvision.models.get_model(name, weights=None, **heads), (3, size, size), 1000


def form_of(network: nn.Module, x: torch.Tensor, y: torch.Tensor, layout: torch.memory_format, bf16: bool,
            compiled: bool) -> Step:
    model = deepcopy(network).to(memory_format=layout).train()
    x = x.to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4, fused=True)

    def forward() -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            scores = model(x)
        return F.cross_entropy(scores.float(), y), scores

    run = torch.compile(forward, dynamic=False) if compiled else forward

    def step() -> tuple[int, ...]:
        optimizer.zero_grad(set_to_none=True)
        loss, scores = run()
        loss.backward()
        optimizer.step()
        return tuple(scores.shape)
    return step


def pytorch(args: argparse.Namespace) -> tuple[str, Step]:
    torch.set_num_threads(args.threads)
    bf16 = args.precision == "bf16"
    network, picture, classes = build(args.network)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(args.batch, *picture, generator=generator)
    y = torch.randint(classes, (args.batch,), generator=generator)
    forms = {"channels-last": form_of(network, x, y, torch.channels_last, bf16, False),
             "contiguous": form_of(network, x, y, torch.contiguous_format, bf16, False)}
    if args.compile:
        forms["compiled"] = form_of(network, x, y, torch.channels_last, bf16, True)
    best = min(forms, key=lambda name: rounds.median_of_runs(forms[name], 0.5, 2))
    return best, forms[best]
