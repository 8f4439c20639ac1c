"""The ``genreclf:`` section of the beets configuration, checked and typed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import confuse

from beetsplug.genreclf.config import validators as values
from beetsplug.genreclf.config.defaults import DEFAULTS
from beetsplug.genreclf.config.training_options import (
    TrainingOptions,
    read_training_options,
)
from genre_model import spelling_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SOURCES = ("track", "album", "both")
ASIS = ("db", "write", "skip")
#: What to do about names that are no options, and like none.
HINTS = {
    "genreclf.training.method": "a head on the embedding is the only one: remove the line",
    "genreclf.training.epochs": "a head on the embedding has none: remove the line",
}


@dataclass(frozen=True)
class Policy:
    """What decides the genres of a track.

    Attributes:
        force: decide again for tracks that have a genre already.
        keep_existing: with ``force``, add to the genres that stand there.
        count: most genres that a track may be given.
        min_confidence: genres that are less probable are not written.
        min_margin: how far the best genre must lead the best label that does not mean it.
        fallback: written where the model is not sure and nothing stands.
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
        """Return what is named in ``label_map`` and ``ignore``, but unknown to a model.

        Args:
            labels: the model's.
        """
        known = set(map(spelling_key, labels))
        named = {
            "label_map": set(self.label_map),
            "ignore": set().union(*self.ignore.values()),
        }
        unknown = {
            option: {label for label in found if spelling_key(label) not in known}
            for option, found in named.items()
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
        """Return whether a label is ignored for all artists."""
        return spelling_key(label) in self._ignored_keys

    @cached_property
    def _genres_by_key(self) -> dict[str, tuple[str, ...]]:
        return {spelling_key(label): genres for label, genres in self.label_map.items()}

    @cached_property
    def _ignored_keys(self) -> frozenset[str]:
        return frozenset(map(spelling_key, self.ignore.get("*", ())))


@dataclass(frozen=True)
class Options:
    """What a user can choose.

    Attributes:
        auto: tag tracks during an import.
        asis: what to do with tracks that are imported as they are.
        source: whether a track, its album, or first the one and then the other decides.
        policy: what decides the genres.
        aliases: names that people give genres; as lastgenre's option of that name.
        model: None for the one in force, the name of a model, or a model file.
        threads: tracks listened to at a time; None is one per core, at most four.
        safe_write: write genres into copies of files, which then take their place.
        move: move files whose path depends on the genre.
        pretend: show the decisions, store and write nothing.
        quiet: do not print a line for each track, nor the summary.
        training: what a model of the user's own is trained on, and how.
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


def read_options(view: confuse.Subview) -> Options:
    """Check the whole section at once, before any track is touched.

    Args:
        view: the ``genreclf`` section, the flags of a command laid over it.

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
    return Options(
        auto=values.yes_or_no(view["auto"]),
        asis=values.one_of(view["asis"], ASIS),
        source=values.one_of(view["source"], SOURCES),
        policy=_read_policy(view),
        aliases=values.aliases(view["aliases"]),
        model=values.model(view["model"]),
        threads=values.positive_int_or_none(view["threads"]),
        safe_write=values.yes_or_no(view["safe_write"]),
        move=values.yes_or_no(view["move"]),
        pretend=values.yes_or_no(view["pretend"]),
        quiet=values.yes_or_no(view["quiet"]),
        training=read_training_options(training),
    )


def _read_policy(view: confuse.Subview) -> Policy:
    policy = Policy(
        force=values.yes_or_no(view["force"]),
        keep_existing=values.yes_or_no(view["keep_existing"]),
        count=values.positive_int(view["count"]),
        min_confidence=values.probability(view["min_confidence"]),
        min_margin=values.probability(view["min_margin"]),
        fallback=values.fallback(view["fallback"]),
        title_case=values.yes_or_no(view["title_case"]),
        label_map=values.label_map(view["label_map"]),
        ignore=values.ignored_labels(view["ignore"]),
    )
    for label, genres in policy.label_map.items():
        if len(genres) > policy.count:
            raise confuse.ConfigValueError(
                f"{view['label_map'].name}: {label!r} is written as {len(genres)} genres, "
                f"but count is {policy.count}; set count: {len(genres)}"
            )
    return policy


def _check_names(view: confuse.Subview, section: Any, known: Mapping[str, Any]) -> None:
    # None: every line of it is commented out.
    if section is not None and not isinstance(section, dict):
        raise confuse.ConfigTypeError(f"{view.name}: must be a mapping of options")
    for name in section or ():
        _check_name(view, str(name), known)


def _check_name(view: confuse.Subview, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        there = HINTS.get(f"{view.name}.{name}", f"there is {_listed(known)}")
        hint = f"did you mean {close[0]}?" if close else there
        raise confuse.ConfigValueError(f"{view.name}: no option {name!r}; {hint}")


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
