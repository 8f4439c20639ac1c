"""``genre-model reproduce``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.cli.option_values import positive
from genre_model.cli.shared_options import add_set
from genre_model.errors import RecipeError

if TYPE_CHECKING:
    import argparse

    from genre_model.papers.outcome import Outcome
    from genre_model.papers.reproduction import Reproduction

#: Value of ``--imagenet`` in place of a file.
DOWNLOAD = "download"
#: Pages in the output folder, besides the files of each row.
PAGE, PLOT_PAGE = "papers.md", "plots.md"


def add_reproduce(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reproduce", help="reproduce what five papers report (needs the [train] extra)"
    )
    add = parser.add_argument
    add(
        "ids",
        nargs="*",
        metavar="ID",
        help="such as C5, or a paper's letter (default: every row)",
    )
    add("--list", action="store_true", help="list the rows, run nothing")
    add("--data", type=Path, help="the GTZAN folder")
    add(
        "--out",
        type=Path,
        default=Path("reproduction"),
        help="folder for runs, results and plots (default: reproduction)",
    )
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument(
        "--quick",
        action="store_true",
        help="a few batches of everything, to see that it runs; its numbers mean nothing",
    )
    how_long.add_argument(
        "--full",
        action="store_true",
        help="train as long as the papers did: days without a GPU",
    )
    add("--seeds", type=positive, help="trainings per system (default: each row's own)")
    add_set(parser)
    add(
        "--imagenet",
        metavar="download|FILE",
        help="begin ResNet-18 with the published weights, downloaded once or from the file "
        "(default: with random ones)",
    )
    add(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="trainings at once, in processes that share the cores (default: 1)",
    )


def reproduce(options: argparse.Namespace) -> int:
    """Print each row beside the paper's, and keep a page of all that are done."""
    from genre_model.papers.row_text import QUICK_WARNING, list_of_rows, text_of_row
    from genre_model.papers.rows import all_rows, chosen_rows

    rows = chosen_rows(options.ids)
    if options.list:
        print(list_of_rows(rows))
        return 0
    # torch and Lightning take seconds to load.
    from genre_model.papers import reproduce as loop

    reproduction = _reproduction(options)
    known = loop.remembered(list(all_rows()), reproduction)
    failed = []
    try:
        for row, outcome in loop.reproduce(rows, reproduction, options.jobs):
            kept = known.get(row.id) == outcome
            print(text_of_row(row, outcome, kept=kept), flush=True)
            known[row.id] = outcome
            _write_pages(known, reproduction)
            if outcome.absent and row.kind != "absent":
                failed.append(row.id)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        raise
    print(f"\n{reproduction.out / PAGE}, plots in {reproduction.out / PLOT_PAGE}")
    if reproduction.quick:
        print(QUICK_WARNING)
    if failed:
        print(f"not reproduced: {', '.join(failed)}")
    return 1 if failed else 0


def _write_pages(known: dict[str, Outcome], reproduction: Reproduction) -> None:
    from genre_model.papers.row_text import page_of, plot_page_of
    from genre_model.papers.rows import all_rows

    done = [(row, known[row.id]) for row in all_rows() if row.id in known]
    for name, page in ((PAGE, page_of), (PLOT_PAGE, plot_page_of)):
        write_atomically(reproduction.out / name, page(done, reproduction).encode())


def _reproduction(options: argparse.Namespace) -> Reproduction:
    from genre_model.papers.reproduction import Reproduction
    from genre_model.training.networks.resnet18 import provide_weights

    if options.data is None:
        raise RecipeError("--data: give the GTZAN folder, or --list to see the rows")
    if options.imagenet not in (None, DOWNLOAD):
        provide_weights(Path(options.imagenet))
    reproduction = Reproduction(
        options.data,
        options.out / "quick" if options.quick else options.out,
        quick=options.quick,
        full=options.full,
        seeds=options.seeds,
        imagenet=options.imagenet is not None,
        changes=tuple(options.set),
    )
    # Before anything is written: the page of another folder's rows may be there.
    reproduction.check()
    return reproduction
