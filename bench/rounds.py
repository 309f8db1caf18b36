"""What the comparisons share: contenders that take turns, the time of a run, and the machine they ran on."""
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

INSTRUCTION_SETS = ("sse4_2", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd",
                    "bf16")


def median_of_runs(run: Callable[[], object], seconds: float, least: int = 5) -> float:
    """Median seconds of a run, for about `seconds` and at least `least` times; a fifth of that before, as warm-up."""
    warm = time.perf_counter() + 0.2 * seconds
    run()
    while time.perf_counter() < warm:
        run()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def alternate(contenders: dict[str, Callable[[], float]], rounds: int, rest: float) -> dict[str, list[float]]:
    """Every round runs each contender once, beginning with another one each time, after `rest` seconds of quiet."""
    times = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        for i in range(len(names)):
            name = names[(turn + i) % len(names)]
            time.sleep(rest)
            times[name].append(contenders[name]())
    return times


def ratio_of_pairs(theirs: list[float], ours: list[float]) -> dict[str, float]:
    """How many times as long theirs took, round by round: median and spread."""
    ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def cpu_info(field: str, otherwise: str) -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.split(":")[0].strip() == field:
            return line.split(":", 1)[1].strip()
    return otherwise


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def machine(cairn: str, packages: tuple[str, ...]) -> dict[str, object]:
    flags = cpu_info("flags", cpu_info("Features", "")).split()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    program = subprocess.run([cairn, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    return {"processor": cpu_info("model name", "unknown processor"), "cores": len(os.sched_getaffinity(0)),
            "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags], "memory_gib": round(memory, 1),
            "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {platform.release()}",
            "versions": {"cairn": program, "python": platform.python_version()} | {p: version(p) for p in packages},
            "load": os.getloadavg()[0]}


def machine_text(about: dict[str, object]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (f"{about['processor']}, {about['cores']} cores, {' '.join(about['instruction_sets'])}, "
            f"{about['memory_gib']} GiB, {about['system']}; {versions}; load {about['load']:.2f}")
