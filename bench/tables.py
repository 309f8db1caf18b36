"""What bench/peers.py prints and writes: a line a row, and Markdown tables by precision and batch."""
import math
from collections.abc import Sequence

Result = dict[str, object]


def cells(result: Result, peers: Sequence[str]) -> list[str]:
    """Network, ratio, spread, fastest peer, Cairn's time, GFLOP/s and share of the peak, then a time for each peer."""
    medians = result.get("median_ms", {})
    if not medians:
        return [result["network"], result["notes"]["cairn"], *["–"] * (5 + len(peers))]
    ratio = result.get("ratio")
    verdict = ["–"] * 3
    if ratio:
        verdict = [f"{ratio['median']:.2f}", f"{ratio['min']:.2f} to {ratio['max']:.2f}", result["fastest_peer"]]
    return [result["network"], *verdict, f"{medians['cairn']:.4g}", f"{result['gflops']:.1f}",
            f"{100 * result['share_of_peak']:.0f} %",
            *(f"{medians[peer]:.4g}" if peer in medians else "–" for peer in peers)]


def titles(peers: Sequence[str]) -> list[str]:
    return ["network", "ratio", "spread", "fastest peer", "cairn", "GFLOP/s", "of peak", *peers]


def aligned(columns: list[str]) -> str:
    widths = [18, 8, 14, 13, 8, 8, 8] + [12] * (len(columns) - 7)
    return "".join(column.ljust(width) for column, width in zip(columns, widths, strict=True)).rstrip()


def heading(peers: Sequence[str]) -> str:
    return f"{'precision, batch':18}{aligned(titles(peers))}"


def line(result: Result, peers: Sequence[str]) -> str:
    return f"{result['precision'] + ', ' + str(result['batch']):18}{aligned(cells(result, peers))}"


def geometric_means(results: list[Result]) -> dict[str, float]:
    """Of the rows' ratios, for each precision."""
    logs: dict[str, list[float]] = {}
    for result in results:
        if "ratio" in result:
            logs.setdefault(result["precision"], []).append(math.log(result["ratio"]["median"]))
    return {precision: math.exp(sum(values) / len(values)) for precision, values in logs.items()}


def means_text(results: list[Result]) -> str:
    means = geometric_means(results)
    if not means:
        return "No row has a ratio."
    return "Geometric mean of the ratios: " + ", ".join(f"{key} {mean:.2f}" for key, mean in means.items()) + "."


def table(precision: str, batch: int, peers: Sequence[str], rows: list[Result]) -> list[str]:
    lines = [f"### {precision}, batch {batch}", "", f"| {' | '.join(titles(peers))} |",
             f"|---{'|---:' * (6 + len(peers))}|"]
    lines += [f"| {' | '.join(cells(row, peers))} |" for row in rows]
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for name, reason in row["notes"].items():
            reasons.setdefault((name, reason), []).append(row["network"])
    for (name, reason), networks in reasons.items():
        which = "" if len(networks) == len(rows) else f" ({', '.join(networks)})"
        lines.append(f"\nNot measured: {name}{which}: {reason}.")
    forms = sorted({f"{row['network']} {row['forms']['pytorch']}" for row in rows if "pytorch" in row.get("forms", {})})
    if forms:
        lines.append(f"\nPyTorch, the fastest form: {', '.join(forms)}.")
    return [*lines, ""]


def document(title: str, machine: str, settings: dict[str, object], peers: Sequence[str], results: list[Result]) -> str:
    lines = [f"## {title}: Cairn and its peers", "", machine + " at the start.", "",
             f"{settings['threads']} threads, {settings['rounds']} rounds, bursts of "
             f"{settings['seconds_of_a_burst']} s. Times are medians in milliseconds for the batch. Ratio: "
             "time of the fastest peer of a round by Cairn's, median of the rounds, and its spread; above 1 Cairn is "
             "faster. Fastest peer: the one with the best median.", "", means_text(results), ""]
    groups: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result["precision"], result["batch"]), []).append(result)
    loads = [result["load"] for result in results if "load" in result]
    if loads:
        lines += [f"Load average at the ends of the rows: {min(loads):.1f} to {max(loads):.1f}, of which about "
                  f"{settings['threads']} is the comparison itself. Other load slows those most that wait in OpenMP "
                  "(ncnn, PyTorch), so ratios are to be trusted on a quiet machine only.", ""]
    for (precision, batch), rows in groups.items():
        lines += table(precision, batch, peers, rows)
    return "\n".join(lines)
