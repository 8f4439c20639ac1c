"""``make demo``, less the make: composed and given music, and what is no music."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from audio_files import music, write_audio
from mediafile import MediaFile

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")


def demo(*arguments: str | Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TMPDIR": str(temporary)}
    environment.pop("PYTHONSAFEPATH", None)  # as the Makefile does
    return subprocess.run(  # noqa: S603
        [sys.executable, "scripts/demo.py", *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_composed_pieces_are_tagged_and_called_synthetic(temporary: Path) -> None:
    done = demo(temporary=temporary)
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout
    for title in ("Machine Dance", "Slow Strings", "Loud Band"):
        assert re.search(rf"^The Synthesiser - {title} .* [01]\.\d+$", done.stdout, re.M)
    assert not list(temporary.glob("genreclf-demo-*"))


def test_music_stays_as_it_is(tmp_path: Path, temporary: Path) -> None:
    folder = tmp_path / "my 'music' $1"
    (folder / "album").mkdir(parents=True)
    write_audio(folder / "plain.flac", music(seconds=12.0))
    tagged = MediaFile(write_audio(folder / "album" / "tagged.mp3", music(12.0, seed=1)))
    tagged.genres = ["Skiffle"]
    tagged.save()
    (folder / "album" / "broken.ogg").write_bytes(b"no audio")
    whole = write_audio(tmp_path / "whole.aiff", music(12.0)).read_bytes()
    (folder / "cut.aiff").write_bytes(whole[:3000])
    # Beets gives such a file a copy with an extension, where it finds ffprobe.
    (folder / "extensionless").write_bytes((folder / "plain.flac").read_bytes())
    before = contents(folder)

    done = demo(folder, temporary=temporary)

    assert done.returncode == 0, done.stderr
    assert contents(folder) == before
    assert re.search(r"^plain\.flac .* [01]\.\d+$", done.stdout, re.M)
    assert re.search(r"^tagged\.mp3 .* [01]\.\d+ +Skiffle$", done.stdout, re.M)
    assert re.search(r"^broken\.ogg +\(no audio\)$", done.stdout, re.M)
    assert re.search(r"^cut\.aiff +\S", done.stdout, re.M)
    assert "SHA-256 of 4 files" in done.stdout


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("name", ["missing", "empty", "text"])
def test_what_is_no_music_is_one_line_of_error(
    name: str, tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.mp3").write_text("no audio")

    done = demo(tmp_path / name, temporary=temporary)

    assert done.returncode == 1
    assert re.fullmatch(rf"demo: .*{name}.*\n", done.stderr)
    assert not list(temporary.glob("genreclf-demo-*"))
