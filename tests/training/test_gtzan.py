"""The GTZAN folder in the layouts that people have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from genre_model.errors import TrainingDataError
from genre_model.training.data.gtzan import (
    GENRE_OF_FOLDER,
    GENRES,
    find_tracks,
    segments_of,
    segments_per_track,
)
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from pathlib import Path


def make_files(root: Path, pattern: str, n_tracks: int = 2) -> None:
    """Make empty files ``root/<genre>/<pattern>`` with genre and number filled in."""
    for folder in GENRE_OF_FOLDER:
        (root / folder).mkdir(parents=True)
        for number in range(n_tracks):
            (root / folder / pattern.format(folder, number)).touch()


@pytest.mark.parametrize(
    ("layout", "pattern"),
    [
        ("", "{}.{:05d}.wav"),
        ("genres", "{}.{:05d}.au"),
        ("genres_original", "{}.{:05d}.wav"),
        ("Data/genres_original", "{}.{:05d}.WAV"),
        ("clips", "{}.{:05d}.opus"),
        ("mel_png", "{}.{:05d}.png"),
        ("", "{}{:05d}.png"),
    ],
)
def test_every_layout_is_found(tmp_path: Path, layout: str, pattern: str) -> None:
    make_files(tmp_path / layout, pattern)
    tracks = find_tracks(tmp_path)
    assert len(tracks) == 20
    assert tracks[0].track_id == "blues.00000"
    assert [track.track_id for track in tracks] == sorted(t.track_id for t in tracks)
    assert {track.genre for track in tracks} == set(GENRES)


def test_hiphop_is_spelled_as_lastgenre_does(tmp_path: Path) -> None:
    make_files(tmp_path, "{}.{:05d}.wav")
    genre_of = {track.track_id: track.genre for track in find_tracks(tmp_path)}
    assert genre_of["hiphop.00001"] == "hip hop"


@pytest.mark.parametrize(
    ("name", "track_id"),
    [
        ("rock.00007.png", "rock.00007"),
        ("rock00007.png", "rock.00007"),
        ("Rock.00007.png", "rock.00007"),
        ("blues.00007.png", "rock.blues.00007"),
        ("rock.00100.png", "rock.00100"),
    ],
)
def test_the_folder_decides_about_the_genre(
    tmp_path: Path, name: str, track_id: str
) -> None:
    make_files(tmp_path, "{}.{:05d}.png", n_tracks=1)
    (picture,) = (tmp_path / "rock").iterdir()
    picture.rename(picture.with_name(name))
    found = [track.track_id for track in find_tracks(tmp_path) if track.genre == "rock"]
    assert found == [track_id]


def test_auto_takes_what_has_more_tracks(tmp_path: Path) -> None:
    make_files(tmp_path / "clips", "{}.{:05d}.wav", n_tracks=1)
    make_files(tmp_path / "mel_png", "{}.{:05d}.png", n_tracks=3)
    assert all(track.is_picture for track in find_tracks(tmp_path))
    assert not any(track.is_picture for track in find_tracks(tmp_path, "audio"))
    assert len(find_tracks(tmp_path, "audio")) == 10


def test_one_track_in_two_formats_counts_once(tmp_path: Path) -> None:
    make_files(tmp_path, "{}.{:05d}.wav")
    (tmp_path / "blues" / "blues.00000.mp3").touch()
    assert len(find_tracks(tmp_path)) == 20


def test_a_missing_genre_is_named(tmp_path: Path) -> None:
    make_files(tmp_path, "{}.{:05d}.wav")
    for path in (tmp_path / "reggae").iterdir():
        path.unlink()
    with pytest.raises(TrainingDataError, match="no pictures or audio of reggae; expected"):
        find_tracks(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"no folder .*gone; give --data"):
        find_tracks(tmp_path / "gone")


def test_a_clip_is_cut_end_to_end(tmp_path: Path) -> None:
    make_files(tmp_path, "{}.{:05d}.png", n_tracks=1)
    front_end = read_recipe("gtzan_crnn", ["front_end.segment.segment_frames=34"]).front_end
    assert segments_per_track(front_end) == 10
    segments = segments_of(find_tracks(tmp_path), front_end)
    assert len(segments) == 100
    assert segments[3].track_id == "blues.00000#3"
    assert [one.frames for one in segments[:3]] == [(0, 34), (34, 34), (68, 34)]
