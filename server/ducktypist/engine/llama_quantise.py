"""Quantises a model file again, with llama.cpp's own quantiser; a process of its own.

    python -m ducktypist.engine.llama_quantise SOURCE TARGET FILE_TYPE

Part of the real backend. What was lost by the first quantisation stays lost: good for comparing
sizes and speeds on one's own machine, not for publishing.
"""

from __future__ import annotations

import ctypes
import os
import sys

N_ARGUMENTS = 3


def main(arguments: list[str]) -> int:
    """Quantise and return the exit status; what llama.cpp says goes to standard error."""
    if len(arguments) != N_ARGUMENTS or not arguments[2].isdecimal():
        sys.stderr.write("expected SOURCE TARGET FILE_TYPE (a number of enum llama_ftype)\n")
        return 2
    import llama_cpp  # noqa: PLC0415 - a second, and only after the arguments were looked at

    source, target, file_type = arguments
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = int(file_type)
    parameters.allow_requantize = True
    parameters.nthread = os.cpu_count() or 1
    status = llama_cpp.llama_model_quantize(
        os.fsencode(source), os.fsencode(target), ctypes.byref(parameters)
    )
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
