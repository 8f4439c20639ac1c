"""``genre-model fuse``."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.commands.folders_of_runs import check_out_elsewhere, do_each
from genre_model.errors import TrainingDataError
from genre_model.model_file import model_from_bytes, read_model, with_card
from genre_model.segments import segments_from_mel_frames
from genre_model.training.fusion import fused_card, fused_network
from genre_model.training.gtzan import find_tracks
from genre_model.training.known_music_fit import fit_known_music
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.protocols import folds_of, folds_without
from genre_model.training.track_scores import fit_temperature

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from genre_model.card import Card
    from genre_model.config import FrontEnd
    from genre_model.known_music import KnownMusic
    from genre_model.model_file import Model
    from genre_model.training.gtzan import Source
    from genre_model.training.labelled_mel_frames import LabelledMelFrames


def fuse(options: argparse.Namespace) -> int:
    """Join each run of one folder with the run at the same place in the other."""
    first, second = options.runs
    for folder in (first, second):
        check_out_elsewhere(options.out, folder)

    def fuse_at(place: Path) -> None:
        _fuse(first / place, second / place, options.out / place, options)

    return do_each(_common_places(first, second), fuse_at)


def _common_places(first: Path, second: Path) -> list[Path]:
    """Return where both have a model, and say what stays out."""
    places, others = (
        {path.relative_to(folder) for path in folder.rglob("model.onnx")}
        for folder in (first, second)
    )
    if not places & others:
        raise TrainingDataError(
            f"no complete training (model.onnx) lies at the same place in {first} and in "
            f"{second}"
        )
    for folder, alone in ((first, places - others), (second, others - places)):
        if alone:
            print(
                f"genre-model: {len(alone)} runs of {folder} have no counterpart and are "
                f"left out, such as {min(alone).parent}",
                file=sys.stderr,
            )
    return sorted(places & others)


def _fuse(first: Path, second: Path, out: Path, options: argparse.Namespace) -> None:
    models = [read_model(path) for path in (first, second)]
    try:
        card = fused_card(models, options.share)
        network = fused_network(models, options.share)
    except TrainingDataError as error:
        raise TrainingDataError(f"{first} and {second}: {error}") from error
    fused = model_from_bytes(with_card(network, card))
    known_music = _known_music(
        options.data, options.source, frozenset(card.training["track_ids"]), card.front_end
    )
    temperature = _temperature(fused, options)
    card = replace(card, temperature=temperature, known_music=known_music)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, with_card(network, card))
    print(f"{out}: {out.stat().st_size:,} bytes, temperature {card.temperature:.2f}")


def _temperature(fused: Model, options: argparse.Namespace) -> float:
    """Fit it on the validation tracks of the fold; without any, there is none."""
    valid_ids = _valid_ids(fused.card)
    if not valid_ids:
        return 1.0
    front_end = fused.card.front_end
    valid = _mel_frames(options.data, options.source, valid_ids, front_end)
    valid = valid.only_genres(fused.card.genres)
    segments = (
        segments_from_mel_frames(one, front_end.segment) for one in valid.mel_frames
    )
    logits = [fused.scorer.score(one).logits for one in segments]
    return fit_temperature(logits, valid.labels)


def _valid_ids(card: Card) -> frozenset[str]:
    protocol, name = card.training.get("protocol"), card.training.get("fold")
    folds = folds_of(protocol) if protocol else []
    folds = folds_without(frozenset(card.training.get("left_out", ())), folds)
    return frozenset(id_ for fold in folds if fold.name == name for id_ in fold.valid)


@lru_cache(maxsize=1)
def _known_music(
    data: Path, source: Source, ids: frozenset[str], front_end: FrontEnd
) -> KnownMusic:
    """Fit it to the tracks of the training; the runs of a fold have the same."""
    tracks = _mel_frames(data, source, ids, front_end)
    if (n_tracks := len(tracks.track_ids)) < len(ids):
        raise TrainingDataError(
            f"{data} holds {n_tracks} of the {len(ids)} tracks that the runs were trained "
            f"on (--source {source}): all are needed, to know music like theirs"
        )
    return fit_known_music(tracks, front_end.segment)


@lru_cache(maxsize=2)
def _mel_frames(
    data: Path, source: Source, ids: frozenset[str], front_end: FrontEnd
) -> LabelledMelFrames:
    """Load tracks; the runs of a fold hear the same."""
    tracks = [track for track in find_tracks(data, source) if track.track_id in ids]
    if not tracks:
        raise TrainingDataError(
            f"{data} holds none of the {len(ids)} tracks of the training or the validation"
        )
    return load_labelled_mel_frames(tracks, front_end)
