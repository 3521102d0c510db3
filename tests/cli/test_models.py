"""``ducktypist models``: what is shown of plans, and what may be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ducktypist import config
from ducktypist.cli import cli
from ducktypist.cli.models import Size
from ducktypist.models.catalog import load_catalogue
from support.gguf_files import gguf

A_24_GB_CARD = ("--vram", "24GB", "--ram", "64GB")


def run(*arguments: str) -> Result:
    """Run a command as a person does."""
    return CliRunner().invoke(cli, ["models", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    """Return what the command says as JSON."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("24GB", 24 * 10**9),
        ("24gb", 24 * 10**9),
        ("24G", 24 * 10**9),
        ("24GiB", 24 * 2**30),
        ("24000MB", 24 * 10**9),
        ("1.5 TiB", 3 * 2**39),
        ("512KiB", 512 * 1024),
        ("0", 0),
        ("1000000", 10**6),
    ],
)
def test_sizes_are_understood(text: str, n_bytes: int) -> None:
    """In powers of ten and of two."""
    assert Size().convert(text, None, None) == n_bytes


@pytest.mark.parametrize("text", ["", "much", "24 elephants", "-1GB", "24 GBit", "1e3GB", "9999TB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With the form that is understood."""
    with pytest.raises(click.BadParameter, match="24GB"):
        Size().convert(text, None, None)


def test_a_card_that_one_does_not_have() -> None:
    """Every file of the catalogue is planned for it, and says that nothing was measured."""
    found = told("--all", *A_24_GB_CARD)
    assert found["machine"]["is_asked_for"] is True
    assert found["machine"]["memory_bytes"] == 64 * 10**9
    by_name = {one["name"]: one for one in found["models"]}
    assert by_name.keys() == {entry.name for entry in load_catalogue().entries}
    oss = by_name["gpt-oss-20b-mxfp4"]
    assert (oss["n_gpu_layers"], oss["n_layers"], oss["rates_from"]) == (25, 25, "rule of thumb")
    large = by_name["qwen2.5-coder-32b-instruct-q8_0"]
    assert 0 < large["n_gpu_layers"] < large["n_layers"]
    for one in found["models"]:
        parts = one["needs"]["all"]
        whole = parts.pop("total_bytes")
        assert sum(parts.values()) == whole
        assert one["reasons"]


def test_a_larger_context_takes_a_larger_cache() -> None:
    """In proportion, and half of it in half the bits."""
    asked = ("qwen2.5-coder-7b-instruct", *A_24_GB_CARD)
    small, large, halved = (
        told(*asked, *more)["models"][0]["needs"]["all"]["cache_bytes"]
        for more in (("--ctx", "4096"), ("--ctx", "8192"), ("--ctx", "8192", "--kv-type", "q8_0"))
    )
    assert large == 2 * small
    assert halved == large * 8.5 / 16


def test_without_all_each_model_is_there_once_or_has_a_reason() -> None:
    """Fewer rows than files."""
    found = told(*A_24_GB_CARD)["models"]
    assert {one["model"] for one in found} == {entry.model for entry in load_catalogue().entries}
    assert len(found) < len(load_catalogue().entries)


def test_a_person_sees_a_table() -> None:
    """With the machine above it, what the marks mean below, and reasons when asked for."""
    result = run(*A_24_GB_CARD)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("as asked, not this machine: 24.0 GB free on a card")
    assert "codestral-22b-v0.1-q4_k_m" in result.output
    assert "MNPL-0.1 NC" in result.output
    assert "~ worked out" in result.output
    with_reasons = run(*A_24_GB_CARD, "--why").output
    assert len(with_reasons) > len(result.output)
    assert "codestral-22b-v0.1-q4_k_m: " in with_reasons


def test_one_model_in_full() -> None:
    """Licence, place, parameters in use, what it takes and where the speed comes from."""
    result = run("qwen3-coder-30b", *A_24_GB_CARD)
    assert result.exit_code == 0, result.output
    for part in (
        "qwen3-coder-30b-a3b-instruct-q4_k_m, Q4_K_M: ",
        "Apache-2.0",
        "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF (not the makers')",
        "30.53 billion, of which a token uses 3.35 billion",
        "~18.6 GB",
        "a rule of thumb",
    ):
        assert part in result.output
    assert "which forbids commercial use" in run("codestral", *A_24_GB_CARD).output


def test_a_file_of_ones_own_is_planned_from_its_header(tmp_path: Path) -> None:
    """It is in no catalogue, so nothing says its licence."""
    file = tmp_path / "own.gguf"
    file.write_bytes(gguf())
    one = told(str(file), *A_24_GB_CARD)["models"][0]
    assert (one["is_here"], one["is_about"], one["licence"]) == (True, False, None)
    assert one["file_bytes"] == file.stat().st_size


def test_a_file_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    """The others are planned all the same."""
    file = tmp_path / "own.gguf"
    file.write_bytes(b"no model at all")
    settings = config.user_config_path()
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[model]\nname = "{file}"\n')
    result = run(*A_24_GB_CARD)
    assert result.exit_code == 0, result.output
    assert f"{file} is left out: " in result.stderr
    assert "qwen2.5-coder-7b" in result.stdout


def test_what_nobody_knows_is_said() -> None:
    """A model of the hub has to be here first."""
    result = run("hf:owner/some-GGUF:Q4_K_M")
    assert result.exit_code == 1
    assert "nothing is known of hf:owner/some-GGUF:Q4_K_M before it is here" in result.output
    assert "no model is called" in run("no-such-model").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vram", "lots"), "'lots' is no size; write it as 24GB, 24GiB or 24000MB"),
        (("--ctx", "12"), "12 is not in the range"),
        (("--kv-type", "q2"), "'q2' is not one of"),
    ],
)
def test_a_bad_option_is_refused(arguments: tuple[str, ...], message: str) -> None:
    """Before anything is looked for."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
