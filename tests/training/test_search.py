"""Searches: what is tried, what survives a kill, what is refused."""

from __future__ import annotations

import argparse
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from gtzan_folder import write_pictures
from tiny_recipe import tiny_recipe

from genre_model.cli.search import add_search, search
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.training.data.protocols import folds_of
from genre_model.training.recipe import read_recipe
from genre_model.training.search import variants
from genre_model.training.search.search import Search, Study, run_search
from genre_model.training.search.search_space import read_search_space
from genre_model.training.search.variants import (
    BaseRecipe,
    Validation,
    ValidScores,
    VariantJob,
    recipe_toml,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPACE = """
[[setting]]
name = "training.learning_rate"
low = 1e-4
high = 1e-2
log = true

[[setting]]
name = "network_options.dense"
low = 4
high = 12
step = 4

[[setting]]
name = "network_options.filters"
choices = [[2, 4], [3, 5]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks 0 to 14 of each genre, without the test tracks."""
    root = write_pictures(tmp_path_factory.mktemp("gtzan"), range(15))
    (fold,) = folds_of("fault-filtered")
    for name in fold.test:
        for path in (root / "mel_png").rglob(f"{name}.png"):
            path.unlink()
    return root


@pytest.fixture
def plan(folder: Path, tmp_path: Path) -> Search:
    """A search of three trials."""
    (tmp_path / "tiny.toml").write_text(recipe_toml(tiny_recipe()), "utf-8")
    (tmp_path / "space.toml").write_text(SPACE, "utf-8")
    return Search(
        base=BaseRecipe(str(tmp_path / "tiny.toml"), (), pictures=True),
        space=read_search_space(tmp_path / "space.toml"),
        validation=Validation(
            folder,
            tmp_path / "{study}? 100 %",
            "fault-filtered",
            n_seeds=1,
            source="pictures",
        ),
        study_path=tmp_path / "{study}? 100 %.db",
        n_trials=3,
        seed=0,
    )


@dataclass
class Judge:
    """Stands for trainings: the loss is that of a formula."""

    tried: list[dict[str, Any]]
    loss_of: Callable[[dict[str, Any]], float]

    def scores(self, job: VariantJob) -> ValidScores:
        recipe = job.variant.recipe
        settings = recipe.network_options | {"rate": recipe.training.learning_rate}
        loss = self.loss_of(settings)
        self.tried.append(settings)
        return ValidScores("", "pictures", "", None, None, ["blues.00000"], [1], [loss], [])


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    judge = Judge([], lambda settings: abs(settings["dense"] - 8) + settings["rate"])

    def scores(job: VariantJob) -> ValidScores:
        return judge.scores(job)

    monkeypatch.setattr(variants.VariantJob, "run", lambda _: None)
    monkeypatch.setattr(variants.VariantJob, "scores", scores)
    return judge


def test_two_workers_train_and_a_rerun_adds(
    folder: Path, plan: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    root = plan.study_path.parent
    parser = argparse.ArgumentParser()
    add_search(parser.add_subparsers(dest="command"))
    arguments = ["search", plan.base.name, "--space", str(root / "space.toml")]
    arguments += ["--data", str(folder), "--study", str(plan.study_path)]
    arguments += ["--set", "training.label_smoothing=0.0", "--workers", "2", "--trials"]
    assert search(parser.parse_args([*arguments, "2"])) == 0
    assert len(list(plan.validation.out.glob("*/fault-filtered/valid_scores.json"))) == 2
    printed = capsys.readouterr().out
    assert "best of 2 scored trials (0 impossible): trial " in printed
    flags = printed.splitlines()[1].split("genre-model train ")[1]
    best = read_recipe(str(plan.validation.out / "best.toml"))
    assert "--set training.label_smoothing=0.0" in flags
    assert f"--set training.learning_rate={best.training.learning_rate!r}" in flags
    assert best.training.label_smoothing == 0
    assert search(parser.parse_args([*arguments, "2"])) == 0
    assert capsys.readouterr().out == printed
    assert sorted(path.name for path in root.glob("*.running/*")) == []


def test_it_finds_the_minimum(plan: Search, judge: Judge) -> None:
    result = run_search(replace(plan, n_trials=15), 1)
    assert len(judge.tried) == result.n_scored == 15
    losses = [judge.loss_of(settings) for settings in judge.tried]
    assert result.best_loss == min(losses) < 0.01
    assert result.variant.recipe.network_options["dense"] == 8
    assert {tuple(one["filters"]) for one in judge.tried} == {(2, 4), (3, 5)}
    assert {one["dense"] for one in judge.tried} == {4, 8, 12}
    assert all(1e-4 <= one["rate"] <= 1e-2 for one in judge.tried)


def test_the_seed_decides_and_a_resumed_search_goes_on(plan: Search, judge: Judge) -> None:
    run_search(replace(plan, n_trials=8), 1)
    whole, judge.tried = judge.tried, []
    study_path = plan.study_path.with_name("resumed.db")
    for n_trials in (3, 8):
        run_search(replace(plan, n_trials=n_trials, study_path=study_path), 1)
    assert judge.tried == whole
    judge.tried = []
    other = plan.study_path.with_name("other.db")
    run_search(replace(plan, n_trials=3, study_path=other, seed=1), 1)
    assert judge.tried != whole[:3]


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def test_what_was_interrupted_is_tried_again(
    plan: Search, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def killed(job: VariantJob) -> None:
        seen.append(job.variant.recipe.network_options)
        if len(seen) == 2:
            raise Killed

    monkeypatch.setattr(variants.VariantJob, "run", killed)
    with pytest.raises(Killed):
        run_search(plan, 1)
    result = run_search(plan, 1)
    assert seen[2] == seen[1]
    assert result.n_scored == len(judge.tried) == 3


def test_settings_that_kill_are_given_up(plan: Search) -> None:
    tried = []
    for _ in range(5):
        with Study(plan) as study, study.next_trial() as trial:
            assert trial is not None
            tried.append(trial.params)
    assert tried[0] == tried[1] == tried[2] != tried[3] == tried[4]


def test_trials_of_the_living_are_left_alone(plan: Search) -> None:
    plan = replace(plan, n_trials=2)
    with (
        Study(plan) as one,
        Study(plan) as other,
        one.next_trial() as first,
        other.next_trial() as second,
        one.next_trial() as third,
    ):
        assert first is not None
        assert second is not None
        assert first.params != second.params
        assert third is None, "both are being tried"
        one.finish(first, 1.5)
        other.give_up(second, "too little memory")
        result = one.result()
    assert (result.n_scored, result.n_impossible) == (1, 1)
    assert (result.best_number, result.best_loss) == (0, 1.5)


def test_impossible_settings_end_no_search(
    plan: Search, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    judge.loss_of = lambda settings: 1.0 if settings["dense"] == 8 else float("nan")
    result = run_search(replace(plan, n_trials=8), 1)
    assert result.variant.recipe.network_options["dense"] == 8
    assert result.n_scored + result.n_impossible == 8
    assert "the training diverged" in caplog.text
    judge.loss_of = lambda _: float("inf")
    other = replace(plan, study_path=plan.study_path.with_name("other.db"))
    with pytest.raises(RecipeError, match=r"no trial could be scored.*diverged"):
        run_search(other, 1)


def test_a_study_of_another_search_is_refused(plan: Search, judge: Judge) -> None:
    run_search(plan, 1)
    more_seeds = replace(plan, validation=replace(plan.validation, n_seeds=2))
    with pytest.raises(TrainingDataError, match=r"%\.db is a search with another"):
        run_search(more_seeds, 1)
    other = replace(plan, base=replace(plan.base, changes=("training.epochs=7",)))
    with pytest.raises(TrainingDataError, match=r"%\.db is a search with another"):
        run_search(other, 1)
    assert len(judge.tried) == plan.n_trials


def test_a_file_that_is_no_study_is_left_alone(plan: Search, judge: Judge) -> None:
    plan.study_path.write_bytes(b"something else")
    with pytest.raises(TrainingDataError, match=r"%\.db is no study"):
        run_search(plan, 1)
    assert plan.study_path.read_bytes() == b"something else"
    plan.study_path.unlink()
    with sqlite3.connect(plan.study_path) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    database.close()
    with pytest.raises(TrainingDataError, match=r"%\.db is no study"):
        run_search(plan, 1)
    assert not judge.tried


def test_test_tracks_choose_nothing(plan: Search, judge: Judge) -> None:
    bare = replace(plan, validation=replace(plan.validation, protocol="stratified-80-20"))
    with pytest.raises(TrainingDataError, match="folds without validation tracks"):
        run_search(bare, 1)
    assert not judge.tried


@pytest.mark.usefixtures("judge")
def test_nothing_of_optuna_is_printed(
    plan: Search, capfd: pytest.CaptureFixture[str]
) -> None:
    run_search(plan, 1)
    printed = "".join(capfd.readouterr())
    # Our own lines depend on the level that somebody set; Optuna's begin like this.
    assert not [mark for mark in ("[I ", "[W ", "A new study", "\x1b") if mark in printed]


@pytest.mark.parametrize(
    ("space", "complaint"),
    [
        ("", r"no \[\[setting\]\]"),
        ("low = 1", "unknown key low"),
        ("[setting]\nname = 'a'", r"no \[\[setting\]\]"),
        ("[[setting]]\nlow = 1\nhigh = 2", "name is missing"),
        (SPACE + SPACE, "training.learning_rate is there twice"),
        ("[[setting]\n", "space.toml: "),
    ],
)
def test_mistakes_of_a_space_are_named(tmp_path: Path, space: str, complaint: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text(space, "utf-8")
    with pytest.raises(RecipeError, match=complaint) as caught:
        read_search_space(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ("low = 1", "'high'"),
        ("low = '1'\nhigh = 2", "low is '1'"),
        ("low = 0.1\nhigh = inf", "high is inf"),
        ("low = 3\nhigh = 2", "low <= high"),
        ("low = 0\nhigh = 2\nlog = true", "low >= 1"),
        ("low = 0\nhigh = 5\nstep = 2", "not divisible by `step`"),
        ("low = 0\nhigh = 5\nstepp = 1", "'stepp'"),
        ("choices = [1]\nlow = 0", "'low'"),
        ("choices = 3", "choices is 3; .* array of choices"),
        ("choices = []", "one or more elements"),
    ],
)
def test_mistakes_of_a_setting_are_named(
    tmp_path: Path, values: str, complaint: str
) -> None:
    path = tmp_path / "space.toml"
    path.write_text(f"[[setting]]\nname = 'a.b'\n{values}", "utf-8")
    with pytest.raises(RecipeError, match=f"a.b: .*{complaint}"):
        read_search_space(path)


def test_a_space_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cannot read search space .*space\.toml"):
        read_search_space(tmp_path / "space.toml")


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("name = 'training.rate'\nlow = 1.0\nhigh = 2.0", "changes no setting"),
        ("name = 'training.epochs'\nlow = 1.0\nhigh = 2.0", "epochs is 1.0; expected int"),
        ("name = 'network_options.dense'\nchoices = [8, -1]", "dense=-1: network"),
    ],
)
def test_a_space_must_suit_the_recipe(
    plan: Search, judge: Judge, setting: str, complaint: str
) -> None:
    path = plan.study_path.with_name("bad.toml")
    path.write_text(f"[[setting]]\n{setting}", "utf-8")
    with pytest.raises(RecipeError, match=complaint):
        run_search(replace(plan, space=read_search_space(path)), 1)
    assert not plan.study_path.exists()
    assert not judge.tried
