"""What a track is called in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beetsplug.genreclf.ui.text import visible

if TYPE_CHECKING:
    from beets.library import Item


def track_name(item: Item) -> str:
    """Return artist and title in one line; folder and file stand for no title."""
    path = item.filepath
    title = item.title or f"{path.parent.name}/{path.name}"
    return visible(f"{item.artist} - {title}" if item.artist else title)


def tracks_have(n_tracks: int) -> str:
    """Return the beginning of a sentence about a number of tracks."""
    return "1 track has" if n_tracks == 1 else f"{n_tracks} tracks have"
