"""Labelled tracks from folders that are called as their genres are."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.errors import TrainingDataError
from genre_model.personal.file_tags import known_artist, read_tags
from genre_model.personal.labelled_files import LabelledFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def read_labelled_folder(root: Path, warn: Callable[[str], None]) -> list[LabelledFile]:
    """Label tracks by the folder directly below ``root`` that they lie in.

    Tracks may lie deeper: ``genre/artist/album/track``. Artist and album are what the
    tags say, or else these folders. Links are followed; a track that lies in the folders
    of several genres has all of their labels.

    Args:
        root: holds a folder for each genre.
        warn: is told what is left out.

    Returns:
        In the order of their keys: paths below ``root``.

    Raises:
        TrainingDataError: if there is no audio in any folder.
        OSError: if ``root`` cannot be listed.
    """
    root = root.absolute()
    labels_of: dict[str, list[str]] = {}
    placed: dict[str, tuple[Path, Path]] = {}
    entries = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    for genre_folder in filter(Path.is_dir, entries):
        label = unicodedata.normalize("NFC", genre_folder.name)
        for path in _audio_below(genre_folder, root, warn):
            real = os.path.realpath(path)
            labels_of.setdefault(real, []).append(label)
            placed.setdefault(real, (genre_folder, path))
    if n_loose := sum(_is_audio(path) and not path.is_dir() for path in entries):
        warn(f"{root}: {n_loose} tracks lie in no genre's folder; left out")
    if not placed:
        raise TrainingDataError(
            f"{root}: no audio; a folder for each genre is expected, tracks within"
        )
    files = [
        _labelled(path, genre_folder, root, tuple(labels_of[real]))
        for real, (genre_folder, path) in placed.items()
    ]
    return sorted(files, key=lambda file: file.key)


def _audio_below(
    genre_folder: Path, root: Path, warn: Callable[[str], None]
) -> Iterator[Path]:
    """List audio of a genre, each real folder once however many links lead to it."""
    real_root = Path(os.path.realpath(root))
    seen: set[Path] = set()

    def is_new(folder: Path) -> bool:
        real = Path(os.path.realpath(folder))
        # A link to what holds all genres would give each track every label.
        if folder.name.startswith(".") or real in seen or real_root.is_relative_to(real):
            return False
        seen.add(real)
        return True

    def on_error(error: OSError) -> None:
        warn(f"{error.filename}: {error.strerror}; left out")

    if not is_new(genre_folder):
        return
    for folder, names_of_folders, names in os.walk(
        genre_folder, onerror=on_error, followlinks=True
    ):
        here = Path(folder)
        names_of_folders[:] = [n for n in sorted(names_of_folders) if is_new(here / n)]
        yield from filter(_is_audio, (here / name for name in sorted(names)))


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")


def _labelled(
    path: Path, genre_folder: Path, root: Path, labels: tuple[str, ...]
) -> LabelledFile:
    tags = read_tags(path)
    folders = path.relative_to(genre_folder).parts[:-1]
    artist = tags.main_artist or (known_artist(folders[0]) if folders else "")
    album_folder = f"folder {'/'.join(folders[:2])}" if len(folders) > 1 else ""
    return LabelledFile(
        key=path.relative_to(root).as_posix(),
        path=path,
        labels=labels,
        name=tags.track_name(path),
        artist=artist,
        album=tags.album_identity("/".join(folders)) or album_folder,
        seconds=tags.seconds,
    )
