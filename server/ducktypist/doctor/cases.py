"""All checks in the order in which they are shown, each with the time it may take."""

from __future__ import annotations

from ducktypist.doctor.build import build
from ducktypist.doctor.clients import clients, path
from ducktypist.doctor.engine import engine
from ducktypist.doctor.examining import Case, in_thread
from ducktypist.doctor.gpu import gpu
from ducktypist.doctor.ledger import ledger
from ducktypist.doctor.memory import memory
from ducktypist.doctor.model import hashed, header, present
from ducktypist.doctor.sandboxing import go, pytest, sandbox
from ducktypist.doctor.settings import python, trust, user_settings, workspace_settings
from ducktypist.doctor.speed import measured
from ducktypist.doctor.storage import folders

ENGINE_LIMIT_S = 240.0
"""A start, a model to load, its first measurement, one token."""
HASH_LIMIT_S = 1800.0
"""20 GB from a slow disk."""

CASES = (
    Case(name="python", look=in_thread(python)),
    Case(name="settings-user", look=in_thread(user_settings)),
    Case(name="settings-workspace", look=in_thread(workspace_settings)),
    Case(name="trust", look=in_thread(trust)),
    Case(name="model-file", look=in_thread(present)),
    Case(name="model-header", look=in_thread(header)),
    Case(name="model-hash", look=in_thread(hashed), limit_s=HASH_LIMIT_S),
    Case(name="engine", look=engine, limit_s=ENGINE_LIMIT_S),
    Case(name="build", look=build, limit_s=ENGINE_LIMIT_S),
    Case(name="gpu", look=gpu, limit_s=ENGINE_LIMIT_S),
    Case(name="memory", look=memory, limit_s=ENGINE_LIMIT_S),
    Case(name="speed", look=measured, limit_s=ENGINE_LIMIT_S),
    Case(name="sandbox", look=sandbox, limit_s=120.0),
    Case(name="pytest", look=in_thread(pytest)),
    Case(name="go", look=in_thread(go)),
    Case(name="ledger", look=in_thread(ledger), limit_s=120.0),
    Case(name="folders", look=in_thread(folders)),
    Case(name="clients", look=clients),
    Case(name="path", look=path),
)
