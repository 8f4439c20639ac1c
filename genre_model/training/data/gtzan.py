"""The GTZAN data set in a folder: which track is which file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.errors import TrainingDataError
from genre_model.features.mel_frames import count_frames

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from genre_model.features.config import FrontEnd

Source = Literal["auto", "audio", "pictures"]

#: Folder name to the spelling that beets' lastgenre uses, in the order of the logits.
GENRE_OF_FOLDER = {
    "blues": "blues",
    "classical": "classical",
    "country": "country",
    "disco": "disco",
    "hiphop": "hip hop",
    "jazz": "jazz",
    "metal": "metal",
    "pop": "pop",
    "reggae": "reggae",
    "rock": "rock",
}
GENRES = tuple(GENRE_OF_FOLDER.values())

#: Where the ten genre folders stand in the copies of GTZAN that people have.
LAYOUTS = (".", "genres", "genres_original", "Data/genres_original", "clips", "mel_png")


#: Between the id of a track and the number of one of its segments.
SEGMENT_MARK = "#"
_NAME = re.compile(rf"({'|'.join(GENRE_OF_FOLDER)})\.?(000\d\d)(?!\d)", re.IGNORECASE)
#: What every clip holds, but for a few samples.
CLIP_SECONDS = 29.9


@dataclass(frozen=True)
class LabelledTrack:
    """One track of the data set, or one segment of it.

    Attributes:
        track_id: GTZAN's, such as ``blues.00000``; of a segment ``blues.00000#3``.
        genre: in our spelling.
        path: the file.
        frames: first mel frame and number of mel frames of a segment; None is the track.
    """

    track_id: str
    genre: str
    path: Path
    frames: tuple[int, int] | None = None

    @property
    def is_picture(self) -> bool:
        """Whether the file is a mel picture, not audio."""
        return self.path.suffix.lower() == ".png"

    @property
    def source(self) -> Literal["audio", "pictures"]:
        """The kind of the file."""
        return "pictures" if self.is_picture else "audio"


def find_tracks(data_dir: Path, source: Source = "auto") -> list[LabelledTrack]:
    """List the tracks of a GTZAN folder by id, as audio or as mel pictures.

    Args:
        data_dir: folder with ten genre folders, or above one of ``LAYOUTS``.
        source: ``"auto"`` takes whichever has more tracks.

    Raises:
        TrainingDataError: if the folder or a genre is missing.
    """
    if not data_dir.is_dir():
        raise TrainingDataError(f"no folder {data_dir}; give --data the GTZAN folder")
    wanted = {"auto": ("pictures", "audio")}.get(source, (source,))
    found = [_tracks_in_layouts(data_dir, kind) for kind in wanted]
    tracks = max(found, key=len)
    missing = set(GENRES) - {track.genre for track in tracks}
    if missing:
        genres = ", ".join(sorted(missing)) if len(missing) < len(GENRES) else "any genre"
        raise TrainingDataError(
            f"{data_dir} holds no {' or '.join(wanted)} of {genres}; "
            f"expected the folders {', '.join(GENRE_OF_FOLDER)} in it or in one of "
            f"{', '.join(LAYOUTS[1:])}"
        )
    return tracks


def clip_frames(front_end: FrontEnd) -> int:
    """Return how many mel frames every clip has, at least."""
    n_samples = round(CLIP_SECONDS * front_end.waveform.sample_rate_hz)
    return count_frames(n_samples, front_end.mel)


def segments_per_track(front_end: FrontEnd) -> int:
    """Return how many segments, end to end, a clip holds."""
    return clip_frames(front_end) // front_end.segment.segment_frames


def segments_of(
    tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> list[LabelledTrack]:
    """Cut tracks into segments, end to end, that are tracks of their own."""
    length = front_end.segment.segment_frames
    return [
        replace(
            track,
            track_id=f"{track.track_id}{SEGMENT_MARK}{number}",
            frames=(number * length, length),
        )
        for track in tracks
        for number in range(segments_per_track(front_end))
    ]


def _tracks_in_layouts(data_dir: Path, kind: str) -> list[LabelledTrack]:
    suffixes = AUDIO_SUFFIXES if kind == "audio" else {".png"}
    found = [_tracks_in(data_dir / layout, suffixes) for layout in LAYOUTS]
    return max(found, key=len)


def _tracks_in(root: Path, suffixes: Collection[str]) -> list[LabelledTrack]:
    tracks = {}
    for folder, genre in GENRE_OF_FOLDER.items():
        for path in sorted((root / folder).glob("*")):
            track_id = _track_id(path, folder)
            if path.suffix.lower() in suffixes and track_id not in tracks:
                tracks[track_id] = LabelledTrack(track_id, genre, path)
    return [tracks[track_id] for track_id in sorted(tracks)]


def _track_id(path: Path, folder: str) -> str:
    """Return the id of a file in a genre's folder, which alone decides about the genre."""
    track_id = track_id_of_name(path.name)
    if track_id is not None and track_id.startswith(f"{folder}."):
        return track_id
    return f"{folder}.{path.stem.removeprefix(folder).lstrip('.')}"


def track_id_of_name(file_name: str) -> str | None:
    """``blues.00000`` from ``blues.00000.wav``, or from Kaggle's ``blues00000.png``.

    Returns:
        None of a file that is not called like a track of GTZAN.
    """
    found = _NAME.match(file_name)
    return f"{found[1].lower()}.{found[2]}" if found else None
