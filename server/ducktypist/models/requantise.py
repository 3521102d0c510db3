"""A model on this machine in another quantisation, made from the file that is here.

The quantiser is llama.cpp's and runs in a process of its own. The result is a local file under a
name that says what it is; it is never put beside what was fetched and checked.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from ducktypist.errors import ModelError
from ducktypist.models.ggml import FILE_TYPES
from ducktypist.models.gguf import read_header
from ducktypist.models.store import StoredModel
from ducktypist.models.transfer import require_space

FOLDER: Final = "requantised"
MODULE: Final = "ducktypist.engine.llama_quantise"
MAX_SAID_CHARS: Final = 400
_FLOATS: Final = frozenset({"F32", "F16", "BF16"})


def requantised(model: StoredModel, quantisation: str, *, store: Path) -> Path:
    """Return the path of a model in another quantisation; made when it is not there yet.

    Args:
        model: The file to make it from.
        quantisation: Such as ``Q8_0``; a name of ``enum llama_ftype``.
        store: The folder of the model files.

    Raises:
        ModelError: There is no such quantisation, no room, or the quantiser refuses.
    """
    wanted = quantisation.upper()
    numbers = {name: number for number, name in FILE_TYPES.items()}
    if wanted not in numbers:
        raise ModelError(
            f"no quantisation is called {quantisation!r:.40}; known are {', '.join(numbers)}"
        )
    if wanted == model.quantisation:
        raise ModelError(f"{model.name} is {wanted} already")
    target = store / FOLDER / f"{model.path.stem}--requantised-{wanted.lower()}.gguf"
    if target.is_file():
        return target
    bits = 32 if wanted in _FLOATS else 10
    require_space(target.parent, model.n_parameters * bits // 8)
    part = target.with_suffix(".part")
    try:
        run = subprocess.run(  # noqa: S603 - our own module and paths
            [sys.executable, "-m", MODULE, str(model.path), str(part), str(numbers[wanted])],
            capture_output=True,
            check=False,
        )
        if run.returncode != 0:
            said = run.stderr.decode("utf-8", "replace").strip()[-MAX_SAID_CHARS:]
            raise ModelError(f"llama.cpp's quantiser failed ({run.returncode}): {said}")
        header = read_header(part)
        if header.missing_bytes or header.quantisation != wanted:
            raise ModelError(
                f"the quantiser made a file of {header.quantisation or 'no type'} instead of "
                f"{wanted}; nothing was kept"
            )
        part.replace(target)
    except OSError as error:
        raise ModelError(f"{target} cannot be made: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target
