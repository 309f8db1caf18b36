"""The input pipeline alone against torchvision's DataLoader: pictures a second from files of 500x375, random resized
crop to 224 and mirrored, normalised floats on both sides.

    python3 bench/pipeline.py PICTURES [--pipeline build/release/pipeline] [--workers 2] [--rounds 5] [--seconds 6]

PICTURES is a folder with JPEGs of about that size; they are brought to it once, in a temporary folder. Cairn and
torchvision alternate; the ratio is the median of the rounds' ratios. So is that of Cairn's own rates with the folder
after `cairn data pack --raw` and with the originals."""
import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

COUNT = 600


def prepare(source, folder):
    """COUNT pictures of 500x375 in two class folders, made of those there are."""
    from PIL import Image

    names = sorted(n for n in os.listdir(source) if n.lower().endswith((".jpg", ".jpeg")))
    if not names:
        sys.exit(f"{source}: no pictures")
    encoded = []
    for name in names[:100]:
        picture = Image.open(os.path.join(source, name)).convert("RGB").resize((500, 375), Image.BICUBIC)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=92)
        encoded.append(buffer.getvalue())
    for i in range(COUNT):
        place = os.path.join(folder, str(i % 2))
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, f"{i:04}.jpg"), "wb") as file:
            file.write(encoded[i % len(encoded)])


def torchvision_rate(folder, workers, seconds):
    import torch
    from torchvision import datasets, transforms

    torch.set_num_threads(1)
    chain = transforms.Compose([
        transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    loader = torch.utils.data.DataLoader(datasets.ImageFolder(folder, chain), 64, shuffle=True, num_workers=workers,
                                         persistent_workers=True)
    for _ in loader:  # starts the workers
        break
    done, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        for pictures, _ in loader:
            done += len(pictures)
            if time.monotonic() - begin >= seconds:
                break
    return done / (time.monotonic() - begin)


def cairn_rate(program, folder, workers, seconds, spec):
    return float(subprocess.run([program, folder, str(workers), str(seconds), spec], check=True, text=True,
                                stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("--pipeline", default="build/release/pipeline")
    parser.add_argument("--cairn", default="build/release/cairn")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="cairn-pipeline-")
    rows = []
    try:
        originals, packed = os.path.join(folder, "originals"), os.path.join(folder, "packed")
        prepare(args.pictures, originals)
        subprocess.run([args.cairn, "data", "pack", originals, "-o", packed, "--raw", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)

        def ours(data, spec):
            return cairn_rate(args.pipeline, data, args.workers, args.seconds, spec)

        for _ in range(args.rounds):
            # lighting of deviation 0.0001 makes floats of the bytes, as the other side does
            floats = ours(originals, "rrc,flip,lighting=0.0001")
            theirs = torchvision_rate(originals, args.workers, args.seconds)
            plain, raw = ours(originals, "rrc,flip"), ours(packed, "rrc,flip")
            rows.append((floats / theirs, raw / plain))
            print(f"cairn {floats:.0f}/s  torchvision {theirs:.0f}/s  ratio {rows[-1][0]:.2f}  "
                  f"bytes {plain:.0f}/s  packed {raw:.0f}/s  ratio {rows[-1][1]:.1f}", flush=True)
    finally:
        shutil.rmtree(folder)
    print(f"median ratio to torchvision {statistics.median(r[0] for r in rows):.2f}, packed to originals "
          f"{statistics.median(r[1] for r in rows):.1f}")


if __name__ == "__main__":
    main()
