"""A process that is killed at any step of writing a genre."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from audio_files import CONTAINERS, music, write_audio
from mediafile import MediaFile
from plugin.conftest import edit_file

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROGRAM = Path(__file__).with_name("crash_points.py")


def killed_saves(way: str, *paths: Path) -> dict[str, list[str]]:
    """Return the states of each file after kills at all steps of a save."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(PROGRAM), way, *map(str, paths)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    states: dict[str, list[str]] = json.loads(done.stdout)
    return states


def audio_file(folder: Path, kind: str, *, is_tagged: bool) -> Path:
    """Write a file that has a genre, or no tag at all."""
    suffix, codec, _ = CONTAINERS[kind]
    path = write_audio(folder / f"{kind}{suffix}", music(2), codec=codec)
    if is_tagged:
        edit_file(path, "Jazz")
    else:
        MediaFile(path).delete()
    return path


@pytest.mark.parametrize("way", ["safe", "linked"])
@pytest.mark.parametrize("is_tagged", [True, False])
def test_leaves_a_whole_file(tmp_path: Path, is_tagged: bool, way: str) -> None:
    paths = [audio_file(tmp_path, kind, is_tagged=is_tagged) for kind in CONTAINERS]
    states = killed_saves(way, *paths)
    # With another name it is edited itself, and gets back what it held until that is done.
    after_a_kill = {"old", "new"} if way == "safe" else {"old"}
    assert {name: set(killed) for name, (*killed, _) in states.items()} == {
        path.name: after_a_kill for path in paths
    }
    assert {name: finished for name, (*_, finished) in states.items()} == {
        path.name: "new" for path in paths
    }


def test_is_needed(tmp_path: Path) -> None:
    """Without a copy, the first tag of an MP3 file moves the music, and may lose it."""
    song = audio_file(tmp_path, "mp3", is_tagged=False)
    assert "audio lost" in killed_saves("plain", song)[song.name]
