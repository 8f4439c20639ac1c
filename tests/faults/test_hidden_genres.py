"""Genres in tags that beets does not read: APEv2 of MP3 files, INFO of WAV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item
from mediafile import MediaFile
from mutagen.apev2 import APEBinaryValue, APEExtValue, APEv2
from plugin.importing import AS_IS

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier


def add_apev2(path: Path) -> None:
    tag = APEv2()
    tag["Genre"] = ["Blues", "Soul"]
    tag.save(path)


def add_info(path: Path) -> None:
    info = b"INFOIGNR" + (12).to_bytes(4, "little") + b"Blues, Soul\0"
    content = path.read_bytes() + b"LIST" + len(info).to_bytes(4, "little") + info
    size = (len(content) - 8).to_bytes(4, "little")
    path.write_bytes(content[:4] + size + content[8:])


@pytest.fixture(params=[".mp3", ".wav"])
def song(home: BeetsHome, request: pytest.FixtureRequest) -> Path:
    path = write_audio(home.inbox / f"song{request.param}", music(4))
    (add_apev2 if request.param == ".mp3" else add_info)(path)
    assert not MediaFile(path).genres, "or beets would see it"
    return path


@pytest.mark.parametrize("flags", [(), ("-f",), ("-f", "-W")])
def test_the_file_is_left_alone(
    home: BeetsHome, classifier: ScriptedClassifier, song: Path, flags: tuple[str, ...]
) -> None:
    home.library().add(Item.from_path(song))
    before = song.read_bytes()
    printed = home.beet("-v", "genreclf", *flags)
    assert classifier.heard
    said = "already Blues, Soul in a tag of the file that beets does not read"
    assert said in printed.out + printed.err
    assert printed.exit_code == 0
    assert song.read_bytes() == before
    assert home.items()[0].genres == []


def test_an_import_gives_it_no_other_genre(
    home: BeetsHome, classifier: ScriptedClassifier, song: Path
) -> None:
    home.beet(*AS_IS, "-s", str(song))
    assert classifier.heard
    assert home.items()[0].genres == []


@pytest.mark.parametrize("kind", [APEBinaryValue, APEExtValue])
@pytest.mark.usefixtures("classifier")
def test_what_is_no_text_is_no_genre(home: BeetsHome, kind: type) -> None:
    path = home.add_track("Song")
    tag = APEv2()
    tag["Genre"] = kind(b"x" if kind is APEBinaryValue else "x")
    tag.save(path)
    home.beet("genreclf")
    assert home.item("Song").genres == ["Rock"]


@pytest.mark.usefixtures("classifier")
def test_an_apev2_tag_without_a_genre_is_no_obstacle(home: BeetsHome) -> None:
    path = home.add_track("Song")
    tag = APEv2()
    tag["MP3GAIN_MINMAX"] = "000,100"
    tag.save(path)
    home.beet("genreclf")
    assert home.item("Song").genres == MediaFile(path).genres == ["Rock"]
