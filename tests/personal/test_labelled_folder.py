"""Labelled tracks from folders that are called as their genres are."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mutagen
import pytest
from audio_files import CONTAINERS, music, noise, write_audio
from mediafile import MediaFile

from genre_model.errors import TrainingDataError
from genre_model.personal.grouping import group_tracks
from genre_model.personal.labelled_files import read_labelled_folder
from genre_model.personal.track_tags import FileTags, read_tags

if TYPE_CHECKING:
    from genre_model.personal.labelled_files import LabelledFile

SOUND = noise(0.2, 44100)


@lru_cache
def encoded(suffix: str) -> bytes:
    """Return the content of a short file."""
    with TemporaryDirectory() as folder:
        return write_audio(Path(folder) / f"sound{suffix}", SOUND).read_bytes()


def track(path: Path, **tags: object) -> Path:
    """Write a short sound with tags, which are called as MediaFile calls them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(path.suffix))
    if tags:
        file = MediaFile(path)
        file.update(tags)
        file.save()
    return path


def read(root: Path) -> dict[str, LabelledFile]:
    """Read a folder that gives no reason to warn."""
    return {file.key: file for file in read_labelled_folder(root, pytest.fail)}


def test_the_folder_below_the_root_is_the_label_at_any_depth(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac")
    track(tmp_path / "rock" / "ann" / "b.flac")
    track(tmp_path / "Drum & Bass" / "bob" / "first" / "CD 1" / "c.wav")
    files = read(tmp_path)
    assert list(files) == [
        "Drum & Bass/bob/first/CD 1/c.wav",
        "rock/a.flac",
        "rock/ann/b.flac",
    ]
    assert [file.labels for file in files.values()] == [
        ("Drum & Bass",),
        ("rock",),
        ("rock",),
    ]
    assert [file.name for file in files.values()] == ["c", "a", "b"]
    assert all(file.path.is_absolute() and file.path.exists() for file in files.values())


def test_without_tags_folders_name_artist_and_album(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac")
    track(tmp_path / "rock" / "ann" / "b.flac")
    track(tmp_path / "rock" / "ann" / "first" / "CD 1" / "c.flac")
    track(tmp_path / "rock" / "ann" / "first" / "CD 2" / "d.flac")
    track(tmp_path / "rock" / "Various Artists" / "hits" / "e.flac")
    by_many, loose, of_ann, disc_1, disc_2 = read(tmp_path).values()
    assert (loose.artist, loose.album) == ("", "")
    assert (of_ann.artist, of_ann.album) == ("ann", "")
    assert disc_1.artist == "ann"
    assert disc_1.album == disc_2.album != ""
    assert by_many.artist == ""
    assert by_many.album not in ("", disc_1.album)


@pytest.mark.parametrize("container", CONTAINERS)
def test_tags_name_artist_and_album(tmp_path: Path, container: str) -> None:
    suffix = CONTAINERS[container].suffix
    own = track(
        tmp_path / "rock" / "folder" / f"own{suffix}",
        artist="Ann feat. Bob",
        albumartist="Ann",
        album="Hits",
        title="Song",
    )
    assert mutagen.File(own).tags
    track(
        tmp_path / "rock" / "folder" / f"marked{suffix}",
        artist="Bob",
        albumartist="Ann",
        album="Hits",
        comp=True,
    )
    track(
        tmp_path / "rock" / "folder" / f"by many{suffix}",
        artist="Bob",
        albumartist="Various Artists",
        album="Hits",
    )
    by_many, marked, alone = read(tmp_path).values()
    assert (alone.artist, alone.name) == ("Ann", "Ann feat. Bob - Song")
    assert (by_many.artist, marked.artist) == ("Bob", "Bob")
    assert by_many.album == marked.album != alone.album
    assert marked.name == "marked"


def test_albums_of_one_name_tie_no_artists_together(tmp_path: Path) -> None:
    for artist in ("Ann", "Bob", "Cid"):
        for n in range(2):
            track(
                tmp_path / "rock" / f"{artist} {n}.flac",
                artist=artist,
                album="Greatest Hits",
            )
    assert len(set(group_tracks(list(read(tmp_path).values())))) == 3


def test_compilations_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    for genre in ("rock", "pop"):
        for folder in ("one", "two"):
            track(
                tmp_path / genre / folder / "a.flac",
                artist=f"{genre} {folder}",
                album="Hits",
                comp=True,
            )
    albums = {key: file.album for key, file in read(tmp_path).items()}
    assert albums["rock/one/a.flac"] != albums["rock/two/a.flac"]
    # The tracks of one album may well be sorted into several genres.
    assert albums["rock/one/a.flac"] == albums["pop/one/a.flac"]


@pytest.mark.parametrize("name", ["Unknown Artist", "[unknown]", "V.A.", "various"])
def test_unknown_and_various_are_no_artists(tmp_path: Path, name: str) -> None:
    track(tmp_path / "rock" / "a.flac", artist=name)
    track(tmp_path / "rock" / name / "b.flac")
    assert [file.artist for file in read(tmp_path).values()] == ["", ""]


def test_hidden_files_and_other_kinds_are_ignored(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac")
    track(tmp_path / "rock" / "._b.flac")
    track(tmp_path / "rock" / ".trash" / "c.flac")
    track(tmp_path / ".jazz" / "d.flac")
    (tmp_path / "rock" / "cover.jpg").write_bytes(b"no audio")
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / "rock" / "folder.mp3").mkdir()
    (tmp_path / "no genre.mp3").mkdir()
    assert list(read(tmp_path)) == ["rock/a.flac"]


def test_damaged_tags_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "rock" / "ann" / "a.mp3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 100)
    (file,) = read(tmp_path).values()
    assert (file.artist, file.name) == ("ann", "a")


def test_control_characters_in_tags_are_replaced(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac", artist="A\x1b[31m\nnn", title="Song")
    (file,) = read(tmp_path).values()
    assert file.name == "A\N{REPLACEMENT CHARACTER}[31m nn - Song"


def test_tracks_in_no_genre_are_counted(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac")
    track(tmp_path / "b.flac")
    warnings: list[str] = []
    assert len(read_labelled_folder(tmp_path, warnings.append)) == 1
    assert warnings == [f"{tmp_path}: 1 tracks lie in no genre's folder; left out"]


def test_a_relative_folder_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track(tmp_path / "music" / "rock" / "a.flac")
    monkeypatch.chdir(tmp_path)
    (file,) = read(Path("music")).values()
    assert file.path == tmp_path / "music" / "rock" / "a.flac"


@pytest.mark.parametrize("content", ["nothing", "an empty genre", "tracks only"])
def test_a_folder_without_labelled_audio_is_an_error(tmp_path: Path, content: str) -> None:
    if content == "an empty genre":
        (tmp_path / "rock").mkdir()
    if content == "tracks only":
        track(tmp_path / "a.flac")
    with pytest.raises(TrainingDataError, match="a folder for each genre is expected"):
        read_labelled_folder(tmp_path, lambda _: None)


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges")
def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    albums, root = tmp_path / "albums", tmp_path / "root"
    track(albums / "first" / "a.flac")
    track(root / "rock" / "b.flac")
    (root / "rock" / "linked").symlink_to(albums / "first")
    (root / "rock" / "again").symlink_to(root / "rock")
    (root / "rock" / "up").symlink_to(root)
    (root / "rock" / "top").symlink_to(tmp_path)
    (albums / "first" / "back").symlink_to(root / "rock")
    (root / "rock" / "self").symlink_to(root / "rock" / "self")
    (root / "all").symlink_to(root)
    (root / "nothing").symlink_to(root / "gone")
    track(root / "pop" / "c.flac")
    assert [(f.key, f.labels) for f in read(root).values()] == [
        ("pop/c.flac", ("pop",)),
        ("rock/b.flac", ("rock",)),
        ("rock/linked/a.flac", ("rock",)),
    ]


def test_a_track_in_several_genres_has_all_of_their_labels(tmp_path: Path) -> None:
    song = track(tmp_path / "rock" / "a.flac")
    (tmp_path / "metal").mkdir()
    (tmp_path / "metal" / "same.flac").symlink_to(song)
    (file,) = read(tmp_path).values()
    assert file.labels == ("metal", "rock")


def test_a_broken_link_is_listed(tmp_path: Path) -> None:
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "a.flac").symlink_to(tmp_path / "gone.flac")
    assert list(read(tmp_path)) == ["rock/a.flac"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of other bytes are Linux's")
def test_names_that_are_no_text_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"ro\xffck")
    folder.mkdir()
    odd = folder / os.fsdecode(b"\xfe.flac")
    track(folder / "plain.flac").rename(odd)
    (file,) = read(tmp_path).values()
    assert file.path.exists()
    assert file.name == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="root may read everything",
)
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    track(tmp_path / "rock" / "a.flac")
    closed = tmp_path / "rock" / "closed"
    closed.mkdir(mode=0)
    warnings: list[str] = []
    try:
        assert len(read_labelled_folder(tmp_path, warnings.append)) == 1
    finally:
        closed.chmod(0o700)
    assert str(closed) in warnings[0]


def test_a_length_that_cannot_be_computed_is_not_known(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "song.dsf", music(2), codec=CONTAINERS["dsf"].codec)
    content = bytearray(path.read_bytes())
    content[56:60] = bytes(4)  # the sampling frequency
    path.write_bytes(content)
    assert read_tags(path) == FileTags()
