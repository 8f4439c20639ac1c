"""Sweeps: what is trained, what is compared, what is refused."""

from __future__ import annotations

import argparse
import copy
import io
import json
import logging
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from gtzan_folder import write_pictures
from tiny_recipe import tiny_recipe

from genre_model.cli.sweep import add_sweep, sweep
from genre_model.errors import GenreModelError, RecipeError, TrainingDataError
from genre_model.training.data.protocols import folds_of
from genre_model.training.fit.experiment import run_training
from genre_model.training.recipe import read_recipe, recipe_from_toml
from genre_model.training.search.sweep import plan_sweep, run_sweep, sweep_text
from genre_model.training.search.variants import (
    BaseRecipe,
    Validation,
    parse_variation,
    recipe_toml,
    toml_value,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.fit.experiment import Training

RUN_TRAINING = "genre_model.training.fit.experiment.run_training"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks 0 to 14 of each genre; whoever opens a test track finds it broken."""
    root = write_pictures(tmp_path_factory.mktemp("gtzan"), range(15))
    (fold,) = folds_of("fault-filtered")
    broken = [
        path for path in (root / "mel_png").rglob("*.png") if path.stem in set(fold.test)
    ]
    assert len(broken) > 20
    for path in broken:
        path.write_bytes(b"test tracks choose nothing")
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> BaseRecipe:
    path = tmp_path_factory.mktemp("recipes") / "tiny.toml"
    path.write_text(recipe_toml(tiny_recipe()), "utf-8")
    return BaseRecipe(str(path), (), pictures=True)


def validation(folder: Path, out: Path, **changes: Any) -> Validation:
    return replace(
        Validation(folder, out, "fault-filtered", n_seeds=2, source="pictures"), **changes
    )


VARY = ["training.learning_rate=5e-3,1e-2", "network_options.dense=[8]"]
Swept = tuple[dict[str, Any], "Path", str]


@pytest.fixture(scope="module")
def swept(
    folder: Path, base: BaseRecipe, tmp_path_factory: pytest.TempPathFactory
) -> Swept:
    """Three values, two of which are the recipe's own: the report, the runs, the log."""
    out = tmp_path_factory.mktemp("sweep")
    messages = io.StringIO()
    handler = logging.StreamHandler(messages)
    logging.getLogger().addHandler(handler)
    report = run_sweep(plan_sweep(base, VARY), validation(folder, out), 1)
    logging.getLogger().removeHandler(handler)
    return report, out, messages.getvalue()


def test_the_base_is_trained_once(swept: Swept) -> None:
    report, out, _ = swept
    names = sorted(path.name for path in out.iterdir())
    assert [re.sub("-[0-9a-f]+$", "", name) for name in names] == [
        "base",
        "training_learning_rate_0_01",
    ]
    rate, dense = report["settings"]
    assert [row["is_base"] for row in rate["values"]] == [True, False]
    assert dense["values"] == [{"value": 8} | report["base"]]
    assert rate["values"][0] == {"value": 0.005} | report["base"]


def test_the_numbers_are_of_the_validation_tracks(swept: Swept, folder: Path) -> None:
    report, out, _ = swept
    (fold,) = folds_of("fault-filtered")
    there = {path.stem for path in (folder / "mel_png").rglob("*.png")}
    assert report["n_tracks"] == len(there & set(fold.valid)) > 0
    for name in (path.name for path in out.iterdir()):
        text = (out / name / "fault-filtered" / "valid_scores.json").read_text()
        scores = json.loads(text)
        assert set(scores["track_ids"]) == there & set(fold.valid)
        assert scores["accuracies"] == pytest.approx(
            [sum(row) / len(row) for row in scores["right"]]
        )
    row = report["settings"][0]["values"][1]
    base = report["base"]
    assert row["difference"] == pytest.approx(row["accuracy"] - base["accuracy"])
    assert 0 <= row["p_value"] <= 1
    assert row["n_parameters"] == base["n_parameters"] > 100
    assert row["accuracy_sd"] is not None


def test_test_tracks_are_not_opened(swept: Swept) -> None:
    _, out, messages = swept
    assert "valid tracks are missing" in messages
    assert "skipped" not in messages, "the broken test tracks"
    (fold,) = folds_of("fault-filtered")
    written = "".join(path.read_text() for path in out.rglob("*.json"))
    named = set(re.findall(r"[a-z]+\.\d{5}", written))
    assert named & set(fold.train)
    assert not named & set(fold.test)


def test_a_rerun_trains_nothing(
    swept: Swept, folder: Path, base: BaseRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, out, _ = swept
    monkeypatch.setattr(RUN_TRAINING, lambda _: pytest.fail("trained"))
    assert run_sweep(plan_sweep(base, VARY), validation(folder, out), 1) == report


def test_the_command_writes_what_it_prints(
    swept: Swept, folder: Path, base: BaseRecipe, capsys: pytest.CaptureFixture[str]
) -> None:
    report, out, _ = swept
    parser = argparse.ArgumentParser()
    add_sweep(parser.add_subparsers(dest="command"))
    arguments = ["sweep", base.name, "--data", str(folder), "--out", str(out)]
    arguments += [word for one in VARY for word in ("--vary", one)]
    assert sweep(parser.parse_args([*arguments, "--seeds", "2", "--jobs", "2"])) == 0
    assert json.loads((out / "sweep.json").read_text()) == report
    assert capsys.readouterr().out == f"{sweep_text(report)}\n"
    (out / "sweep.json").unlink()


def test_a_rerun_finishes_what_was_interrupted(
    swept: Swept, folder: Path, base: BaseRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, out, _ = swept
    (scores,) = out.glob("base-*/*/valid_scores.json")
    scores.unlink()
    (model,) = out.glob("base-*/*/*/seed-1/model.onnx")
    model.unlink()
    trained = []

    def counting(training: Training) -> None:
        trained.append(training.run_folder.is_complete)
        run_training(training)

    monkeypatch.setattr(RUN_TRAINING, counting)
    again = run_sweep(plan_sweep(base, VARY), validation(folder, out), 1)
    assert trained == [True, False]
    # Only the time differs.
    assert again["base"] | {"seconds": 0} == report["base"] | {"seconds": 0}


def test_scores_of_other_data_are_not_taken(
    swept: Swept, folder: Path, base: BaseRecipe, tmp_path: Path
) -> None:
    data, runs = tmp_path / "gtzan", tmp_path / "runs"
    shutil.copytree(folder, data)
    shutil.copytree(swept[1], runs)
    (fold,) = folds_of("fault-filtered")
    there = {path.stem: path for path in (data / "mel_png").rglob("*.png")}
    sweep = plan_sweep(base, VARY)
    report = run_sweep(sweep, validation(data, runs), 1)
    there[next(name for name in fold.test if name in there)].unlink()
    assert run_sweep(sweep, validation(data, runs), 1) == report
    there[next(name for name in fold.valid if name in there)].unlink()
    fewer = run_sweep(sweep, validation(data, runs), 1)
    assert fewer["n_tracks"] == report["n_tracks"] - 1
    there[next(name for name in fold.train if name in there)].unlink()
    with pytest.raises(GenreModelError, match=r"2 of 2 variants .*settings or tracks"):
        run_sweep(sweep, validation(data, runs), 1)


def test_the_table_has_a_line_per_value(swept: Swept) -> None:
    text = sweep_text(swept[0])
    assert re.search(r"^  \* 0\.005 +\d+ .* - +-$", text, re.MULTILINE)
    assert re.search(r"^    0\.01 +\d+ .* [+-]\d+\.\d +[01]\.\d{3}$", text, re.MULTILINE)
    assert "paired t-test over tracks, uncorrected for 1 test(s)" in text
    report = copy.deepcopy(swept[0]) | {"seeds": 1}
    del report["settings"][0]["values"][0]
    text = sweep_text(report)
    assert re.search(r"^training\.learning_rate\n.*\n  \* as it is ", text, re.MULTILINE)
    assert "McNemar's exact test" in text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1e-2,1e-3", [1e-2, 1e-3]),
        ("a.b=16", [16]),
        ("a.b=[16, 32]", [16, 32]),
        ("a.b=[3, 3],[5, 5]", [[3, 3], [5, 5]]),
        ("a.b=[[3, 3], [5, 5]]", [[3, 3], [5, 5]]),
        ("a.b=[[3, 3]]", [[3, 3]]),
        ('a.b="gru","lstm, peephole"', ["gru", "lstm, peephole"]),
        ("a.b = true, false", [True, False]),
    ],
)
def test_values_are_toml(text: str, values: list[Any]) -> None:
    assert parse_variation(text) == ("a.b", values)


@pytest.mark.parametrize(
    ("vary", "complaint"),
    [
        (["training.batch_size"], "write section.name=value,value"),
        (["training.batch_size="], "write section.name=value,value"),
        (["training.batch_size=[]"], "gives no value"),
        (["training.precision=32-true"], "no TOML values .* need quotes"),
        (["training.patience=3"], "'training.patience=3' changes no setting"),
        (['training.batch_size="16"'], "batch_size is '16'; expected int"),
        (["network_options.dense=-4"], "network_options.dense=-4: network"),
        (["training.epochs=1,2", "training.epochs=3"], "epochs is given twice"),
    ],
)
def test_mistakes_are_named_before_any_training(
    base: BaseRecipe, vary: list[str], complaint: str
) -> None:
    with pytest.raises(RecipeError, match=complaint):
        plan_sweep(base, vary)


def test_a_protocol_without_validation_tracks_is_refused(
    folder: Path, base: BaseRecipe, tmp_path: Path
) -> None:
    bare = validation(folder, tmp_path, protocol="artist-folds")
    with pytest.raises(TrainingDataError, match="folds without validation tracks"):
        run_sweep(plan_sweep(base, []), bare, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["gtzan_crnn", "c4_lstm"])
def test_a_recipe_is_read_back_as_it_was_written(name: str) -> None:
    recipe = read_recipe(name)
    options = {"text": 'a "b"\n\\', "table": {"a b": [1.5, [True]]}, "empty": {}}
    recipe = replace(recipe, network_options=recipe.network_options | options)
    assert recipe_from_toml(name, recipe_toml(recipe)) == recipe


def test_folders_of_variants_differ(base: BaseRecipe) -> None:
    values = ["a" * 300, "a" * 301, "Ä/..", "Ä:..", "CON"]
    names = [
        replace(
            base.variant(),
            changes=(f"training.precision={toml_value(value)}",),
            recipe=replace(
                base.variant().recipe, network_options={"text": value, "n": number}
            ),
        ).folder_name
        for number, value in enumerate(values)
    ]
    assert len({name.lower() for name in names}) == len(values)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name) for name in names)
