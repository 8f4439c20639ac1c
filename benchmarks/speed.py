"""How fast tracks are heard: ours beside the cost of decoding and beside other ways.

    python benchmarks/speed.py [--songs FOLDER] [--files 120] [--runs 3] [--into PAGE.md]

Needs the [train] extra, and resampy, which autobpm resamples with.

Makes four-minute files in the main formats, of the songs in FOLDER or composed, and lets
each contender hear them in a process of its own, all in turn, ``--runs`` times over. Each
also hears a single file, so that the table can tell starting from hearing: what it shows is
the cost of each further file, in which contenders are compared alike, however many they
hear. Medians of the ratios are printed, and put into a page as a Markdown table.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from beets_home import beets_home
from marked_table import put_into
from processes import Taken, run
from song_files import FORMATS, SECONDS, link_files, make_files

from genre_model import GenreClassifier
from genre_model.cli.option_values import several

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENDERS = Path(__file__).with_name("contenders.py")
#: What libsndfile opens without help, so that librosa does.
FOR_LIBROSA = (".mp3", ".flac", ".opus", ".ogg")
#: Each takes a second or two for each of the slow contenders.
N_SLOW_FILES = 8
#: Different pieces of music; files are links to them in each format.
MAX_PIECES = 4
PACKAGES = ("beets", "av", "onnxruntime", "numpy", "librosa", "torch")


FLOOR, ONE_AT_A_TIME, OURS = "floor", "ours, one at a time", "ours"
IN_THREADS = "ours, threads of one process"
OURS_FEW, PLUGIN_FEW = "ours, the few", "beet genreclf, the few"
PLUGIN, NAIVE, AUTOBPM = "beet genreclf", "naive, the few", "beet autobpm, the few"


@dataclass(frozen=True)
class Cost:
    """What each further file cost a contender, in seconds.

    Attributes:
        wall: until it was heard.
        cpu: of all cores.
        whole_cpu: its share of everything, the start of the process included.
        peak_mb: memory of all of its processes (MiB).
    """

    wall: float
    cpu: float
    whole_cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Contender:
    """One way to hear files.

    Attributes:
        name: in the table.
        command: from files to what follows ``python``.
        home: of beets, if it is a beets command.
        slow: hears only few of the files, those that librosa can open, because it is
            slow or compared with what is.
    """

    name: str
    command: Callable[[list[str]], list[str]]
    home: Path | None = None
    slow: bool = False


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, help="music to take (default: composed)")
    parser.add_argument("--files", type=several, default=120)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        n_pieces = min(MAX_PIECES, -(-options.files // len(FORMATS)))
        originals = make_files(root / "originals", options.songs, n_pieces)
        files = link_files(originals, root / "music", options.files)
        openable = [path for path in originals if path.suffix in FOR_LIBROSA]
        slow = link_files(openable, root / "slow", N_SLOW_FILES)
        contenders = contenders_for(root, files, slow, options.threads)
        costs = measure(contenders, files, slow, options.runs)
    text = report(costs, options)
    print(text)
    if options.into:
        put_into(options.into, "speed", text)


def contenders_for(
    root: Path, files: list[Path], slow: list[Path], n_threads: int
) -> list[Contender]:
    """List everybody; beets commands get a library of their files."""
    front_end = GenreClassifier.load().card.front_end
    seconds = front_end.segment_samples / front_end.waveform.sample_rate_hz
    floor = ["floor", str(front_end.segment.n_segments), str(seconds)]
    threads = str(n_threads)
    naive = [str(CONTENDERS), "naive", threads]
    in_threads = ["threads", threads]

    def ours(n: str) -> Callable[[list[str]], list[str]]:
        return lambda paths: ["-m", "genre_model", "predict", "-t", n, *paths]

    def beet(*arguments: str) -> Callable[[list[str]], list[str]]:
        # Of a single file, the query says which.
        return lambda paths: [
            *("-m", "beets", *arguments),
            *([f"path:{paths[0]}"] if len(paths) == 1 else []),
        ]

    tag = ("genreclf", "-q", "--force", "--listen-again", "--pretend", "-t", threads)
    plugin = beets_home(root / "plugin", "genreclf", files)
    few = beets_home(root / "few", "genreclf", slow)
    autobpm = beets_home(root / "autobpm", "autobpm", slow)
    return [
        Contender(FLOOR, lambda paths: [str(CONTENDERS), *floor, *paths]),
        Contender(ONE_AT_A_TIME, ours("1")),
        Contender(OURS, ours(threads)),
        Contender(IN_THREADS, lambda paths: [str(CONTENDERS), *in_threads, *paths]),
        Contender(PLUGIN, beet(*tag), plugin),
        Contender(OURS_FEW, ours(threads), slow=True),
        Contender(PLUGIN_FEW, beet(*tag), few, slow=True),
        Contender(NAIVE, lambda paths: [*naive, *paths], slow=True),
        Contender(AUTOBPM, beet("autobpm"), autobpm, slow=True),
    ]


def measure(
    contenders: list[Contender], files: list[Path], slow: list[Path], n_runs: int
) -> dict[str, list[Cost]]:
    """Run everybody in turn."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(n_runs):
        for contender in contenders:
            heard = slow if contender.slow else files
            one, all_of_them = (hear(contender, paths) for paths in (heard[:1], heard))
            costs[contender.name].append(cost_of(one, all_of_them, len(heard)))
    return costs


def hear(contender: Contender, files: list[Path]) -> Taken:
    """Let a contender hear files."""
    env = {"BEETSDIR": str(contender.home)} if contender.home else None
    taken = run(contender.command([str(path) for path in files]), env)
    if "Failed" in taken.output:  # autobpm goes on, and exits with 0
        raise SystemExit(taken.output)
    return taken


def cost_of(one: Taken, all_of_them: Taken, n_files: int) -> Cost:
    """Take what a single file took, the start of the process included, from the rest."""
    n_more = n_files - 1
    return Cost(
        wall=(all_of_them.wall_seconds - one.wall_seconds) / n_more,
        cpu=(all_of_them.cpu_seconds - one.cpu_seconds) / n_more,
        whole_cpu=all_of_them.cpu_seconds / n_files,
        peak_mb=all_of_them.peak_mb,
    )


def report(costs: dict[str, list[Cost]], options: argparse.Namespace) -> str:
    """Write the table, and the ratios that matter."""
    lines = [
        f"{options.files} files of {SECONDS:g} s ({', '.join(FORMATS)}), "
        f"{'music from a folder' if options.songs else 'composed'}; {options.threads} "
        f"at a time unless said; of the few, there are {N_SLOW_FILES}, "
        f"{', '.join(FOR_LIBROSA)}; median of "
        f"{options.runs} runs in turn; {datetime.now(timezone.utc):%Y-%m-%d}, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "",
        "| contender | tracks/s | CPU ms per track | with the start | MB |",
        "|---|---|---|---|---|",
    ]
    for name, runs in costs.items():
        rate = statistics.median(1 / one.wall for one in runs)
        cpu = statistics.median(1000 * one.cpu for one in runs)
        whole = statistics.median(1000 * one.whole_cpu for one in runs)
        peak = statistics.median(one.peak_mb for one in runs)
        lines.append(f"| {name} | {rate:.2f} | {cpu:.0f} | {whole:.0f} | {peak:.0f} |")
    lines += ["", *ratios(costs), ""]
    return "\n".join(lines)


def ratios(costs: dict[str, list[Cost]]) -> list[str]:
    """Compare within each run, then take the median over runs."""

    def of(name: str, what: str) -> list[float]:
        return [getattr(one, what) for one in costs[name]]

    pairs = {
        "processor time of ours / floor": (of(ONE_AT_A_TIME, "cpu"), of(FLOOR, "cpu")),
        "the same, the start of the process included": (
            of(ONE_AT_A_TIME, "whole_cpu"),
            of(FLOOR, "whole_cpu"),
        ),
        "processor time of the plugin / floor": (of(PLUGIN, "cpu"), of(FLOOR, "cpu")),
        "tracks/s of ours / naive": (of(NAIVE, "wall"), of(OURS_FEW, "wall")),
        "tracks/s of the plugin / autobpm": (of(AUTOBPM, "wall"), of(PLUGIN_FEW, "wall")),
        "tracks/s of ours / ours, one at a time": (
            of(ONE_AT_A_TIME, "wall"),
            of(OURS, "wall"),
        ),
        "tracks/s of ours / threads of one process": (
            of(IN_THREADS, "wall"),
            of(OURS, "wall"),
        ),
    }
    return [f"* {name}: {_ratio(*pair)}" for name, pair in pairs.items()]


def _ratio(first: list[float], second: list[float]) -> str:
    each = [a / b for a, b in zip(first, second, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


if __name__ == "__main__":
    main()
