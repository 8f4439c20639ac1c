"""A GTZAN folder of which some tracks exist as audio, and what a fold hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_files import music, write_audio
from gtzan_folder import write_pictures

from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from pathlib import Path

RATE_HZ = 22050
FOLD = folds_of("fault-filtered")[0]
#: A training track of each genre.
HEARD = sorted({name.partition(".")[0]: name for name in FOLD.train}.values())


def write_clips(root: Path) -> Path:
    """Write audio of some training tracks, of a test track, and pictures to train on."""
    write_pictures(root, range(30, 90, 3))
    for number, track in enumerate([*HEARD, FOLD.test[0]]):
        clips = root / "clips" / track.partition(".")[0]
        clips.mkdir(parents=True, exist_ok=True)
        piece = music(12, RATE_HZ, seed=number)
        write_audio(clips / f"{track}.flac", piece, RATE_HZ)
    return root
