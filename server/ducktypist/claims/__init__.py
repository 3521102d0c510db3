"""What a model's prose claims, and how that stands beside what is known.

Pure functions of text and facts. Where facts come from is ``facts``' business; running a call that
the prose speaks of, and asking the model again, is ``features.explain``'s.
"""

from ducktypist.claims.judge import claims_of
from ducktypist.claims.marking import mark
from ducktypist.claims.results import calls_of, with_results
from ducktypist.claims.striking import misses, strike
from ducktypist.claims.subject import Subject

__all__ = [
    "Subject",
    "calls_of",
    "claims_of",
    "mark",
    "misses",
    "strike",
    "with_results",
]
