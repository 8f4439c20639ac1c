"""A model's card as text for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from onnx_models import FRONT_END

import genre_model
from genre_model.model.card import Card
from genre_model.model.card_text import WIDTH, card_details, card_summary
from genre_model.model.model_file import read_model
from genre_model.model.source import bundled_model_names

if TYPE_CHECKING:
    from collections.abc import Iterator

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
#: As ``beet genreclf-train`` writes it.
PERSONAL = Card(
    "personal",
    ("Club Night", "Sunday"),
    FRONT_END,
    temperature=1.0,
    metrics={
        "grouped-cross-validation": {
            "accuracy": 0.81,
            "interval_95": [0.75, 0.86],
            "macro_f1": 0.72,
            "top_3": 0.97,
            "calibration_error": 0.04,
            "n_tracks": 232,
            "folds": 5,
            "leaky": False,
            "command": "beet genreclf-train",
            "baselines": {
                "majority": {"accuracy": 0.46, "macro_f1": 0.13, "top_3": 0.9},
                "genre_crnn_v1": {"accuracy": 0.5},
            },
            "genres": [
                {
                    "genre": "Club Night",
                    "precision": 0.8,
                    "recall": 0.75,
                    "f1": 0.774,
                    "tracks": 31,
                    "heard_as": ["Sunday", 6],
                },
                {"genre": "Sunday", "precision": 1.0, "recall": None, "heard_as": None},
            ],
        }
    },
    training={
        "method": "head",
        "parent": "genre_crnn_v1@1a2b3c4d",
        "n_tracks": 232,
        "n_artists": 57,
        "labels": {"Club Night": 31, "Sunday": 107},
        "snapshot": "0123456789abcdef" * 4,
        "strength": 0.01,
        "genre_balance": 1.0,
        "folds": 5,
        "command": "beet genreclf-train",
        "version": "0.1.0",
    },
    licence="mine",
)
PERSONAL_DETAILS = """\
  grouped-cross-validation: macro-F1 0.720, top-3 0.970, calibration error 0.040
  to compare, accuracy of majority 0.460 (macro-F1 0.130), genre_crnn_v1 0.500
  genre       precision     recall         F1     tracks
  Club Night      0.800      0.750      0.774         31  6 heard as Sunday
  Sunday          1.000          -          -          -
  trained with: method head, parent genre_crnn_v1@1a2b3c4d, n_tracks 232, n_artists 57,
    strength 0.01, genre_balance 1, folds 5, version 0.1.0
  snapshot of the labels: 0123456789ab
  grouped-cross-validation: beet genreclf-train
  licence: mine
"""
#: Values of wrong types and sizes for a text, a number, a list or an object.
ODD: list[Any] = [
    None, True, -1, 10**4000, float("nan"), float("inf"), "", "\x1b[2J\ud800\n\u202e",
    "x" * 10_000, [], [[[]]], [None, {}], {}, {"": {}}, {"\x1b[31m": "\x07"},
]  # fmt: skip
BARE = Card("bare", ("low", "high"), FRONT_END, temperature=1.0)


def test_the_summary_lists_genres_and_accuracies() -> None:
    assert card_summary("small@00112233", CARD).splitlines() == [
        "small@00112233",
        "  genres: low, high",
        "  fault: accuracy 0.703 (sd 0.013 over 5 seeds, 290 tracks)",
    ]


def test_the_summary_marks_leaky_protocols() -> None:
    leaky = {"random": MEASURED | {"leaky": True}, "fault": MEASURED}
    random, fault = card_summary("", replace(CARD, metrics=leaky)).splitlines()[2:]
    assert random.endswith(" LEAKY")
    assert "LEAKY" not in fault


def test_the_summary_of_a_personal_model() -> None:
    name, genres, accuracy = card_summary("personal@00112233", PERSONAL).splitlines()
    assert name == "personal@00112233"
    assert genres == "  genres (tracks): Club Night (31), Sunday (107)"
    expected = "accuracy 0.810 (95 % interval 0.750 to 0.860, 5 folds, 232 tracks)"
    assert accuracy == f"  grouped-cross-validation: {expected}"


def test_the_summary_lists_what_is_known_of_an_accuracy() -> None:
    card = replace(CARD, metrics={"fault": {"accuracy": 1}, "other": {"sd": 0.1}})
    assert card_summary("", card).splitlines()[2:] == ["  fault: accuracy 1.000"]


def test_the_summary_admits_that_nothing_was_measured() -> None:
    assert card_summary("", BARE).splitlines()[2:] == ["  accuracy: not measured"]


def test_details_begin_with_the_summary() -> None:
    details = card_details("small@00112233", CARD)
    assert details.startswith(card_summary("small@00112233", CARD) + "\n")


def test_details_list_training_and_measurements() -> None:
    assert card_details("", CARD).splitlines()[3:] == [
        "  trained with: recipe tiny, data two sounds, n_tracks 8",
        "  fault: genre-model evaluate gtzan --protocol fault",
        "  licence: CC0",
    ]


def test_details_of_a_personal_model() -> None:
    details = card_details("personal@00112233", PERSONAL).splitlines()[3:]
    assert details == PERSONAL_DETAILS.splitlines()


def test_details_tell_that_a_track_can_have_several_genres() -> None:
    several = replace(CARD, pool_logits=True, multi_label=True)
    lines = card_details("", several).splitlines()
    assert lines[3] == "  several genres at once"
    assert "  several genres at once" not in card_details("", CARD).splitlines()


def test_details_admit_what_is_unknown() -> None:
    assert card_details("", BARE).splitlines()[3:] == [
        "  trained with: not said",
        "  licence: not said",
    ]


def test_details_leave_out_an_unknown_command() -> None:
    by_hand = {name: MEASURED[name] for name in MEASURED if name != "command"}
    card = replace(CARD, metrics={"fault": by_hand})
    assert len(card_details("", card).splitlines()) == 5


def test_details_wrap_long_lines_between_words() -> None:
    licence = "long-hyphenated words " * 20 + "x" * (WIDTH + 10)
    lines = card_details("", replace(CARD, licence=licence)).splitlines()[5:]
    assert len(lines) > 4
    assert all(len(line) <= WIDTH for line in lines[:-1])
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == f"licence: {licence}"


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_cards_with_odd_values_are_printed(odd: Any) -> None:
    for card in cards_with(odd):
        text = card_details("odd\x1b[2J@00112233", card)
        assert text.encode()
        assert all(line.isprintable() for line in text.split("\n"))
        assert len(text) < 20_000


def test_cards_with_thousands_of_genres_are_printed() -> None:
    (measured,) = PERSONAL.metrics.values()
    metrics = {"": measured | {"genres": measured["genres"] * 1000}}
    lines = card_details("", replace(PERSONAL, metrics=metrics)).splitlines()
    assert len([line for line in lines if line.startswith("  Sunday")]) == 1


def cards_with(odd: Any) -> Iterator[Card]:
    """Put a value into each place of a card that holds one."""
    (measured,) = PERSONAL.metrics.values()
    yield replace(PERSONAL, metrics={"": odd})
    yield replace(PERSONAL, licence=odd)
    for place in PERSONAL.training:
        yield replace(PERSONAL, training=PERSONAL.training | {place: odd})
    yield replace(PERSONAL, training={"labels": dict.fromkeys(PERSONAL.genres, odd)})
    for place in (*measured, "sd", "seeds"):
        yield replace(PERSONAL, metrics={"": measured | {place: odd}})
    for place in ("interval_95", "genres"):
        yield replace(PERSONAL, metrics={"": measured | {place: [odd, odd]}})
    yield replace(PERSONAL, metrics={"": measured | {"baselines": {"x": odd}}})
    yield replace(
        PERSONAL, metrics={"": measured | {"baselines": {"x": {"accuracy": odd}}}}
    )
    for place in ("genre", "precision", "tracks", "heard_as"):
        row = measured["genres"][0] | {place: odd}
        yield replace(PERSONAL, metrics={"": measured | {"genres": [row]}})
    row = measured["genres"][0] | {"heard_as": [odd, odd]}
    yield replace(PERSONAL, metrics={"": measured | {"genres": [row]}})


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
