"""WAV and AIFF files of wrong lengths take a tag that nobody finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from audio_files import music, write_audio
from beets.library import Item

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

#: Name of the chunk of audio, and the order of the bytes of its length.
CHUNKS: dict[str, tuple[bytes, Literal["little", "big"]]] = {
    ".wav": (b"data", "little"),
    ".aiff": (b"SSND", "big"),
}
WRONG_LENGTHS = {"claims nothing": 0.0, "claims too little": 1 / 3, "claims too much": 2.0}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def claim(path: Path, share: float) -> None:
    """Multiply the length that a chunk of audio has by its header."""
    content = bytearray(path.read_bytes())
    name, order = CHUNKS[path.suffix]
    place = content.index(name) + len(name)
    length = int.from_bytes(content[place : place + 4], order)
    content[place : place + 4] = int(length * share).to_bytes(4, order)
    path.write_bytes(content)


@pytest.mark.parametrize("safe_write", [True, False])
@pytest.mark.parametrize("suffix", CHUNKS)
@pytest.mark.parametrize("damage", ["cut", *WRONG_LENGTHS])
def test_the_file_is_left_alone_and_named(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    damage: str,
    suffix: str,
    safe_write: bool,
) -> None:
    path = write_audio(home.music / f"song{suffix}", music(4))
    home.library().add(Item.from_path(path))
    if damage == "cut":
        cut(path)
    else:
        claim(path, WRONG_LENGTHS[damage])
    before = path.read_bytes()
    home.configure(safe_write=safe_write)
    for _ in range(2):
        printed = home.beet("genreclf", "-w")
        assert classifier.heard
        assert "its genre could not be read back" in printed.err
        assert printed.exit_code == 1
        assert home.items()[0].genres == []
        assert not safe_write or path.read_bytes() == before
