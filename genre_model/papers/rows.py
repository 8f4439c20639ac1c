"""Rows of the papers' tables: what a paper reports, and by which systems to get it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from genre_model.errors import RecipeError
from genre_model.training.data.gtzan import GENRES
from genre_model.training.data.protocols import PROTOCOLS, is_leaky

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: ``networks`` are trained on segments, ``tables`` on the feature table; ``check`` is
#: computed by a function of its own, ``absent`` is impossible.
Kind = Literal["networks", "tables", "check", "absent"]
#: Paper 002's protocol for feature tables: rows at random, several times.
RANDOM_SPLITS = "random-80-20"
#: The split of papers 000 and 004, and the one that does not leak.
PAPER_PROTOCOL, HONEST_PROTOCOL = "stratified-80-20", "fault-filtered"
#: Protocols of the checks of those two papers.
CHECKED_PROTOCOLS = (PAPER_PROTOCOL, HONEST_PROTOCOL)
#: Letters of the papers, in the order of ``docs/papers.md``.
PAPERS = ("z", "a", "b", "c", "d")


@dataclass(frozen=True)
class System:
    """One system of a row, and the paper's numbers of it.

    Attributes:
        name: in tables; alone in its row it may be empty.
        recipe: of a network on segments.
        set: changes of the recipe, besides those of the row's ``common`` table.
        budget: changes that make its training shorter than the paper's.
        seeds: trainings in place of the row's; 0 are the row's.
        segment_seconds: in place of the recipe's segments: end to end, the number that
            fits into a clip.
        system: of a feature table.
        options: of that system.
        columns: of the feature table: ``"all"``, ``"mfcc"`` only, or ``"pictures"``
            besides.
        seconds: that a row of the feature table describes.
        genres: that are told apart.
        combination: how segments become a track: ``"mean"`` or ``"vote"``.
        published: the paper's numbers by measure, such as ``accuracy``.
        published_of: the unit of these numbers.
        protocols: in place of the row's.
    """

    name: str = ""
    recipe: str = ""
    set: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()
    seeds: int = 0
    segment_seconds: int = 0
    system: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    columns: Literal["all", "mfcc", "pictures"] = "all"
    seconds: int = 30
    genres: tuple[str, ...] = GENRES
    combination: Literal["mean", "vote"] = "mean"
    published: dict[str, float] = field(default_factory=dict)
    published_of: Literal["tracks", "segments"] = "tracks"
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One requirement of a paper, by its ID.

    Attributes:
        id: such as ``Z2``.
        title: what it is, in a few words.
        kind: how it is reproduced.
        paper: the paper's name.
        published: the paper's result in words, where it is no number.
        protocols: which tracks train and test; the paper's own comes last.
        part: ``"valid"`` where results may choose settings.
        seeds: trainings of each system.
        compare: test each system against the first.
        by_fold: also give the accuracy in each fold.
        plots: drawn of the predictions: ``"confusion"``, ``"genres"``, ``"curves"``,
            ``"sweep"``.
        needs: IDs of the rows whose networks a ``check`` looks at.
        note: what the paper leaves open or contradicts, and what is done here.
        systems: of ``networks`` and ``tables``.
    """

    id: str
    title: str
    kind: Kind
    paper: str = ""
    published: str = ""
    protocols: tuple[str, ...] = ()
    part: Literal["test", "valid"] = "test"
    seeds: int = 1
    compare: bool = False
    by_fold: bool = False
    plots: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    note: str = ""
    systems: tuple[System, ...] = ()

    @property
    def needed_rows(self) -> list[Row]:
        """The rows whose networks a check looks at."""
        return chosen_rows(self.needs) if self.needs else []

    @property
    def runs(self) -> list[tuple[System, str]]:
        """Every system with each of its protocols: its own, or the row's."""
        return [
            (system, protocol)
            for system in self.systems
            for protocol in system.protocols or self.protocols
        ]


@cache
def all_rows() -> tuple[Row, ...]:
    """Return every row, in the order of the papers."""
    return tuple(row for letter in PAPERS for row in _rows_of(letter))


def chosen_rows(ids: list[str] | tuple[str, ...]) -> list[Row]:
    """Return the rows with these IDs, or of these papers (``Z``); all if there are none.

    Raises:
        RecipeError: naming an unknown ID.
    """
    known = {row.id for row in all_rows()}
    for name in ids:
        if name.upper() not in known | {row_id[0] for row_id in known}:
            raise RecipeError(f"no row {name!r}; --list shows what there is")
    wanted = {name.upper() for name in ids}
    return [row for row in all_rows() if not wanted or wanted & {row.id, row.id[0]}]


def leaks(protocol: str) -> bool:
    """Return True if a protocol of rows lets something of a test track train."""
    return protocol == RANDOM_SPLITS or is_leaky(protocol)


def marked(protocol: str) -> str:
    """Name a protocol, and say if it leaks."""
    return f"{protocol} LEAKY" if leaks(protocol) else protocol


def _rows_of(letter: str) -> list[Row]:
    folder = resources.files("genre_model.papers") / "rows"
    values = tomllib.loads((folder / f"{letter}.toml").read_text("utf-8"))
    budgets = values.get("budgets", {})
    return [build_row(row, values["paper"], budgets) for row in values["row"]]


def build_row(values: dict[str, Any], paper: str, budgets: dict[str, list[str]]) -> Row:
    """Build a row from its TOML table and the paper's named budgets.

    Raises:
        RecipeError: naming an unknown key, kind, protocol or budget.
    """
    values = dict(values)
    common = values.pop("common", {})
    systems = tuple(_system(common, one, budgets) for one in values.pop("system", ()))
    row: Row = _build(Row, values | {"paper": paper})
    wrong = {*row.protocols} - {*PROTOCOLS, RANDOM_SPLITS}
    if row.kind not in get_args(Kind) or wrong:
        raise RecipeError(f"row {row.id}: {row.kind} {sorted(wrong)} is unknown")
    return replace(row, systems=systems)


def _system(
    common: dict[str, Any], values: dict[str, Any], budgets: dict[str, list[str]]
) -> System:
    changes = [*common.get("set", ()), *values.get("set", ())]
    plain = common | values | {"set": changes}
    if name := plain.get("budget"):
        if name not in budgets:
            raise RecipeError(f"budget {name!r} is unknown; known: {', '.join(budgets)}")
        plain["budget"] = budgets[name]
    system: System = _build(System, plain)
    return system


def _build(kind: type[Any], values: dict[str, Any]) -> Any:
    """Build a dataclass; lists of TOML become tuples."""
    unknown = sorted(set(values) - {one.name for one in fields(kind)})
    if unknown:
        raise RecipeError(f"row {values.get('id', values)}: unknown {', '.join(unknown)}")
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return kind(**plain)
