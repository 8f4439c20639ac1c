"""Labelled tracks from a table in a text file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from audio_files import noise, write_audio
from mediafile import MediaFile

from genre_model.errors import TrainingDataError
from genre_model.personal.labelled_files import read_labelled_csv

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.personal.labelled_files import LabelledFile

SOUND = noise(0.2, 44100)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write a.flac to d.flac, whose tags name an artist and an album."""
    folder = tmp_path_factory.mktemp("tracks")
    for name in "abcd":
        path = write_audio(folder / f"{name}.flac", SOUND)
        file = MediaFile(path)
        file.update({"artist": f"Artist {name}", "album": "Hits", "title": name.upper()})
        file.save()
    return sorted(folder.iterdir())


@pytest.fixture
def music(tracks: list[Path], tmp_path: Path) -> Path:
    """Return a folder with the tracks."""
    for path in tracks:
        os.link(path, tmp_path / path.name)
    return tmp_path


def read(folder: Path, text: str | bytes) -> list[LabelledFile]:
    """Read a table that gives no reason to warn."""
    table = folder / "tracks.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labelled_csv(table, pytest.fail)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_tables_of_many_programs_are_read(
    music: Path, delimiter: str, encoding: str, newline: str
) -> None:
    lines = [
        ("Label", "path", "ARTIST", "note"),
        ("röck", "a.flac", "Ann", "x"),
        ("", "", "", ""),
        ('"pop; rock ;;"', '"b.flac"', "", ""),
        (" pop ", f" {music / 'c.flac'} "),
    ]
    text = newline.join(delimiter.join(line) for line in lines)
    first, second, third = read(music, text.encode(encoding))
    assert (first.key, first.path) == ("a.flac", music / "a.flac")
    assert (first.labels, first.artist, first.name) == (("röck",), "Ann", "a")
    assert second.labels == ("pop", "rock")
    assert (second.artist, second.name) == ("Artist b", "Artist b - B")
    assert (third.key, third.path) == (str(music / "c.flac"), music / "c.flac")


def test_without_a_column_the_artist_is_that_of_the_tags(music: Path) -> None:
    first, second = read(music, "path,label\na.flac,rock\nb.flac,rock\n")
    assert (first.artist, second.artist) == ("Artist a", "Artist b")
    assert first.album != second.album


@pytest.mark.parametrize("column", ["artist", "group"])
def test_a_table_overrides_the_tags(music: Path, column: str) -> None:
    text = f"path,label,{column},album\na.flac,rock,Ann,One\nb.flac,pop,Bob,\n"
    first, second = read(music, text)
    assert (first.artist, second.artist) == ("Ann", "Bob")
    assert "One".lower() in first.album
    assert second.album == ""


def test_an_artist_beside_a_group_is_the_artist(music: Path) -> None:
    (file,) = read(music, "path,label,group,artist\na.flac,rock,1,Ann\n")
    assert file.artist == "Ann"


def test_a_table_may_name_albums_only(music: Path) -> None:
    first, second = read(music, "path,label,album\na.flac,rock,One\nb.flac,pop,\n")
    assert (first.artist, second.artist) == ("Artist a", "Artist b")
    assert "one" in first.album
    assert "hits" in second.album


def test_a_track_that_is_named_twice_alike_counts_once(music: Path) -> None:
    (file,) = read(music, "path,label\na.flac,rock\n./a.flac,rock\n")
    assert file.key == "a.flac"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: no column path or label"),
        ("a.flac,rock\nb.flac,pop\n", "line 1: no column path or label"),
        ("path,genre\na.flac,rock\n", "line 1: no column label"),
        ("label;artist\nrock;Ann\n", "line 1: no column path"),
        ("path,label\n", "holds no tracks"),
        ("path,label\n\n ,\n", "holds no tracks"),
        ("path,label\na.flac,\n", "line 2: the label is empty"),
        ("path,label\na.flac,rock\nb.flac\n", "line 3: the label is empty"),
        ('path,label\na.flac," ; "\n', "line 2: the label is empty"),
        ("path,label\n,rock\n", "line 2: the path is empty"),
        ("path,label\na\0.flac,rock\n", "line 2: "),
        ("path,label\na.flac,rock\nb, c.flac,pop\n", "line 3: 3 cells, and the header has"),
        ('path,label\n"a"b.flac,rock\n', "line 2: "),
        ('path,label\n"a.flac,rock\nb.flac,pop\n', "line 3: "),
        (
            "path,label\na.flac,rock\nb.flac,pop\n../{folder}/a.flac,pop\n",
            "line 4: ../{folder}/a.flac is pop here and rock in line 2",
        ),
        (
            "path,label\nx.flac,rock\ny.flac,pop\n",
            "2 of 2 files are missing: x.flac (line 2)",
        ),
        (b"path,label\na.flac,rock\nb.flac,r\xf6ck\n", "line 3: is not UTF-8"),
        ("path,label\na.flac,rock\n".encode("utf-16"), "line 1: is not UTF-8"),
    ],
)
def test_errors_name_the_line(music: Path, text: str | bytes, complaint: str) -> None:
    if isinstance(text, str):
        text = text.replace("{folder}", music.name)
    with pytest.raises(TrainingDataError) as caught:
        read(music, text)
    assert str(caught.value).startswith(str(music / "tracks.csv"))
    assert complaint.replace("{folder}", music.name) in str(caught.value)


def test_missing_files_are_counted_and_the_first_named(music: Path) -> None:
    table = music / "tracks.csv"
    gone = [f"gone {n}.flac,pop" for n in range(5)]
    table.write_text("\n".join(["path,label", "a.flac,rock", *gone, f"{'x' * 300},pop"]))
    warnings: list[str] = []
    (file,) = read_labelled_csv(table, warnings.append)
    assert file.key == "a.flac"
    (warning,) = warnings
    assert warning == (
        f"{table}: 6 of 7 files are missing: gone 0.flac (line 3), gone 1.flac (line 4), "
        "gone 2.flac (line 5) and 3 more"
    )


def test_a_folder_is_no_file(music: Path) -> None:
    (music / "folder").mkdir()
    with pytest.raises(TrainingDataError, match="1 of 1 files are missing"):
        read(music, "path,label\nfolder,rock\n")


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges")
def test_two_names_of_a_file_are_one_track(music: Path) -> None:
    (music / "link.flac").symlink_to(music / "a.flac")
    with pytest.raises(TrainingDataError, match=r"line 3: link\.flac is pop here and rock"):
        read(music, "path,label\na.flac,rock\nlink.flac,pop\n")
