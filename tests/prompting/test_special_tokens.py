from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.prompting.special_tokens import neutralise, restore

SPECIAL = [
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|file_sep|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<\uff5cfim▁begin\uff5c>",
    "<\uff5cend▁of▁sentence\uff5c>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<eos>",
    "<bos>",
    "<pad>",
    "<unk>",
    "<s>",
    "</s>",
    "<fim_prefix>",
    "<fim-suffix>",
    "<fim_middle>",
    "<repo_name>",
    "<reponame>",
    "<file_sep>",
    "<PRE>",
    "<SUF>",
    "<MID>",
    "<EOT>",
    "[INST]",
    "[/INST]",
    "[SYS]",
    "[PREFIX]",
    "[SUFFIX]",
    "[AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "<<SYS>>",
    "<</SYS>>",
]

ORDINARY = [
    "a <|b",
    "a <| b |> c",
    "x = a < b | c > d",
    "List<String>",
    "if (a <b> c)",
    "items[INSTANCE]",
    "values[PREFIX_LENGTH]",
    "table[index]",
    "<div>text</div>",
    "<span>s</span>",
    "x <<= 1; y >>= 2",
    "cat <<EOF",
    "a <- b; c -> d",
    "#include <stdio.h>",
    "template <typename T>",
    "f(<-ch)",
    "data |> map(f) |> sum",
    "[|1; 2|]",
]


@pytest.mark.parametrize("token", SPECIAL)
def test_special_token_is_broken_up_and_put_together_again(token: str) -> None:
    """Markup that could steer a model is not in the prompt, and comes back in an answer."""
    code = f'SEPARATOR = "{token}"\n{token}{token}'
    safe = neutralise(code)
    assert token not in safe
    assert restore(safe) == code


@pytest.mark.parametrize("code", ORDINARY)
def test_ordinary_code_is_untouched(code: str) -> None:
    """Comparison signs, generics, pipes and subscripts are not markup."""
    assert neutralise(code) == code


@given(st.text(alphabet="<>|[]/_ aimendINST\uff5c\n", max_size=60))
def test_round_trip(text: str) -> None:
    """Neutralising loses nothing, and once is enough."""
    safe = neutralise(text)
    assert restore(safe) == text
    assert neutralise(safe) == safe
    assert not [token for token in SPECIAL if token in safe]
