"""``genre-model quantise``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_model.commands.folders_of_runs import check_out_elsewhere, do_each
from genre_model.errors import TrainingDataError
from genre_model.model_file import read_model, write_model
from genre_model.model_source import read_network
from genre_model.segments import segments_from_mel_frames
from genre_model.training.gtzan import find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.protocols import track_of
from genre_model.training.publish import measured_card
from genre_model.training.quantise import difference_of, quantised

if TYPE_CHECKING:
    import argparse

    from genre_model.card import Card
    from genre_model.segments import Segments
    from genre_model.training.gtzan import LabelledTrack

#: Training tracks that decide about scales; as many others say what became of it.
N_CALIBRATION_TRACKS = 100
#: Of the new model, unless somebody gives another name.
SUFFIX = "_int8"


def quantise(options: argparse.Namespace) -> int:
    """Write smaller, faster models, and print how far their answers moved."""
    folder = Path(options.model)
    if folder.is_dir():
        return _quantise_runs(folder, options)
    if options.out.suffix != ".onnx":
        raise TrainingDataError(f"--out {options.out}: the name has to end in .onnx")
    _quantise_file(options.model, options.out, options)
    return 0


def _quantise_runs(folder: Path, options: argparse.Namespace) -> int:
    """Write the model of each run to the same place below another folder."""
    if options.report:
        raise TrainingDataError("--report is for a single model, not for a folder of runs")
    check_out_elsewhere(options.out, folder)
    models = sorted(folder.rglob("model.onnx"))
    if not models:
        raise TrainingDataError(f"{folder} holds no complete training (model.onnx)")

    def quantise_run(model: Path) -> None:
        out = options.out / model.relative_to(folder)
        out.parent.mkdir(parents=True, exist_ok=True)
        _quantise_file(str(model), out, options)

    return do_each(models, quantise_run)


def _quantise_file(model: str, out: Path, options: argparse.Namespace) -> None:
    if out.resolve() == Path(model).resolve():
        raise TrainingDataError(f"--out {out} is the model itself: choose another name")
    card = read_model(model).card
    before = read_network(model)
    if "int8" in card.training:
        raise TrainingDataError(f"{model} computes with 8-bit integers already")
    if "fused" in card.training:
        raise TrainingDataError(f"{model} is fused: quantise what it is made of, then fuse")
    tracks = _training_tracks(options, card)
    calibration, others = tracks[::2], tracks[1::2]
    after = quantised(before, calibration)
    found = difference_of(before, after, others)
    training = card.training | {
        "int8": {
            "n_calibration_tracks": len(calibration),
            "n_compared_tracks": found.n_tracks,
            "mean_difference": round(found.mean, 5),
            "largest_difference": round(found.largest, 4),
            "n_other_genre": found.n_other_genre,
        }
    }
    name = options.name or f"{card.name}{SUFFIX}"
    # What was measured of the other network says nothing certain about this one.
    new = replace(card, name=name, training=training, metrics={})
    if options.report:
        new = measured_card(new, options.report)
    write_model(out, after, new)
    print(
        f"{out}: {out.stat().st_size:,} bytes in place of {len(before):,}\n"
        f"Probabilities of {found.n_tracks} other training tracks moved by "
        f"{found.mean:.4f} on average, {found.largest:.3f} at most; {found.n_other_genre} "
        "have another most probable genre. Of training tracks it is sure: evaluate it on "
        "others."
    )


def evenly(tracks: list[LabelledTrack], n: int) -> list[LabelledTrack]:
    """Choose so many, from the first to the last: sorted by genre, all genres are there."""
    places = np.linspace(0, len(tracks) - 1, min(n, len(tracks))).round().astype(int)
    return [tracks[place] for place in places]


def _training_tracks(options: argparse.Namespace, card: Card) -> list[Segments]:
    """Load evenly chosen tracks that the model was trained on."""
    trained_on = set(map(track_of, card.training.get("track_ids", ())))
    tracks = [
        track
        for track in find_tracks(options.data, options.source)
        if track.track_id in trained_on
    ]
    if len(tracks) < 2:
        raise TrainingDataError(
            f"{options.data} holds {len(tracks)} of the {len(trained_on)} tracks that "
            f"{card.name} was trained on; two are needed, and a hundred should be there"
        )
    data = load_labelled_mel_frames(
        evenly(tracks, 2 * N_CALIBRATION_TRACKS), card.front_end
    )
    config = card.front_end.segment
    return [segments_from_mel_frames(frames, config) for frames in data.mel_frames]
