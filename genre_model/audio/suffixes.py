"""Suffixes of the files that a folder is searched for."""

from __future__ import annotations

AUDIO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("aac", "aif", "aiff", "alac", "ape", "asf", "au", "dsf", "flac", "m4a", "m4b"),
        *("mka", "mp2", "mp3", "mp4", "mpc", "oga", "ogg", "opus", "wav", "wma", "wv"),
    )
)
