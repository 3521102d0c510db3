"""The check of llama.cpp's build: does it use what this processor can do, and no more than that.

The names are those of llama.cpp (``ggml_cpu_has_…`` in ggml-cpu.c) beside the kernel's in
``/proc/cpuinfo``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart
from ducktypist.domain import Json

NAME = "build"
CPUINFO = Path("/proc/cpuinfo")
KERNEL_NAMES: Mapping[str, str] = {
    "SSE3": "pni",
    "SSSE3": "ssse3",
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX_VNNI": "avx_vnni",
    "F16C": "f16c",
    "FMA": "fma",
    "BMI2": "bmi2",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
    "NEON": "asimd",
    "DOTPROD": "asimddp",
    "FP16_VA": "asimdhp",
    "MATMUL_INT8": "i8mm",
    "SVE": "sve",
}
WORTH_HAVING = ("AVX", "AVX2", "F16C", "FMA", "AVX512", "AVX512_VNNI", "DOTPROD", "MATMUL_INT8")
"""What makes reading a prompt or generating clearly faster where a build has it."""
_SECTION = re.compile(r"(?:^|\|)\s*(\w+)\s*:\s*")
_FLAG = re.compile(r"(\w+)\s*=\s*1\b")


async def build(subject: Subject) -> Check:
    """Compare what llama.cpp was built for with what this processor has."""
    if subject.is_remote:
        return good(NAME, "not looked at: the engine runs elsewhere")
    sight = await subject.engine()
    details = sight.after.get("details")
    told = details.get("system_info") if isinstance(details, Mapping) else None
    if not isinstance(details, Mapping) or not told:
        if sight.error:
            return doubtful(NAME, "not known: the engine does not answer", "see engine")
        return good(NAME, "no llama.cpp: a script stands in for the model")
    has = await apart(lambda: cpu_flags(CPUINFO))
    return compared(str(told), has, version=str(details.get("backend_version", "")))


def compared(system_info: str, has: frozenset[str], *, version: str) -> Check:
    """Return what llama.cpp's own words and a processor's flags come to.

    Args:
        system_info: What ``llama_print_system_info`` returns.
        has: The processor's flags by the kernel's names; empty where nobody says.
        version: Of llama-cpp-python.
    """
    built = built_for(system_info)
    details: dict[str, Json] = {
        "backend_version": version,
        "built_for": sorted(built),
        "cpu_has": sorted(name for name, flag in KERNEL_NAMES.items() if flag in has),
        "system_info": system_info.strip(),
    }
    used = ", ".join(name for name in KERNEL_NAMES if name in built) or "no extensions"
    summary = f"llama-cpp-python {version} uses {used}"
    if not has:
        return good(NAME, f"{summary}; what this processor has is not known here", **details)
    lacking = [name for name in KERNEL_NAMES if name in built and KERNEL_NAMES[name] not in has]
    again = "build it here: `uv cache clean llama-cpp-python`, then install Ducktypist again"
    if lacking:
        says = f"{summary}, but this processor has no {', '.join(lacking)}: it will crash"
        return bad(NAME, says, again, **details)
    unused = [name for name in WORTH_HAVING if name not in built and KERNEL_NAMES[name] in has]
    if unused:
        says = f"{summary}; this processor's {', '.join(unused)} is not used, which costs speed"
        return doubtful(NAME, says, again, **details)
    return good(NAME, f"{summary}: all that counts here", **details)


def built_for(system_info: str) -> frozenset[str]:
    """Return the processor's extensions that a build uses, by llama.cpp's names."""
    # "CUDA : ARCHS = 900 | CPU : SSE3 = 1 | AVX = 1 | ": a name and a colon begin a section.
    parts = _SECTION.split(system_info)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return frozenset(_FLAG.findall(sections.get("CPU", "")))


def cpu_flags(path: Path) -> frozenset[str]:
    """Return what the kernel says that the first processor can do; empty where it does not say."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return frozenset(found[1].split()) if found else frozenset()
