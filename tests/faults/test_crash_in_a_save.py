"""A process that is killed at any step of writing a genre."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from audio_files import CONTAINERS, music, write_audio
from mediafile import MediaFile

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROGRAM = Path(__file__).with_name("crash_points.py")


def killed_saves(path: Path, way: str) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(PROGRAM), str(path), way],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def audio_file(folder: Path, kind: str, *, is_tagged: bool) -> Path:
    """Write a file that has a genre, or no tag at all."""
    suffix, codec, _ = CONTAINERS[kind]
    path = write_audio(folder / f"{kind}{suffix}", music(6), codec=codec)
    media_file = MediaFile(path)
    if is_tagged:
        media_file.genres = ["Jazz"]
        media_file.save()
    else:
        media_file.delete()
    return path


@pytest.mark.parametrize("way", ["safe", "linked"])
@pytest.mark.parametrize("is_tagged", [True, False])
@pytest.mark.parametrize("kind", CONTAINERS)
def test_leaves_a_whole_file(tmp_path: Path, kind: str, is_tagged: bool, way: str) -> None:
    found = killed_saves(audio_file(tmp_path, kind, is_tagged=is_tagged), way)
    *killed, finished = found["worths"]
    # With another name it is edited itself, and gets back what it held until that is done.
    assert set(killed) == ({"old", "new"} if way == "safe" else {"old"})
    assert finished == "new"
    assert found["left"] == 0


def test_is_needed(tmp_path: Path) -> None:
    """Without a copy, the first tag of an MP3 file moves the music, and may lose it."""
    found = killed_saves(audio_file(tmp_path, "mp3", is_tagged=False), "plain")
    assert "audio lost" in found["worths"]
