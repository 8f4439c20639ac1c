"""The ``genreclf:`` section of the beets configuration, checked and typed."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import confuse

from beetsplug.genreclf.config import validators as read
from beetsplug.genreclf.config.defaults import DEFAULTS
from genre_model import spelling_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from beetsplug.genreclf.config.validators import Reader

#: Advice about names of options that no longer exist.
HINTS = {
    "genreclf.training.method": "a head on the embedding is the only one: remove the line",
    "genreclf.training.epochs": "a head on the embedding has none: remove the line",
}


@dataclass(frozen=True)
class Policy:
    """The options that decide the genres of a track.

    Attributes:
        force: decide again for tracks that have a genre already.
        keep_existing: with ``force``, add to the current genres.
        count: most genres that a track may be given.
        min_confidence: genres that are less probable are not written.
        min_margin: how far the best genre must lead the best label that does not mean it.
        fallback: written where the model is unsure and the track has no genre.
        title_case: write "Hip Hop", as lastgenre does, where the model says "hip hop".
        label_map: label of the model, in lower case -> the genres it is written as.
        ignore: artist in lower case, or ``*`` for all -> labels never written.
    """

    force: bool = False
    keep_existing: bool = False
    count: int = 1
    min_confidence: float = 0.6
    min_margin: float = 0.0
    fallback: str | None = None
    title_case: bool = True
    label_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def unknown_labels(self, labels: Iterable[str]) -> dict[str, set[str]]:
        """Return the labels that ``label_map`` and ``ignore`` name and a model lacks.

        Args:
            labels: the model's.
        """
        known = set(map(spelling_key, labels))
        ignored = set().union(*self.ignore.values())
        unknown = {
            option: {label for label in named if spelling_key(label) not in known}
            for option, named in {"label_map": self.label_map, "ignore": ignored}.items()
        }
        return {option: found for option, found in unknown.items() if found}

    def genres_of(self, label: str) -> tuple[str, ...]:
        """Return the genres that a label of the model is written as."""
        return self._genres_by_key.get(spelling_key(label), (label,))

    def for_artists(self, artists: Iterable[str]) -> Policy:
        """Return the policy with the labels that are ignored for any of these artists."""
        keys = {"*", *map(spelling_key, artists)}
        ignored = (
            labels for artist, labels in self.ignore.items() if spelling_key(artist) in keys
        )
        return replace(self, ignore={"*": frozenset[str]().union(*ignored)})

    def is_ignored(self, label: str) -> bool:
        """Return True if a label is ignored for all artists."""
        return spelling_key(label) in self._ignored_keys

    @cached_property
    def _genres_by_key(self) -> dict[str, tuple[str, ...]]:
        return {spelling_key(label): genres for label, genres in self.label_map.items()}

    @cached_property
    def _ignored_keys(self) -> frozenset[str]:
        return frozenset(map(spelling_key, self.ignore.get("*", ())))


@dataclass(frozen=True)
class TrainingOptions:
    """The section ``training``: the options of a model of the user's own.

    Attributes:
        label_field: where labels are: ``genres``, or a flexible field.
        labels: ``first`` or ``all`` labels of a track.
        label_map: label in lower case -> what it is called instead.
        min_tracks: labels with fewer tracks are dropped.
        max_per_artist: tracks of one artist within a label; None is no limit.
        genre_balance: 0 gives each track the same weight, 1 each label.
        folds: of the cross-validation.
        seed: of the folds.
        parent: the model whose network is built upon; None is the bundled one.
        name: of the new model.
    """

    label_field: str
    labels: str
    label_map: Mapping[str, tuple[str, ...]]
    min_tracks: int
    max_per_artist: int | None
    genre_balance: float
    folds: int
    seed: int
    parent: str | Path | None
    name: str


@dataclass(frozen=True)
class Options:
    """All options.

    Attributes:
        auto: tag tracks during an import.
        asis: what to do with tracks that are imported as they are.
        source: whether a track, its album, or first the one and then the other decides.
        policy: the options that decide the genres.
        aliases: other names of genres; as lastgenre's option of that name.
        model: None for the one in force, the name of a model, or a model file.
        threads: tracks predicted at a time; None is one per core, at most four.
        safe_write: write genres into copies of files, which then take their place.
        move: move files whose path depends on the genre.
        pretend: show the decisions, store and write nothing.
        quiet: do not print a line for each track, nor the summary.
        training: the options of a model of the user's own.
    """

    auto: bool
    asis: str
    source: str
    policy: Policy
    aliases: bool | Mapping[str, list[str]]
    model: str | Path | None
    threads: int | None
    safe_write: bool
    move: bool
    pretend: bool
    quiet: bool
    training: TrainingOptions


POLICY: dict[str, Reader[Any]] = {
    "force": read.yes_or_no,
    "keep_existing": read.yes_or_no,
    "count": read.whole_number,
    "min_confidence": read.probability,
    "min_margin": read.probability,
    "fallback": read.fallback,
    "title_case": read.yes_or_no,
    "label_map": read.label_map,
    "ignore": read.ignored_labels,
}
TRAINING: dict[str, Reader[Any]] = {
    "label_field": read.name,
    "labels": read.one_of("first", "all"),
    "label_map": read.label_map,
    "min_tracks": read.whole_number,
    "max_per_artist": read.optional(read.whole_number),
    "genre_balance": read.probability,
    "folds": partial(read.whole_number, least=2),
    "seed": read.natural,
    "parent": read.optional(read.model),
    # File systems spell accents in two ways; a name has one.
    "name": lambda view: unicodedata.normalize("NFC", read.name(view)),
}
OTHERS: dict[str, Reader[Any]] = {
    "auto": read.yes_or_no,
    "asis": read.one_of("db", "write", "skip"),
    "source": read.one_of("track", "album", "both"),
    "aliases": read.aliases,
    "model": read.optional(read.model),
    "threads": read.optional(read.whole_number),
    "safe_write": read.yes_or_no,
    "move": read.yes_or_no,
    "pretend": read.yes_or_no,
    "quiet": read.yes_or_no,
}


def read_options(view: confuse.Subview) -> Options:
    """Check the whole section at once, before any track is touched.

    Args:
        view: the ``genreclf`` section, with the flags of a command on top.

    Raises:
        confuse.ConfigError: naming the option; beets prints it in one line.
    """
    training = view["training"]
    for section, _source in view.resolve():
        _check_names(view, section, DEFAULTS)
        inner = section.get("training") if isinstance(section, dict) else None
        _check_names(training, inner, DEFAULTS["training"])
    if training.get() is None:  # every line of it is commented out
        training.set(DEFAULTS["training"])
    policy = Policy(**_read(view, POLICY))
    for label, genres in policy.label_map.items():
        if len(genres) > policy.count:
            raise confuse.ConfigValueError(
                f"{view['label_map'].name}: {label!r} is written as {len(genres)} genres, "
                f"but count is {policy.count}; set count: {len(genres)}"
            )
    training_options = TrainingOptions(**_read(training, TRAINING))
    return Options(policy=policy, training=training_options, **_read(view, OTHERS))


def _read(view: confuse.Subview, readers: Mapping[str, Reader[Any]]) -> dict[str, Any]:
    return {name: reader(view[name]) for name, reader in readers.items()}


def _check_names(view: confuse.Subview, section: Any, known: Mapping[str, Any]) -> None:
    # None: every line of it is commented out.
    if section is not None and not isinstance(section, dict):
        raise confuse.ConfigTypeError(f"{view.name}: must be a mapping of options")
    for name in map(str, section or ()):
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            there = HINTS.get(f"{view.name}.{name}", f"there is {', '.join(sorted(known))}")
            hint = f"did you mean {close[0]}?" if close else there
            raise confuse.ConfigValueError(f"{view.name}: no option {name!r}; {hint}")
