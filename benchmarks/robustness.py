"""Whether a genre survives what does not change it (Sturm 2014): clips, altered a little.

    python benchmarks/robustness.py GTZAN MODEL.onnx [MODEL.onnx ...] [--into PAGE.md]

    python benchmarks/robustness.py GTZAN RUNS/rotation/*/*/model.onnx

Each model scores the real clips that it was not trained on, as they are and altered: in
level, bass, tempo, pitch, channels, by MP3, and by which part of the clip is heard. What
counts is how much fewer are right, and how many have another genre. Needs ``tests/`` beside
it, for its encoders, and ``beets-genreclf[train]``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np
from marked_table import put_into
from scipy.signal import butter, sosfilt

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import write_audio

from genre_model.audio.waveform import AudioFile
from genre_model.classifier import GenreClassifier
from genre_model.features.config import WaveformConfig
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.significance import bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.training.data.gtzan import LabelledTrack

    Samples = NDArray[np.float32]

RATE_HZ = 22050
HIGH_PASS_HZ = 30.0
SHARE = 0.05
SEMITONES = 12 * np.log2(1 + SHARE)


@dataclass(frozen=True)
class Alteration:
    """What is done to the samples, and how they are written.

    Attributes:
        name: for the table.
        alter: of mono samples [shape=(n_samples,)] or stereo [shape=(2, n_samples)].
        suffix: of the file.
        codec: of the file.
        bit_rate: of the file, if it is lossy.
    """

    name: str
    alter: Callable[[Samples], Samples] = lambda samples: samples
    suffix: str = ".wav"
    codec: str = "pcm_s16le"
    bit_rate: int | None = None


def louder(samples: Samples, decibels: float) -> Samples:
    """Change the level; what does not fit is clipped, as a player would."""
    gain = np.float32(10 ** (decibels / 20))
    return np.asarray(np.clip(samples * gain, -1, 1), np.float32)


def high_passed(samples: Samples) -> Samples:
    """Take away what lies below 30 Hz."""
    filtered = sosfilt(butter(4, HIGH_PASS_HZ, "high", fs=RATE_HZ, output="sos"), samples)
    return np.asarray(filtered, np.float32)


def part(samples: Samples, start: float, share: float = 0.5) -> Samples:
    """Take a part of the clip."""
    first = round(start * len(samples))
    return samples[first : first + round(share * len(samples))]


def stereo(samples: Samples) -> Samples:
    """Make two channels, one of them a third as loud."""
    return np.stack([samples, samples / 3])


ALTERATIONS = (
    Alteration("none"),
    Alteration("-6 dB", partial(louder, decibels=-6)),
    Alteration("+6 dB", partial(louder, decibels=6)),
    Alteration("high-pass at 30 Hz", high_passed),
    Alteration("MP3, 128 kb/s", suffix=".mp3", codec="libmp3lame", bit_rate=128_000),
    Alteration("MP3, 64 kb/s", suffix=".mp3", codec="libmp3lame", bit_rate=64_000),
    Alteration(
        "5 % faster", lambda samples: librosa.effects.time_stretch(samples, rate=1 + SHARE)
    ),
    Alteration(
        "5 % slower", lambda samples: librosa.effects.time_stretch(samples, rate=1 - SHARE)
    ),
    Alteration(
        "5 % higher",
        lambda x: librosa.effects.pitch_shift(x, sr=RATE_HZ, n_steps=float(SEMITONES)),
    ),
    Alteration(
        "5 % lower",
        lambda x: librosa.effects.pitch_shift(x, sr=RATE_HZ, n_steps=-float(SEMITONES)),
    ),
    Alteration("two channels", stereo),
    Alteration("the first half", partial(part, start=0.0)),
    Alteration("the middle half", partial(part, start=0.25)),
)


def main() -> None:
    """Print a line for each alteration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    # Others are broken, or other copies of what a model was trained on.
    sound = set(folds_of("all")[0].train)
    tracks = [one for one in find_tracks(options.data, "audio") if one.track_id in sound]
    models = [GenreClassifier.load(model) for model in options.models]
    counts = np.array([unheard(model, tracks).sum() for model in models])
    if not counts.all():
        raise SystemExit("a model was trained on all of the clips")
    names = ", ".join(model.model_id for model in models)
    lines = [
        f"{names}; clips that each was not trained on: {', '.join(map(str, counts))}",
        "",
        "| altered by | right | fewer, points (95 %) | another genre |",
        "|---|---|---|---|",
        *rows(models, tracks),
    ]
    print("\n".join(lines))
    if options.into:
        put_into(options.into, "robustness", "\n".join(lines))


def unheard(model: GenreClassifier, tracks: Sequence[LabelledTrack]) -> NDArray[np.bool_]:
    """Say which clips a model was not trained on."""
    if "track_ids" not in model.card.training:
        raise SystemExit(f"{model.model_id} does not say which tracks it was trained on")
    heard = set(model.card.training["track_ids"])
    return np.array([track.track_id not in heard for track in tracks])


def rows(
    models: Sequence[GenreClassifier], tracks: Sequence[LabelledTrack]
) -> Iterator[str]:
    """Yield a row of the table for each alteration."""
    scored = np.array([unheard(model, tracks) for model in models])
    truth = np.array([track.genre for track in tracks])
    plain: NDArray[np.str_] | None = None
    for alteration in ALTERATIONS:
        said = genres_of(models, tracks, scored, alteration)
        plain = said if plain is None else plain
        right = share_of_models(said == truth, scored)
        fewer = share_of_models(plain == truth, scored) - right
        moved = share_of_models(said != plain, scored)
        low, high = bootstrap_interval(fewer)
        yield (
            f"| {alteration.name} | {100 * right.mean():.1f} % | {100 * fewer.mean():+.1f} "
            f"({100 * low:+.1f} to {100 * high:+.1f}) | {100 * moved.mean():.1f} % |"
        )


def share_of_models(
    holds: NDArray[np.bool_], scored: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return for how many of the models that score a clip something holds.

    Args:
        holds: of each model and clip [shape=(n_models, n_clips)].
        scored: whether the model scores the clip [same shape].

    Returns:
        Shares, of the clips that any model scores [shape=(n_scored_clips,)].
    """
    n_models = scored.sum(axis=0)
    n_holds = (holds & scored).sum(axis=0)
    shares: NDArray[np.float64] = n_holds[n_models > 0] / n_models[n_models > 0]
    return shares


def genres_of(
    models: Sequence[GenreClassifier],
    tracks: Sequence[LabelledTrack],
    scored: NDArray[np.bool_],
    alteration: Alteration,
) -> NDArray[np.str_]:
    """Return the genre that each model hears in each altered clip that it scores.

    Returns:
        Genres, or nothing [shape=(n_models, n_clips)].
    """
    said: list[list[str]] = [[] for _ in models]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{alteration.suffix}"
        for number, track in enumerate(tracks):
            with AudioFile(track.path, WaveformConfig(RATE_HZ)) as audio:
                samples = alteration.alter(audio.read_all())
            write_audio(
                path, samples, RATE_HZ, codec=alteration.codec, bit_rate=alteration.bit_rate
            )
            for genres, model, is_scored in zip(said, models, scored, strict=True):
                genre = model.predict_file(path).genre if is_scored[number] else ""
                genres.append(genre)
    return np.array(said)


if __name__ == "__main__":
    main()
