"""A model's card as text for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from onnx_models import FRONT_END

import genre_model
from genre_model.card_text import WIDTH, card_details, card_summary
from genre_model.model_file import Card, bundled_model_names, read_model

#: What a card says of one protocol.
MEASURED: dict[str, Any] = {
    "accuracy": 0.70349,
    "sd": 0.0125,
    "seeds": 5,
    "n_tracks": 290,
    "leaky": False,
    "command": "genre-model evaluate gtzan --protocol fault",
}
CARD = Card(
    "small",
    ("low", "high"),
    FRONT_END,
    temperature=1.0,
    metrics={"fault": MEASURED},
    training={"recipe": "tiny", "data": "two sounds", "n_tracks": 8, "seed": 3},
    licence="CC0",
)
BARE = Card("bare", ("low", "high"), FRONT_END, temperature=1.0)


class TestSummary:
    def test_says_what_it_hears_and_how_often_it_is_right(self) -> None:
        assert card_summary("small@00112233", CARD).splitlines() == [
            "small@00112233",
            "  genres: low, high",
            "  fault: accuracy 0.703 (sd 0.013 over 5 seeds, 290 tracks)",
        ]

    def test_says_that_a_protocol_leaks(self) -> None:
        leaky = {"random": MEASURED | {"leaky": True}, "fault": MEASURED}
        random, fault = card_summary("", replace(CARD, metrics=leaky)).splitlines()[2:]
        assert random.endswith(" LEAKY")
        assert "LEAKY" not in fault

    def test_says_that_nothing_was_measured(self) -> None:
        assert card_summary("", BARE).splitlines()[2:] == ["  accuracy: not measured"]


class TestDetails:
    def test_begins_with_the_summary(self) -> None:
        details = card_details("small@00112233", CARD)
        assert details.startswith(card_summary("small@00112233", CARD) + "\n")

    def test_says_where_the_model_comes_from_and_how_it_was_measured(self) -> None:
        assert card_details("", CARD).splitlines()[3:] == [
            "  trained with: recipe tiny, data two sounds, n_tracks 8",
            "  fault: genre-model evaluate gtzan --protocol fault",
            "  licence: CC0",
        ]

    def test_admits_what_is_not_known(self) -> None:
        assert card_details("", BARE).splitlines()[3:] == [
            "  trained with: not said",
            "  licence: not said",
        ]

    def test_leaves_out_a_command_that_is_not_known(self) -> None:
        by_hand = {name: MEASURED[name] for name in MEASURED if name != "command"}
        card = replace(CARD, metrics={"fault": by_hand})
        assert len(card_details("", card).splitlines()) == 5

    def test_wraps_long_lines_without_losing_or_parting_a_word(self) -> None:
        licence = "long-hyphenated words " * 20 + "x" * (WIDTH + 10)
        lines = card_details("", replace(CARD, licence=licence)).splitlines()[5:]
        assert len(lines) > 4
        assert all(len(line) <= WIDTH for line in lines[:-1])
        assert all(line.startswith("    ") for line in lines[1:])
        assert " ".join(line.strip() for line in lines) == f"licence: {licence}"


@pytest.mark.parametrize("name", bundled_model_names())
def test_the_card_of_a_bundled_model(name: str) -> None:
    model = read_model(name)
    details = card_details(model.model_id, model.card)
    assert details.startswith(f"{name}@")
    assert "not measured" not in details
    assert "not said" not in details


def test_the_package_offers_functions_which_no_module_of_that_name_hides() -> None:
    assert genre_model.card_details is card_details
    assert genre_model.card_summary is card_summary
    assert not genre_model._MODULE_OF.keys() & set(genre_model._MODULE_OF.values())
