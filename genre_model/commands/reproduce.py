"""``genre-model reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import RecipeError
from genre_model.training.imagenet_weights import provide_weights
from genre_model.training.papers.page import page_of
from genre_model.training.papers.reproduce import remembered
from genre_model.training.papers.reproduce import reproduce as reproduce_rows
from genre_model.training.papers.reproduction import Reproduction
from genre_model.training.papers.row_text import list_of_rows, text_of_row
from genre_model.training.papers.rows import all_rows, chosen_rows

if TYPE_CHECKING:
    import argparse

#: What ``--imagenet`` takes in place of a file.
DOWNLOAD = "download"


def reproduce(options: argparse.Namespace) -> int:
    """Print each row beside the paper's, and keep a page of all that are done."""
    rows = chosen_rows(options.ids)
    if options.list:
        print(list_of_rows(rows))
        return 0
    reproduction = _reproduction(options)
    known = remembered(list(all_rows()), reproduction)
    page = reproduction.out / "papers.md"
    failed = []
    for row, outcome in reproduce_rows(rows, reproduction, options.jobs):
        print(text_of_row(row, outcome), flush=True)
        known[row.id] = outcome
        done = [(one, known[one.id]) for one in all_rows() if one.id in known]
        write_atomically(page, page_of(done, reproduction).encode())
        if outcome.absent and row.kind != "absent":
            failed.append(row.id)
    print(f"\n{page}")
    if failed:
        print(f"not reproduced: {', '.join(failed)}")
    return 1 if failed else 0


def _reproduction(options: argparse.Namespace) -> Reproduction:
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
