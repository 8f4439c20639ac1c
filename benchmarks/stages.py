"""Where the processor time of a track goes, stage by stage.

    python benchmarks/stages.py [--songs FOLDER] [--model FILE.onnx]

Hears a four-minute file of each format up to each stage, several times over, on one
thread, and prints medians in milliseconds; each stage includes those before it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from song_files import make_files
from threadpoolctl import threadpool_limits

from genre_model import GenreClassifier
from genre_model.audio.decoder import Decoder
from genre_model.audio.frames import downmix, joined_frames
from genre_model.audio.waveform import open_audio
from genre_model.features.segments import plan_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.audio.frame import AudioFrame

    from genre_model.features.config import FrontEnd

N_TIMES = 9


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, help="music to take (default: composed)")
    parser.add_argument("--model", help="bundled name or .onnx file")
    options = parser.parse_args()
    stages = stages_of(GenreClassifier.load(options.model))
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder), options.songs, 1)
        rows = {
            path.suffix[1:]: [cpu_ms(work, path) for work in stages.values()]
            for path in files
        }
    lines = [f"| up to | {' | '.join(rows)} |", f"|---|{'---|' * len(rows)}"]
    for place, name in enumerate(stages):
        cells = [f"{row[place]:.1f}" for row in rows.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print("\n".join(lines))


def stages_of(classifier: GenreClassifier) -> dict[str, Callable[[Path], object]]:
    """Return what hears a file up to each stage."""
    front_end = classifier.card.front_end
    return {
        "opening, and the length": lambda path: Decoder(path).close(),
        "decoded excerpts": partial(_decode, front_end=front_end, use=_drop),
        "frames joined": partial(_decode, front_end=front_end, use=_join),
        "mono": partial(_decode, front_end=front_end, use=_mix),
        "resampled": partial(_read, front_end=front_end),
        "mel frames": classifier.segments_of,
        "network: genres": classifier.predict_file,
    }


def cpu_ms(work: Callable[[Path], object], path: Path) -> float:
    """Measure, once warm."""
    work(path)
    taken = []
    with threadpool_limits(limits=1, user_api="blas"):
        for _ in range(N_TIMES):
            start = time.process_time()
            work(path)
            taken.append(1000 * (time.process_time() - start))
    return statistics.median(taken)


def _decode(
    path: Path, front_end: FrontEnd, use: Callable[[Iterator[AudioFrame], float], None]
) -> None:
    decoder = Decoder(path)
    seconds = front_end.segment.segment_frames / front_end.frames_per_second
    for span in plan_spans(decoder.duration_seconds, front_end):
        first = round(
            span.start_frame / front_end.frames_per_second * decoder.sample_rate_hz
        )
        position, frames = decoder._enter_before(first) or (0, decoder._frames())
        use(frames, (first - position) / decoder.sample_rate_hz + seconds)
    decoder.close()


def _drop(frames: Iterator[AudioFrame], seconds: float) -> None:
    for frame in frames:
        seconds -= frame.samples / frame.sample_rate
        if seconds <= 0:
            return


def _join(frames: Iterator[AudioFrame], seconds: float) -> None:
    for _ in joined_frames(frames, seconds):
        pass


def _mix(frames: Iterator[AudioFrame], seconds: float) -> None:
    for frame in joined_frames(frames, seconds):
        downmix(frame)


def _read(path: Path, front_end: FrontEnd) -> None:
    with open_audio(path, front_end) as audio:
        for span in plan_spans(audio.duration_seconds, front_end):
            start_seconds = span.start_frame / front_end.frames_per_second
            audio.read(start_seconds, front_end.segment_samples)


if __name__ == "__main__":
    main()
