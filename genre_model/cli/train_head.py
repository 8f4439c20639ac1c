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
from genre_model.model.source import BACKBONES, installed_backbone
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
CACHE_SUFFIX = ".embeddings.db"


def add_train_head(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "train a model for genres of your own, in minutes"
    parser = commands.add_parser("train-head", help=text)
    _add_files(parser)
    _add_model(parser)
    _add_settings(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    def add(*flags: str, **settings: Any) -> None:
        parser.add_argument(*flags, **settings)

    text = "folder with a folder for each genre, or table with columns path and label"
    add("--data", required=True, type=Path, metavar="DIR|CSV", help=text)
    text = "other tracks in the same layout, which are only scored"
    add("--test", type=Path, metavar="DIR|CSV", help=text)
    text = "keeps what was heard for the next training (default: beside --out)"
    add("--cache", type=path_to(".db"), metavar="FILE.db", help=text)
    text = "write every number of the score"
    add("--report", type=path_to(".json"), metavar="FILE.json", help=text)
    text = "files at once (default: cores, up to 4)"
    add("-t", "--threads", type=positive, help=text)


def _add_model(parser: argparse.ArgumentParser) -> None:
    out: dict[str, Any] = {"type": path_to(".onnx"), "metavar": "FILE.onnx"}
    parser.add_argument("--out", required=True, help="the new model", **out)
    parser.add_argument("--name", help="of the new model (default: that of --out)")
    network = parser.add_mutually_exclusive_group()
    text = "whose network listens: name or .onnx file (default: the bundled one)"
    network.add_argument("--parent", metavar="MODEL", help=text)
    text = f"a published network listens, once installed: {', '.join(BACKBONES)}"
    network.add_argument("--backbone", choices=BACKBONES, metavar="NAME", help=text)
    text = "replace even a better model at --out"
    parser.add_argument("--replace", action="store_true", help=text)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    def add(
        flag: str, kind: Callable[[str], Any], metavar: str, text: str, **more: Any
    ) -> None:
        parser.add_argument(flag, type=kind, metavar=metavar, help=text, **more)

    text = "the first label of a track, or all: several genres at once (default: first)"
    parser.add_argument("--labels", choices=LABELS, default=LABELS[0], help=text)
    several_times: dict[str, Any] = {"action": "append", "default": []}
    text = "rename a label, or drop it (OLD=); several: OLD=NEW;NEW"
    add("--map", renaming, "OLD=NEW", text, **several_times)
    text = "what a label is to the parent, for comparison (default: the same name)"
    add("--alias", renaming, "LABEL=GENRE", text, **several_times)
    text = "drop labels with fewer (default: %(default)s)"
    add("--min-tracks", positive, "N", text, default=DEFAULTS.min_tracks)
    text = "tracks of an artist within a label (default: any number)"
    add("--max-per-artist", positive, "N", text)
    text = "0: tracks weigh the same, 1: genres (default: %(default)g)"
    add("--genre-balance", share, "X", text, default=DEFAULTS.genre_balance)
    text = "of the cross-validation (default: %(default)s)"
    add("--folds", several, "N", text, default=DEFAULTS.n_folds)
    text = "of the folds (default: %(default)s)"
    add("--seed", natural, "N", text, default=DEFAULTS.seed)


def command_line(options: argparse.Namespace) -> str:
    """Return the command that trains such a model, for its card, without paths."""
    return shlex.join(["genre-model", "train-head", *_words(options)])


def _words(options: argparse.Namespace) -> Iterator[str]:
    yield from ("--data", "DATA", "--out", "OUT")
    is_file = (options.parent or "").lower().endswith(".onnx")
    parent = None if options.backbone else options.parent
    for flag, value, default in (
        ("--backbone", options.backbone, None),
        ("--parent", "PARENT" if parent and is_file else parent, None),
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
    from genre_model.personal.held_out import check_held_out, score_held_out
    from genre_model.personal.labelled_files import read_labelled

    files = read_labelled(options.data, progress.warning)
    test_files = read_labelled(options.test, progress.warning) if options.test else []
    training = _training(options, cache)
    _warn_of_unused(options, files, training.settings, progress)
    _check_places(options)
    if test_files:
        check_held_out(test_files, files, training)
    model = training.run(files, progress)
    print(model.report())
    numbers = model.score | {"notes": model.notes, "leaks": model.leaks}
    _write_numbers(options, numbers)
    _keep(options, model, numbers)
    if test_files:
        # Last, so that held-out tracks choose nothing.
        held_out = score_held_out(test_files, model, training, progress)
        print(f"\n{held_out.report()}")
        numbers["test"] = held_out.numbers()
    _write_numbers(options, numbers)


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
    """Return a function from a label to the genres of the parent that it means."""
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

    mapped = [map_labels(file, settings) for file in files]
    given = {spelling_key(label) for file in files for label in file.labels}
    named = {spelling_key(label) for file in mapped for label in file.labels}
    for flag, renamings, known in (
        ("--map", options.map, given),
        ("--alias", options.alias, named),
    ):
        for label, _ in renamings:
            if spelling_key(label) not in known:
                progress.warning(f"{flag} {label}: no track has that label")


def _check_places(options: argparse.Namespace) -> None:
    """Refuse places that cannot be written to, before hours of decoding."""
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
