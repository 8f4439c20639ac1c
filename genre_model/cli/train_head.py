"""``genre-model train-head``."""

from __future__ import annotations

import json
import os
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_model.atomic_file import write_atomically
from genre_model.cli.option_values import (
    natural,
    path_to,
    positive,
    renaming,
    several,
    share,
)
from genre_model.errors import GenreModelError
from genre_model.label_spelling import spelling_key
from genre_model.model.card_text import printable
from genre_model.model.source import BACKBONES
from genre_model.personal.settings import PersonalSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.personal_model import PersonalModel
    from genre_model.personal.training import PersonalTraining


DEFAULTS = PersonalSettings()
#: The first label of a track trains, or all of them.
LABELS = ("first", "all")


def add_train_head(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train-head", help="train a model for genres of your own, in minutes"
    )
    _add_files(parser)
    _add_model(parser)
    _add_labels(parser)
    _add_score(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="DIR|CSV",
        help="folder with a folder for each genre, or table with columns path and label",
    )
    parser.add_argument(
        "--test",
        type=Path,
        metavar="DIR|CSV",
        help="other tracks in the same layout, which are only scored",
    )
    parser.add_argument(
        "--cache",
        type=path_to(".db"),
        metavar="FILE.db",
        help="keeps what was heard for the next training (default: beside --out)",
    )
    parser.add_argument(
        "--report",
        type=path_to(".json"),
        metavar="FILE.json",
        help="write every number of the score",
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        help="files at once (default: cores, up to 4)",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        required=True,
        type=path_to(".onnx"),
        metavar="FILE.onnx",
        help="the new model",
    )
    parser.add_argument("--name", help="of the new model (default: that of --out)")
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--parent",
        metavar="MODEL",
        help="whose network listens: name or .onnx file (default: the bundled one)",
    )
    network.add_argument(
        "--backbone",
        choices=BACKBONES,
        metavar="NAME",
        help=f"a published network listens, once installed: {', '.join(BACKBONES)}",
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace even a better model at --out"
    )


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        choices=LABELS,
        default=LABELS[0],
        help="the first label of a track, or all: several genres at once (default: first)",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        type=renaming,
        metavar="OLD=NEW",
        help="rename a label, or drop it (OLD=); several: OLD=NEW;NEW",
    )
    parser.add_argument(
        "--alias",
        action="append",
        default=[],
        type=renaming,
        metavar="LABEL=GENRE",
        help="what a label is to the parent, for comparison (default: the same name)",
    )
    parser.add_argument(
        "--min-tracks",
        type=positive,
        default=DEFAULTS.min_tracks,
        metavar="N",
        help=f"drop labels with fewer (default: {DEFAULTS.min_tracks})",
    )
    parser.add_argument(
        "--max-per-artist",
        type=positive,
        metavar="N",
        help="tracks of an artist within a label (default: any number)",
    )


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--genre-balance",
        type=share,
        default=DEFAULTS.genre_balance,
        metavar="X",
        help=f"0: tracks weigh the same, 1: genres (default: {DEFAULTS.genre_balance:g})",
    )
    parser.add_argument(
        "--folds",
        type=several,
        default=DEFAULTS.n_folds,
        metavar="N",
        help=f"of the cross-validation (default: {DEFAULTS.n_folds})",
    )
    parser.add_argument(
        "--seed",
        type=natural,
        default=DEFAULTS.seed,
        metavar="N",
        help=f"of the folds (default: {DEFAULTS.seed})",
    )


def command_line(options: argparse.Namespace) -> str:
    """Return the command that trains such a model, for its card, without paths."""
    return shlex.join(["genre-model", "train-head", *_words(options)])


def _network_words(options: argparse.Namespace) -> Iterator[str]:
    if options.backbone:
        yield from ("--backbone", options.backbone)
    elif options.parent:
        is_file = options.parent.lower().endswith(".onnx")
        yield from ("--parent", "PARENT" if is_file else options.parent)


def _words(options: argparse.Namespace) -> Iterator[str]:
    yield from ("--data", "DATA", "--out", "OUT")
    yield from _network_words(options)
    for flag, value, default in (
        ("--name", options.name, None),
        ("--labels", options.labels, LABELS[0]),
        ("--min-tracks", options.min_tracks, DEFAULTS.min_tracks),
        ("--max-per-artist", options.max_per_artist, None),
        ("--genre-balance", options.genre_balance, DEFAULTS.genre_balance),
        ("--folds", options.folds, DEFAULTS.n_folds),
        ("--seed", options.seed, DEFAULTS.seed),
    ):
        if value != default:
            yield from (flag, str(value))
    for flag, renamings in (("--map", options.map), ("--alias", options.alias)):
        for old, new in renamings:
            yield from (flag, f"{old}={';'.join(new)}")
    if options.test:
        yield from ("--test", "TEST")


CACHE_SUFFIX = ".embeddings.db"


class Progress:
    """Shows a bar on a terminal, and warnings above it."""

    def __init__(self) -> None:
        self._bar: Any = None

    def expect(self, n_tracks: int) -> None:
        """Show a bar with rate and time left, on a terminal only."""
        from tqdm import tqdm

        self.close()
        # None: whether there is a bar depends on whether stderr is a terminal.
        hidden = None if n_tracks else True
        self._bar = tqdm(total=n_tracks, unit="track", leave=False, disable=hidden)

    def advance(self) -> None:
        """Move the bar on."""
        self._bar.update()

    def warning(self, text: str) -> None:
        """Print a warning."""
        is_hidden = self._bar is None or self._bar.disable
        beside: AbstractContextManager[Any]
        beside = nullcontext() if is_hidden else self._bar.external_write_mode()
        with beside:
            print(f"genre-model: {printable(text)}", file=sys.stderr)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def train_head(options: argparse.Namespace) -> int:
    """Train, print the score, keep the model unless the one at ``--out`` is better."""
    from genre_model.model.source import installed_backbone

    if options.backbone:
        options.parent = installed_backbone(options.backbone)
    cache = options.cache or options.out.with_suffix(CACHE_SUFFIX)
    progress = Progress()
    try:
        _train(options, cache, progress)
    except KeyboardInterrupt:
        if cache.exists():
            progress.warning(f"stopped; {cache} keeps what was heard")
        raise
    finally:
        progress.close()
    return 0


def _train(options: argparse.Namespace, cache: Path, progress: Progress) -> None:
    from genre_model.personal.held_out import score_held_out

    files = _labelled(options.data, progress)
    test_files = _labelled(options.test, progress) if options.test else []
    training = _training(options, cache)
    _warn_of_unused(options, files, training.settings, progress)
    _check_places(options)
    model = training.run(files, progress)
    print(model.report())
    numbers = model.score | {"notes": model.notes, "leaks": model.leaks}
    _write_numbers(options, numbers)
    _keep(options, model, numbers)
    if test_files:
        # Last, so that it cannot choose what is kept.
        held_out = score_held_out(test_files, model, training, progress)
        print(f"\n{held_out.report()}")
        numbers["test"] = held_out.numbers()
    _write_numbers(options, numbers)


def _labelled(data: Path, progress: Progress) -> list[LabelledFile]:
    from genre_model.personal.labelled_files import read_labelled_csv, read_labelled_folder

    read = read_labelled_folder if data.is_dir() else read_labelled_csv
    return read(data, progress.warning)


def _training(options: argparse.Namespace, cache: Path) -> PersonalTraining:
    from genre_model.classifier import GenreClassifier
    from genre_model.personal.head_file import parent_network
    from genre_model.personal.training import PersonalTraining

    parent = GenreClassifier.load(options.parent)
    return PersonalTraining(
        settings=PersonalSettings(
            min_tracks=options.min_tracks,
            max_per_artist=options.max_per_artist,
            multi_label=options.labels == "all",
            label_map={old.lower(): new for old, new in options.map},
            genre_balance=options.genre_balance,
            n_folds=options.folds,
            seed=options.seed,
        ),
        parent=parent,
        network=parent_network(options.parent, parent.model_id),
        store_path=cache,
        parent_genres_of=_parent_genres_of(dict(options.alias), parent.genres),
        n_threads=options.threads,
    )


def _parent_genres_of(
    aliases: dict[str, tuple[str, ...]], genres: Sequence[str]
) -> Callable[[str], frozenset[str]]:
    """Return what tells the genres of the parent that a label means."""
    genre_of = {spelling_key(genre): genre for genre in genres}
    meant = {key: frozenset([genre]) for key, genre in genre_of.items()}
    for label, names in aliases.items():
        unknown = [name for name in names if spelling_key(name) not in genre_of]
        if unknown:
            raise GenreModelError(
                f"--alias {label}: the parent knows no {', '.join(unknown)}, only "
                f"{', '.join(genres)}"
            )
        meant[spelling_key(label)] = frozenset(genre_of[spelling_key(n)] for n in names)
    return lambda label: meant.get(spelling_key(label), frozenset())


def _warn_of_unused(
    options: argparse.Namespace,
    files: Sequence[LabelledFile],
    settings: PersonalSettings,
    progress: Progress,
) -> None:
    """Warn of names that may be misspelt."""
    from genre_model.personal.label_cleaning import map_labels

    given = {spelling_key(label) for file in files for label in file.labels}
    named = {
        spelling_key(label) for file in files for label in map_labels(file, settings).labels
    }
    unused = [f"--map {old}" for old, _ in options.map if spelling_key(old) not in given]
    unused += [
        f"--alias {label}" for label, _ in options.alias if spelling_key(label) not in named
    ]
    for option in unused:
        progress.warning(f"{option}: no track has that label")


def _check_places(options: argparse.Namespace) -> None:
    """Refuse places that cannot be written to, before hours of listening."""
    for path in filter(None, (options.out, options.report)):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise GenreModelError(f"{path} cannot be written")
    if not printable(_name(options)):
        raise GenreModelError("--name is empty")


def _name(options: argparse.Namespace) -> str:
    return printable(options.out.stem if options.name is None else options.name)


def _keep(
    options: argparse.Namespace, model: PersonalModel, numbers: dict[str, Any]
) -> None:
    """Write the model."""
    from genre_model.personal.personal_model import better_model_at

    better = better_model_at(options.out, model)
    if better is not None and not options.replace:
        raise GenreModelError(
            f"{better}; nothing was written: take --replace, or another --out"
        )
    model_id, content = model.file_content(_name(options), command_line(options))
    write_atomically(options.out, content)
    numbers["model"] = model_id
    print(f"\n{model_id} is in {printable(str(options.out))}", flush=True)
    if (beaten_by := model.beaten_by()) is not None:
        print(f"It is no better than {beaten_by!r} in the table.", flush=True)


def _write_numbers(options: argparse.Namespace, numbers: dict[str, Any]) -> None:
    if options.report:
        write_atomically(options.report, json.dumps(numbers, indent=1).encode())
