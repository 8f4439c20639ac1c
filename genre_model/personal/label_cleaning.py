"""Unifies the labels of tracks, and leaves out those that cannot be learned."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.label_spelling import spelling_key
from genre_model.model.card_text import printable
from genre_model.personal.grouping import group_tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import PersonalSettings

#: With fewer groups, a genre cannot be told from its artist.
MIN_GROUPS = 2
#: A model needs something to choose from.
MIN_LABELS = 2
#: Labels that one line of the report names.
N_NAMED = 8


@dataclass(frozen=True)
class CleanFiles:
    """Tracks with clean labels.

    Attributes:
        files: in the order in which they came.
        labels: all of them, the most frequent first.
        left_out: tracks of which every label is left out, with these labels.
        notes: what was merged and dropped, and why; one line each.
    """

    files: tuple[LabelledFile, ...]
    labels: tuple[str, ...]
    left_out: tuple[LabelledFile, ...]
    notes: tuple[str, ...]


def clean_files(
    files: Sequence[LabelledFile],
    settings: PersonalSettings,
    canonical: Callable[[str], str] = lambda label: label,
) -> CleanFiles:
    """Unify the spelling of labels; drop those that cannot be learned or scored.

    Args:
        files: as the user labelled them.
        settings: what the user chose.
        canonical: another name that a label is known by. Labels are merged if one is
            known by the name of the other, or both by the same.

    Returns:
        At least two labels, each with enough tracks of at least two artists.

    Raises:
        TrainingDataError: if fewer labels are left; the message says why.
    """
    notes: list[str] = []
    mapped = [map_labels(file, settings) for file in files]
    named = _with_one_spelling([f for f in mapped if f.labels], canonical, notes)
    if n_lost := len(files) - len(named):
        notes.append(f"{n_lost} tracks have no label, or one that is mapped to nothing")
    if not settings.multi_label:
        named = [replace(file, labels=file.labels[:1]) for file in named]
    named = _capped(named, settings, notes)
    kept = _without_rare(named, settings, notes)
    counts = Counter(label for file in kept for label in file.labels)
    labels = tuple(sorted(counts, key=lambda label: (-counts[label], label)))
    if len(labels) < MIN_LABELS:
        raise TrainingDataError(_too_few(labels, notes))
    trained = {file.key for file in kept}
    left_out = tuple(file for file in named if file.key not in trained)
    return CleanFiles(tuple(kept), labels, left_out, tuple(notes))


def map_labels(file: LabelledFile, settings: PersonalSettings) -> LabelledFile:
    """Rename the labels of a track as the user's map says."""
    # A model file takes no label that would spoil a terminal.
    labels = filter(None, map(printable, file.labels))
    renamed = {spelling_key(old): new for old, new in settings.label_map.items()}
    return replace(
        file,
        labels=tuple(
            new for label in labels for new in renamed.get(spelling_key(label), (label,))
        ),
    )


def _with_one_spelling(
    files: list[LabelledFile], canonical: Callable[[str], str], notes: list[str]
) -> list[LabelledFile]:
    counts = Counter(label for file in files for label in file.labels)
    chosen = _chosen_spellings(counts, canonical)
    merged: defaultdict[str, list[str]] = defaultdict(list)
    for label in sorted(counts):
        if chosen[label] != label:
            merged[chosen[label]].append(label)
    notes += [f"{', '.join(others)} counted as {label}" for label, others in merged.items()]
    return [
        # dict.fromkeys: "Hip Hop; Hip-Hop" is one label.
        replace(file, labels=tuple(dict.fromkeys(chosen[label] for label in file.labels)))
        for file in files
    ]


def _chosen_spellings(
    counts: Counter[str], canonical: Callable[[str], str]
) -> dict[str, str]:
    """Map each label to the most frequent one of the same meaning."""
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for label in counts:
        by_key[spelling_key(canonical(label))].append(label)
    return {
        label: max(labels, key=lambda each: (counts[each], each))
        for labels in by_key.values()
        for label in labels
    }


def _capped(
    files: list[LabelledFile], settings: PersonalSettings, notes: list[str]
) -> list[LabelledFile]:
    """Keep the first tracks of each artist within a label."""
    if settings.max_per_artist is None:
        return files
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for file in files:
        places = [(label, spelling_key(file.artist)) for label in file.labels]
        if not file.artist or all(seen[p] < settings.max_per_artist for p in places):
            seen.update(places)
            kept.append(file)
    if n_lost := len(files) - len(kept):
        limit = settings.max_per_artist
        notes.append(f"{n_lost} tracks left out: more than {limit} by an artist in a label")
    return kept


def _without_rare(
    files: list[LabelledFile], settings: PersonalSettings, notes: list[str]
) -> list[LabelledFile]:
    """Drop labels until each that is left has enough tracks and artists."""
    while True:
        rare = dict(_rare_labels(files, settings))
        if not rare:
            return files
        counts = Counter(label for file in files for label in file.labels)
        for reason in sorted(set(rare.values())):
            labels = sorted(label for label, why in rare.items() if why == reason)
            notes.append(
                f"left out, {reason}: {first_of([(n, counts[n]) for n in labels])}"
            )
        files = [
            replace(file, labels=tuple(label for label in file.labels if label not in rare))
            for file in files
        ]
        files = [file for file in files if file.labels]


def _rare_labels(
    files: list[LabelledFile], settings: PersonalSettings
) -> Iterator[tuple[str, str]]:
    counts = Counter(label for file in files for label in file.labels)
    groups = group_tracks(files)
    groups_of: defaultdict[str, set[int]] = defaultdict(set)
    for file, group in zip(files, groups, strict=True):
        for label in file.labels:
            groups_of[label].add(int(group))
    for label, count in counts.items():
        if count < settings.min_tracks:
            yield label, f"fewer than {settings.min_tracks} tracks"
        elif len(groups_of[label]) < MIN_GROUPS:
            yield label, "all tracks by one artist, which no score could tell from a genre"


def first_of(counts: Sequence[tuple[str, int]]) -> str:
    """Name the first labels and their numbers of tracks, and how many more there are."""
    named = [f"{label} {count}" for label, count in counts[:N_NAMED]]
    more = [f"and {len(counts) - N_NAMED} more"] if len(counts) > N_NAMED else []
    return ", ".join([*named, *more])


def _too_few(labels: Sequence[str], notes: Sequence[str]) -> str:
    left = f"only {labels[0]} is" if labels else "no label is"
    return (
        f"{left} left, and a model needs two to choose from; "
        + ("; ".join(notes) or f"no track has {'another' if labels else 'a'} label")
        + ". Label more tracks, or lower the minimum of tracks per label"
    )
