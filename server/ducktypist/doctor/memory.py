"""The check of the room: what the model takes of this machine's memory, and what is free."""

from __future__ import annotations

from ducktypist.doctor.check import Check, doubtful, good
from ducktypist.doctor.model import model_file
from ducktypist.doctor.sizes import size
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart
from ducktypist.errors import ModelError
from ducktypist.fit.machine import Machine
from ducktypist.fit.memory import Need, Wanted, n_cells_of, need
from ducktypist.models.machine import find_machine
from ducktypist.models.shape import read_shape

NAME = "memory"


async def memory(subject: Subject) -> Check:
    """Compare what the model will take with what is free; one that is loaded has taken it."""
    if subject.is_remote or subject.is_scripted:
        return good(NAME, "no model of ours is loaded here")
    sight = await subject.engine()
    n_gpu_layers = int(sight.after.get("n_gpu_layers") or 0)
    return await apart(
        lambda: _looked(subject, n_gpu_layers=n_gpu_layers, is_loaded=not sight.error)
    )


def judged(taken: Need, machine: Machine, *, is_loaded: bool) -> Check:
    """Return the line; a pure function of what is taken and what there is."""
    free_bytes = machine.free_memory_bytes + (taken.total_bytes if is_loaded else 0)
    told = (
        f"the model takes {size(taken.total_bytes)} (weights {size(taken.weights_bytes)}, cache "
        f"{size(taken.cache_bytes)}); {size(free_bytes)} of {size(machine.memory_bytes)} are free "
        "without it"
    )
    numbers = {"needs_bytes": taken.total_bytes, "free_bytes": free_bytes}
    if taken.least_bytes <= free_bytes:
        return good(NAME, told, **numbers)
    return doubtful(
        NAME, told, "`ducktypist models` lists what fits; or lower engine.n_ctx_tokens", **numbers
    )


def _looked(subject: Subject, *, n_gpu_layers: int, is_loaded: bool) -> Check:
    try:
        shape = read_shape(model_file(subject).path)
    except ModelError as error:
        return doubtful(NAME, f"what the model takes is not known: {error}", "see model-file")
    engine = subject.settings.engine
    wanted = Wanted(
        n_ctx_tokens=engine.n_ctx_tokens,
        n_cells=n_cells_of(engine.cache_tokens, n_ctx_tokens=engine.n_ctx_tokens),
        kv_type=engine.kv_type,
        flash_attention=engine.flash_attention,
    )
    machine = find_machine(n_threads=engine.n_threads)
    taken = need(shape, wanted, n_gpu_layers=n_gpu_layers, repacked=machine.repacked)
    return judged(taken, machine, is_loaded=is_loaded)
