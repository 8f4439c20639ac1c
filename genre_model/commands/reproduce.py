"""``genre-model reproduce``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import RecipeError
from genre_model.training.papers.page import page_of
from genre_model.training.papers.reproduce import reproduce as reproduce_rows
from genre_model.training.papers.reproduction import Reproduction
from genre_model.training.papers.row_text import list_of_rows, text_of_row
from genre_model.training.papers.rows import chosen_rows

if TYPE_CHECKING:
    import argparse

    from genre_model.training.papers.outcome import Outcome
    from genre_model.training.papers.rows import Row


def reproduce(options: argparse.Namespace) -> int:
    """Print each row beside the paper's, and write all of them as a page."""
    rows = chosen_rows(options.ids)
    if options.list:
        print(list_of_rows(rows))
        return 0
    if options.data is None:
        raise RecipeError("--data: give the GTZAN folder, or --list to see the rows")
    reproduction = Reproduction(
        options.data,
        options.out / "quick" if options.quick else options.out,
        quick=options.quick,
        seeds=options.seeds,
        imagenet={"download": "imagenet"}.get(options.imagenet, options.imagenet),
    )
    done: list[tuple[Row, Outcome]] = []
    for row, outcome in reproduce_rows(rows, reproduction, options.jobs):
        print(text_of_row(row, outcome), flush=True)
        done.append((row, outcome))
    page = reproduction.out / "papers.md"
    write_atomically(page, page_of(done, reproduction).encode())
    print(f"\n{page}")
    failed = [row.id for row, outcome in done if outcome.absent and row.kind != "absent"]
    if failed:
        print(f"not reproduced: {', '.join(failed)}")
    return 1 if failed else 0
