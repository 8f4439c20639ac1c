"""What mutated model files do to the program that tries them: nothing, or this one fails.

    python benchmarks/fuzz_models.py [--files 5000] [--seed 0] [--keep DIR] [--into PAGE.md]

Mutates the bundled model, a small one and a personal one: bytes, and parts of the network
or of the card that claim, name or ask for what they should not. Each is tried as
``genre_model.check_untrusted_model`` tries it, in processes that try many. Prints what came
of them, and the worst time and memory. ``--keep`` gets what ended its process or took
longer than ten seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz_audio import (
    MOST_MB,
    SLOW_SECONDS,
    kind_of,
    outcomes_table,
    peak_mb,
    worst_text,
)
from marked_table import put_into
from model_mutations import mutated_model, seeds

from genre_model.errors import GenreModelError
from genre_model.worker import client
from genre_model.worker.client import PredictionProcess, ProcessEndedError
from genre_model.worker.main import bound_memory, pipes

HERE = Path(__file__).parent
N_PROCESSES = 2
N_SHOWN = 25


def serve() -> None:
    """Try one model after the other, as told; the program of a process."""
    from genre_model.model.untrusted_network import check_untrusted_network

    requests, answers = pipes()
    bound_memory()
    for line in requests:
        answer = "accepted"
        try:
            check_untrusted_network(Path(json.loads(line)["path"]).read_bytes())
        except GenreModelError as error:
            answer = kind_of(str(error))[:70]
        answers.write(json.dumps({"answer": answer}).encode() + b"\n")
        answers.flush()


class Trying:
    """Tries mutated models, and remembers what was worst."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.outcomes: Counter[str] = Counter()
        self.worst_seconds = 0.0
        self.worst_mb = 0.0
        self.ended: list[str] = []
        self._keep: Path | None = options.keep
        self._lock = threading.Lock()
        self._folder = folder
        self._seeds = seeds(folder)

    def run(self, numbers: list[int], seed: int) -> None:
        """Try some of them in one process, which is started again if it ends."""
        rng = random.Random(seed)  # noqa: S311 -- nobody is to be kept out
        process = PredictionProcess()
        for number in numbers:
            path = self._folder / f"{seed} {number}.onnx"
            path.write_bytes(mutated_model(rng.choice(self._seeds), rng))
            start = time.monotonic()
            try:
                answer = process.ask(path, "prediction", client.LOAD_SECONDS)
                outcome = answer["answer"]
            except ProcessEndedError as error:
                outcome = f"ended its process: {error}"
                self.ended.append(f"{path.name}: {error}")
                process.close()
                process = PredictionProcess()
            seconds = time.monotonic() - start
            with self._lock:
                self.outcomes[outcome] += 1
                self.worst_seconds = max(self.worst_seconds, seconds)
                self.worst_mb = max(self.worst_mb, peak_mb(process.pid))
            if self._keep and (outcome.startswith("ended") or seconds > SLOW_SECONDS):
                self._keep.mkdir(exist_ok=True)
                (self._keep / path.name).write_bytes(path.read_bytes())
                print(f"{path.name}: {seconds:.1f} s: {outcome}", flush=True)
            path.unlink()
        process.close()

    def table(self) -> str:
        """Return the outcomes."""
        n_tried = self.outcomes.total()
        beginning = f"{n_tried} mutated models, {len(self.ended)} ended a process;"
        worst = worst_text(self.worst_seconds, self.worst_mb)
        shown = self.outcomes.most_common(N_SHOWN)
        others = n_tried - sum(n for _, n in shown)
        return outcomes_table([beginning, worst], [*shown, ("other refusals", others)])


def main() -> None:
    """Print the table; fail if some file came to nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that did harm")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    client.PROGRAM = (
        f"import sys; sys.path[:] = [{str(HERE)!r}, *sys.argv[1:]]; "
        "from fuzz_models import serve; serve()"
    )
    with tempfile.TemporaryDirectory() as folder:
        trying = Trying(options, Path(folder))
        with ThreadPoolExecutor(N_PROCESSES) as pool:
            shares = [range(n, options.files, N_PROCESSES) for n in range(N_PROCESSES)]
            seeds_ = [options.seed + number for number in range(N_PROCESSES)]
            list(pool.map(trying.run, map(list, shares), seeds_))
    print(trying.table())
    if options.into:
        put_into(options.into, "fuzzed models", trying.table())
    if trying.ended or trying.worst_seconds > 60 or trying.worst_mb > MOST_MB:
        raise SystemExit("a process ended, or took too long or too much")
    if trying.outcomes.total() != options.files:
        raise SystemExit("some files came to nothing")


if __name__ == "__main__":
    main()
