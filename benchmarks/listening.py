"""How much of a track is worth hearing: accuracy on validation tracks against the cost.

    genre-model train gtzan_crnn --data GTZAN --out RUNS --protocol fault-filtered --seeds 4
    python benchmarks/listening.py RUNS --data GTZAN [--songs FOLDER] [--into PAGE.md]

Clips of GTZAN last 30 s, of which three segments hear everything; what more segments of a
whole song are worth cannot be told from them, only what fewer cost. For each number of
segments and each way to place them: seconds heard, accuracy and log-likelihood loss of
validation tracks (mean of all seeds; the temperature is fitted on the other half of the
tracks), and the paired difference to the recipe's own number, in tracks per hundred with a
95 % interval. The processor time of a track is of four-minute files, by number of segments.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from marked_table import put_into
from song_files import make_files
from threadpoolctl import threadpool_limits

from genre_model import GenreClassifier, metrics
from genre_model.model_file import read_model
from genre_model.segments import Segments, segments_from_mel_frames
from genre_model.training.gtzan import find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.protocols import folds_of
from genre_model.training.track_scores import fit_temperature, track_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.config import FrontEnd, SegmentConfig
    from genre_model.model_file import Model
    from genre_model.training.labelled_mel_frames import LabelledMelFrames

NUMBERS = (1, 2, 3, 5, 7)
# One in the middle is "spread" already, and three hear everything.
PLACEMENTS_OF = {
    1: ("spread", "from the start"),
    2: ("spread", "from the start", "around the middle"),
}
N_DRAWS = 2000
N_TIMES = 3


@dataclass(frozen=True)
class Scores:
    """What one way to listen gives.

    Attributes:
        right: share of seeds that have a track right [shape=(n_tracks,)].
        loss: negative log-likelihood.
    """

    right: NDArray[np.float64]
    loss: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=Path, help="music to time (default: composed)")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    classifiers = [
        GenreClassifier.load(path)
        for path in sorted(options.runs.glob("fault-filtered/*/seed-*/model.onnx"))
    ]
    if not classifiers:
        raise SystemExit(f"{options.runs} holds no fault-filtered/fold-1/seed-0/model.onnx")
    front_end = classifiers[0].card.front_end
    (fold,) = folds_of("fault-filtered")
    found = find_tracks(options.data)
    tracks = load_labelled_mel_frames(
        [track for track in found if track.track_id in set(fold.valid)], front_end
    )
    costs = cpu_ms_by_number(options.songs)
    text = report(classifiers, tracks, front_end, costs)
    print(text)
    if options.into:
        put_into(options.into, "listening", text)


def report(
    classifiers: list[GenreClassifier],
    tracks: LabelledMelFrames,
    front_end: FrontEnd,
    costs: dict[int, float],
) -> str:
    """Score every way to listen, and lay it out."""
    own = scores_of(classifiers, tracks, front_end.segment, "spread")
    heading = (
        f"{len(tracks.labels)} validation tracks, {len(classifiers)} seeds; differences to "
        f"{front_end.segment.n_segments} segments, spread"
    )
    lines = [
        heading,
        "",
        "| segments | where | seconds of 30 | accuracy | loss | difference | CPU ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for number in NUMBERS:
        config = replace(front_end.segment, n_segments=number)
        for placement in PLACEMENTS_OF.get(number, ("spread",)):
            scores = scores_of(classifiers, tracks, config, placement)
            line = line_of(number, placement, scores, own, front_end)
            lines.append(f"{line} {costs[number]:.0f} |")
    return "\n".join([*lines, ""])


def line_of(
    number: int, placement: str, scores: Scores, own: Scores, front_end: FrontEnd
) -> str:
    """Write one line of the table, without the cost."""
    seconds = front_end.segment.segment_frames / front_end.frames_per_second
    gained = 100 * (scores.right - own.right)
    accuracy = f"{100 * scores.right.mean():.1f} %"
    draws = np.random.default_rng(0).choice(gained, (N_DRAWS, len(gained))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return (
        f"| {number} | {placement} | {min(30.0, number * seconds):.1f} | "
        f"{accuracy} | {scores.loss:.3f} | "
        f"{gained.mean():+.1f} ({low:+.1f} to {high:+.1f}) |"
    )


def scores_of(
    classifiers: list[GenreClassifier],
    tracks: LabelledMelFrames,
    config: SegmentConfig,
    placement: str,
) -> Scores:
    """Score validation tracks with every seed."""
    cut = [placed(frames, config, placement) for frames in tracks.mel_frames]
    right, losses = [], []
    for classifier in classifiers:
        logits = [classifier.score_segments(one).logits for one in cut]
        probabilities = track_probabilities(logits, 1.0)
        right.append(probabilities.argmax(axis=1) == tracks.labels)
        losses.append(loss_of(logits, tracks.labels))
    return Scores(np.mean(right, axis=0), float(np.mean(losses)))


def loss_of(logits: list[NDArray[np.float32]], labels: NDArray[np.int64]) -> float:
    """Score each half of the tracks at the temperature that fits the other half."""
    losses = []
    for half in (0, 1):
        temperature = fit_temperature(logits[half::2], labels[half::2])
        others = track_probabilities(logits[1 - half :: 2], temperature)
        losses.append(metrics.negative_log_likelihood(others, labels[1 - half :: 2]))
    return float(np.mean(losses))


def placed(
    mel_frames: NDArray[np.float32], config: SegmentConfig, placement: str
) -> Segments:
    """Cut segments of a clip: spread evenly, or end to end from somewhere on."""
    length = config.n_segments * config.segment_frames
    spare = mel_frames.shape[1] - length
    if placement == "spread" or spare < 0:
        return segments_from_mel_frames(mel_frames, config)
    first = 0 if placement == "from the start" else spare // 2
    return segments_from_mel_frames(mel_frames[:, first : first + length], config)


def cpu_ms_by_number(songs: Path | None) -> dict[int, float]:
    """Measure the processor time of a four-minute file, the median of all formats."""
    model = read_model()
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder), songs, 1)
        return {number: median_cpu_ms(model, number, files) for number in NUMBERS}


def median_cpu_ms(model: Model, number: int, files: list[Path]) -> float:
    """Hear each file several times, the first time to warm up."""
    front_end = model.card.front_end
    segment = replace(front_end.segment, n_segments=number)
    card = replace(model.card, front_end=replace(front_end, segment=segment))
    classifier = GenreClassifier(replace(model, card=card))
    taken = []
    with threadpool_limits(limits=1, user_api="blas"):
        for path in files:
            classifier.predict_file(path)
            for _ in range(N_TIMES):
                start = time.process_time()
                classifier.predict_file(path)
                taken.append(1000 * (time.process_time() - start))
    return float(np.median(taken))


if __name__ == "__main__":
    main()
