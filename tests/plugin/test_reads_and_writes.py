"""How often one track is read and stored; each time costs a large library minutes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from beets.library import Item, Library
from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")


def test_one_tagged_track_is_read_and_stored_at_most_twice(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")
    home.beet("version")  # opens the library once
    calls: Counter[str] = Counter()

    def count(owner: type, name: str, moment: str = "") -> None:
        original = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            after = " after the write" if moment and calls["save"] else ""
            calls[f"{name}{after}"] += 1
            return original(*args, **options)

        monkeypatch.setattr(owner, name, counted)

    count(Library, "get_item")
    count(Item, "store")
    count(MediaFile, "__init__", "of the write")
    count(MediaFile, "save")
    home.beet("genreclf")

    assert home.item("Song").genres == ["Rock"]
    assert calls["save"] == 1
    assert calls["__init__"] <= 2
    assert calls["__init__ after the write"] <= 1
    assert calls["get_item"] <= 2 + 1, "beets itself asks once for the first row"
    assert calls["store"] <= 2
