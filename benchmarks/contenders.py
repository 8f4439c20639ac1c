"""Other ways to hear files than ours, each run in a process of its own by ``speed.py``.

python benchmarks/contenders.py floor N_SEGMENTS SECONDS FILE...
python benchmarks/contenders.py naive N_THREADS FILE...
python benchmarks/contenders.py threads N_THREADS FILE...
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a decoder needs to hear before its samples are right.
PREROLL_SECONDS = 0.5
NAIVE_RATE_HZ = 22050
NAIVE_BATCH = 10


def floor(n_segments: int, seconds: float, paths: Sequence[str]) -> None:
    """Decode the excerpts that ours decodes, frame by frame, and drop them."""
    import av

    for path in paths:
        with av.open(path) as container:
            stream = container.streams.audio[0]
            stream.codec_context.thread_count = 1
            share = (container.duration or 0) / av.time_base / n_segments
            for number in range(n_segments):
                start = (number + 0.5) * share - seconds / 2
                before = max(0.0, start - PREROLL_SECONDS)
                container.seek(round(before * av.time_base))
                for frame in container.decode(stream):
                    if frame.time is not None and frame.time >= start + seconds:
                        break


def naive(n_threads: int, paths: Sequence[str]) -> None:
    """Hear files as paper 002 does: all of it, through librosa and the base CRNN in torch.

    Segments of 3 s, 192 bands below 8 kHz, a step of 256 samples; weights are random,
    which changes nothing about time.
    """
    import librosa
    import numpy as np
    import torch

    from genre_model.features.mel_frames import count_bands
    from genre_model.training.networks import build_network
    from genre_model.training.recipe import read_recipe

    torch.set_num_threads(n_threads)
    recipe = read_recipe("b4_crnn")
    mel, length = recipe.front_end.mel, recipe.front_end.segment.segment_frames
    shape = (count_bands(mel), length)
    network = build_network(recipe.network, shape, 10, recipe.network_options).eval()
    for path in paths:
        samples, _ = librosa.load(path, sr=NAIVE_RATE_HZ)
        power = librosa.feature.melspectrogram(
            y=samples,
            sr=NAIVE_RATE_HZ,
            n_fft=mel.n_fft,
            hop_length=mel.hop_samples,
            n_mels=mel.n_mels,
            fmax=mel.f_max_hz,
        )
        frames = librosa.power_to_db(power, ref=np.max)
        n_segments = frames.shape[1] // length
        cut = frames[: shape[0], : n_segments * length].reshape(shape[0], -1, length)
        segments = torch.from_numpy(np.ascontiguousarray(cut.transpose(1, 0, 2)))
        with torch.no_grad():
            for batch in torch.split(segments, NAIVE_BATCH):
                network(batch)


def threads(n_threads: int, paths: Sequence[str]) -> None:
    """Hear files as ours does, in threads of one process instead of processes."""
    from genre_model import GenreClassifier, predict_files

    files = map(Path, paths)
    for outcome in predict_files(GenreClassifier.load(), files, n_threads=n_threads):
        if outcome.error is not None:
            raise outcome.error


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["floor", n_segments, seconds, *paths]:
            floor(int(n_segments), float(seconds), paths)
        case ["naive", n_threads, *paths]:
            naive(int(n_threads), paths)
        case ["threads", n_threads, *paths]:
            threads(int(n_threads), paths)
        case _:
            sys.exit(__doc__)
