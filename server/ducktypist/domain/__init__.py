"""The values that cross package borders, and the words that name them.

Everything here is immutable and does no I/O. It imports nothing outside the standard library.
Only ``lsp.convert`` knows UTF-16 and only ``syntax`` knows tree-sitter's bytes.
"""

from ducktypist.domain.candidates import (
    OF_BODIES,
    Candidate,
    Hole,
    HoleKind,
    Mutation,
    Source,
    Trial,
)
from ducktypist.domain.facts import (
    Claim,
    ClaimCount,
    ClaimKind,
    Fact,
    FactKind,
    Standing,
)
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
from ducktypist.domain.pace import (
    MAX_HOVER_TTFT_MS,
    MAX_TTFT_MS,
    MAX_WAIT_MS,
    READING_TOK_S,
)
from ducktypist.domain.prediction import (
    Prediction,
)
from ducktypist.domain.provenance import (
    Provenance,
)
from ducktypist.domain.tests import (
    FailingTest,
    FileLines,
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
    "MAX_HOVER_TTFT_MS",
    "MAX_TTFT_MS",
    "MAX_WAIT_MS",
    "OF_BODIES",
    "READING_TOK_S",
    "Candidate",
    "ChatPrompt",
    "Claim",
    "ClaimCount",
    "ClaimKind",
    "Document",
    "Fact",
    "FactKind",
    "FailingTest",
    "FileLines",
    "FinishReason",
    "Frame",
    "Generation",
    "GenerationRequest",
    "Hole",
    "HoleKind",
    "InfillPrompt",
    "Json",
    "Killed",
    "Kind",
    "Message",
    "ModelIdentity",
    "Mutation",
    "Outcome",
    "Prediction",
    "Priority",
    "Prompt",
    "Provenance",
    "Rung",
    "Sampling",
    "Source",
    "Span",
    "Standing",
    "StopName",
    "StopRule",
    "TestOutcome",
    "TestReport",
    "TestResult",
    "TextEdit",
    "TextPrompt",
    "Timings",
    "TokenLogprob",
    "Trial",
    "Verdict",
]
