"""The ``genreclf:`` section of the beets configuration, checked and typed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import confuse

import genre_model
from beetsplug.genreclf.config import validators as read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from beetsplug.genreclf.config.validators import Reader

#: Advice about names of options that no longer exist.
HINTS = {
    "genreclf.training.method": "a head on the embedding is the only one: remove the line",
    "genreclf.training.epochs": "a head on the embedding has none: remove the line",
}


def option(default: Any, reader: Reader[Any]) -> Any:
    """Return a field for an option; the default is the same in the configuration."""
    if default == {}:
        return field(default_factory=dict, metadata={"reader": reader})
    return field(default=default, metadata={"reader": reader})


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

    force: bool = option(False, read.yes_or_no)
    keep_existing: bool = option(False, read.yes_or_no)
    count: int = option(1, read.whole_number)
    min_confidence: float = option(0.6, read.probability)
    min_margin: float = option(0.0, read.probability)
    fallback: str | None = option(None, read.fallback)
    title_case: bool = option(True, read.yes_or_no)
    label_map: Mapping[str, tuple[str, ...]] = option({}, read.label_map)
    ignore: Mapping[str, frozenset[str]] = option({}, read.ignored_labels)

    def unknown_labels(self, labels: Iterable[str]) -> dict[str, set[str]]:
        """Return the labels that ``label_map`` and ``ignore`` name and a model lacks.

        Args:
            labels: the model's.
        """
        known = set(map(genre_model.spelling_key, labels))
        ignored = set().union(*self.ignore.values())
        unknown = {
            option: {
                label for label in named if genre_model.spelling_key(label) not in known
            }
            for option, named in {"label_map": self.label_map, "ignore": ignored}.items()
        }
        return {option: found for option, found in unknown.items() if found}

    def genres_of(self, label: str) -> tuple[str, ...]:
        """Return the genres that a label of the model is written as."""
        return self._genres_by_key.get(genre_model.spelling_key(label), (label,))

    def for_artists(self, artists: Iterable[str]) -> Policy:
        """Return the policy with the labels that are ignored for any of these artists."""
        keys = {"*", *map(genre_model.spelling_key, artists)}
        ignored = (
            labels
            for artist, labels in self.ignore.items()
            if genre_model.spelling_key(artist) in keys
        )
        return replace(self, ignore={"*": frozenset[str]().union(*ignored)})

    def is_ignored(self, label: str) -> bool:
        """Return True if a label is ignored for all artists."""
        return genre_model.spelling_key(label) in self._ignored_keys

    @cached_property
    def _genres_by_key(self) -> dict[str, tuple[str, ...]]:
        return {
            genre_model.spelling_key(label): genres
            for label, genres in self.label_map.items()
        }

    @cached_property
    def _ignored_keys(self) -> frozenset[str]:
        return frozenset(map(genre_model.spelling_key, self.ignore.get("*", ())))


@dataclass(frozen=True)
class TrainingOptions:
    """The section ``training``; docs/personal-model.md describes each option."""

    label_field: str = option("genres", read.name)
    labels: str = option("first", read.one_of("first", "all"))
    #: Label in lower case -> what it is called instead.
    label_map: Mapping[str, tuple[str, ...]] = option({}, read.label_map)
    min_tracks: int = option(15, read.whole_number)
    #: None is no limit.
    max_per_artist: int | None = option(None, read.optional(read.whole_number))
    genre_balance: float = option(1.0, read.probability)
    folds: int = option(5, partial(read.whole_number, least=2))
    seed: int = option(0, read.natural)
    #: None is the bundled model.
    parent: str | Path | None = option(None, read.optional(read.model))  # noqa: RUF009
    name: str = option("personal", read.normalised_name)


@dataclass(frozen=True)
class Options:
    """All options; docs/plugin.md describes each."""

    policy: Policy
    training: TrainingOptions
    auto: bool = option(True, read.yes_or_no)
    asis: str = option("db", read.one_of("db", "write", "skip"))
    source: str = option("album", read.one_of("track", "album", "both"))
    #: As lastgenre's option of that name.
    aliases: bool | Mapping[str, list[str]] = option(True, read.aliases)
    #: None for the model in force, a name, or a file.
    model: str | Path | None = option(None, read.optional(read.model))  # noqa: RUF009
    #: None is one per core, at most four.
    threads: int | None = option(None, read.optional(read.whole_number))
    safe_write: bool = option(True, read.yes_or_no)
    move: bool = option(False, read.yes_or_no)
    pretend: bool = option(False, read.yes_or_no)
    quiet: bool = option(False, read.yes_or_no)


def _defaults(kind: type[Any]) -> dict[str, Any]:
    typed = kind(Policy(), TrainingOptions()) if kind is Options else kind()
    names = [each.name for each in fields(kind) if each.metadata]
    return {name: getattr(typed, name) for name in names}


#: The default of every option, as in the configuration.
DEFAULTS: dict[str, Any] = {
    **_defaults(Policy),
    **_defaults(Options),
    "training": _defaults(TrainingOptions),
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
    policy = Policy(**_read(view, Policy))
    for label, genres in policy.label_map.items():
        if len(genres) > policy.count:
            raise confuse.ConfigValueError(
                f"{view['label_map'].name}: {label!r} is written as {len(genres)} genres, "
                f"but count is {policy.count}; set count: {len(genres)}"
            )
    training_options = TrainingOptions(**_read(training, TrainingOptions))
    return Options(policy=policy, training=training_options, **_read(view, Options))


def _read(view: confuse.Subview, kind: type[Any]) -> dict[str, Any]:
    options = [each for each in fields(kind) if each.metadata]
    return {each.name: each.metadata["reader"](view[each.name]) for each in options}


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
