"""The values that cross package borders, and the words that name them.

Everything here is immutable and does no I/O. It imports nothing outside the standard library.
Only ``lsp.convert`` knows UTF-16 and only ``syntax`` knows tree-sitter's bytes.
"""

from ducktypist.domain.generation import (
    ChatPrompt,
    FinishReason,
    Generation,
    GenerationRequest,
    InfillPrompt,
    Message,
    ModelIdentity,
    Priority,
    Prompt,
    Sampling,
    StopName,
    StopRule,
    TextPrompt,
    Timings,
    TokenLogprob,
)
from ducktypist.domain.provenance import (
    Provenance,
)
from ducktypist.domain.tests import (
    FailingTest,
    Frame,
    Killed,
    TestOutcome,
    TestReport,
    TestResult,
)
from ducktypist.domain.text import (
    Document,
    Json,
    Span,
    TextEdit,
)
from ducktypist.domain.verdicts import (
    Kind,
    Outcome,
    Rung,
    Verdict,
)

__all__ = [
    "ChatPrompt",
    "Document",
    "FailingTest",
    "FinishReason",
    "Frame",
    "Generation",
    "GenerationRequest",
    "InfillPrompt",
    "Json",
    "Killed",
    "Kind",
    "Message",
    "ModelIdentity",
    "Outcome",
    "Priority",
    "Prompt",
    "Provenance",
    "Rung",
    "Sampling",
    "Span",
    "StopName",
    "StopRule",
    "TestOutcome",
    "TestReport",
    "TestResult",
    "TextEdit",
    "TextPrompt",
    "Timings",
    "TokenLogprob",
    "Verdict",
]
