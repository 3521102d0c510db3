"""Words for columns whose events say nothing of them, and for those that only views have."""

from __future__ import annotations

OF_TABLES = {
    "lifecycle": "What became of a suggestion in the editor: shown, superseded, cancelled, "
    "dismissed, accepted.",
    "conclusion": "Somebody concluded what a suggestion is: settled, revised.",
    "gap": "Events could not be written; noted once writing worked again.",
}
"""What a table holds, where no single event's docstring says it."""

OF_COLUMNS = {
    "answer": "Whether the model answered at all; an empty answer and a refusal are wrong ones.",
    "at_utc": "When, by the wall clock; ISO 8601 with milliseconds and `Z`.",
    "by": "Who concluded.",
    "cached_tokens": "Tokens of the prompt that the engine had read before.",
    "calibrator": "Version of what predicted; null when nothing predicts yet.",
    "checkpoint": "When it was looked.",
    "completion_tokens": "Tokens of the answer.",
    "decode_ms": "From the first token to the last.",
    "duration_ms": "How long it took; null when nobody measured.",
    "event": "What happened.",
    "exit_status": "Of the process that ran; null when there was none or nobody says.",
    "finish_reason": "Why the answer ended.",
    "generated.has_tell": "Whether the suggestion's own signals said more than the base rate; null "
    "when nothing predicts yet.",
    "how": "How it is known where it stands.",
    "kind": "What was asked for.",
    "label": "What the suggestion is.",
    "mean_logprob": "Nats, over the candidate's tokens; null when unknown.",
    "min_logprob": "Of the least likely token, in nats.",
    "model": "The model's name.",
    "moment": "When the check was made, and of whose code; in `in_edited_code` it is no evidence.",
    "n_candidates": "How many answers were generated for this one suggestion.",
    "n_ctx_tokens": "Size of the context that it ran with.",
    "n_failed": "Checks that failed, null when they were not counted.",
    "n_gpu_layers": "Layers on a graphics card.",
    "n_like": "How many verified suggestions of the past the prediction rests on.",
    "n_passed": "Tests that passed.",
    "n_skipped": "Tests that were skipped.",
    "n_threads": "Threads that computed; 0 when unknown.",
    "n_tokens": "Length of the suggestion, in its language's tokens.",
    "n_unlogged": "How many events are missing.",
    "name": "The model's name.",
    "p_high": "Upper end of the prediction's interval.",
    "p_low": "Lower end of the prediction's interval.",
    "passed": "Whether the test passed.",
    "prefill_ms": "Reading the prompt.",
    "project_hash": "Keyed hash of the workspace folder; empty for none.",
    "prompt_tokens": "Tokens of the prompt; null when they were not counted before the request.",
    "queue_ms": "Waiting for the engine.",
    "reason": "Why, in words.",
    "repeat_index": "Which repeat it was, from 0.",
    "role": "What the text is.",
    "run_id": "Whose event it is; ties the tests of one run together.",
    "sandbox_level": "How far the run was isolated, 0 to 4; null when nothing ran.",
    "seed": "Of the sampling.",
    "static_verdict": "How far the static checks got when the answer was generated.",
    "suggestion_id": "Whose event it is; ties all events of a suggestion together (a ULID).",
    "suspicion": "How suspicious its place was, 0 to 1.",
    "temperature": "Of the sampling; 0 is greedy.",
    "test_run.source": "Who told of the run.",
    "text": "The text itself.",
    "tier": "Whether the model saw the check, did not, or it is about what passed before.",
    "timed_out": "Whether it was ended for taking too long.",
    "top_p": "Of the sampling.",
    "total_ms": "From the request to the last token.",
    "tried.source": "Where the candidate came from.",
    "verified.has_tell": "As for a generated event, after running.",
    "verified.p_high": "As for a generated event, after running.",
    "verified.p_low": "As for a generated event, after running.",
    "verified.n_like": "As for a generated event, after running.",
    "verifier": "What checked it; the first three read it, the others ran something.",
    "verify_ms": "How long it took to check.",
}
"""What a column holds: ``table.column`` goes before what its event says, ``column`` stands in where
that says nothing."""

OF_VIEWS = {
    "accepted": "Whether the person took it, or a part. This measures liking.",
    "answered": "Whether the engine answered and was not cancelled, or something was concluded "
    "anyway; the denominator of coverage.",
    "calibrator_after": "Version of what predicted after running.",
    "cancelled": "Whether the request was cancelled.",
    "checked_after": "Whether its examples or tests were run after it was shown, on what stood in "
    "the editor.",
    "checked_as_suggested": "Whether the last such run was of the suggestion as it was made.",
    "concluded_by": "Who concluded last; null when nobody did.",
    "concluded_label": "The last conclusion; null when there is none.",
    "concluded_reason": "Why it was concluded, in words.",
    "day_utc": "The UTC day of the request.",
    "decode_tok_s": "Tokens a second while the answer was generated.",
    "dismissed": "Whether the person refused it.",
    "edit_ratio_10min": "Share of it that was edited away 10 minutes after acceptance; still in is "
    "at most 0.5.",
    "edit_ratio_2min": "The same after 2 minutes.",
    "edit_ratio_30s": "The same after 30 seconds.",
    "edit_ratio_next_commit": "The same in the next commit.",
    "evidence_label": "What the checks alone say.",
    "evidence_reason": "Why, in words.",
    "has_tell_after": "As `has_tell`, after running.",
    "hidden_passed": "Whether checks ran that the model did not see, and all of them passed.",
    "holds_after": "Whether all of the last such run passed. By then the code may be the person's.",
    "known_utc": "Since when the label has been known.",
    "label": "What the suggestion is: the last conclusion, else what the checks say.",
    "label_by": "Who says so: `evidence`, or who concluded.",
    "label_reason": "Why, in words.",
    "n_like_after": "How many verified suggestions the prediction after running rests on.",
    "n_visible_failed": "Checks that failed before it was shown; null when none ran.",
    "n_visible_passed": "Checks that passed before it was shown; null when none ran.",
    "p_high_after": "Upper end of that prediction's interval.",
    "p_low_after": "Lower end of that prediction's interval.",
    "p_right_after": "What was predicted after running, before anything stronger ran.",
    "regression_checked": "Whether what passed before was run as well.",
    "shown": "Whether the editor was given it.",
    "strongest_tier": "Of the checks that ran: `hidden`, `visible`, `static` or `none`.",
    "superseded": "Whether a newer request made it pointless.",
}
"""What a column of the view ``suggestion`` holds, where no event has a column of that name."""

VIEW_FLAGS = frozenset(
    {
        "accepted",
        "answered",
        "as_suggested",
        "cancelled",
        "checked_after",
        "checked_as_suggested",
        "disagreed",
        "dismissed",
        "failed",
        "first_right",
        "has_tell_after",
        "hidden_passed",
        "holds",
        "holds_after",
        "is_right",
        "regression_checked",
        "second_right",
        "shown",
        "superseded",
    }
)
"""Columns of views that hold 0 or 1 and mean false or true."""

VIEW_INTEGERS = frozenset({"age", "place", "seq", "position"})
"""Columns of views that hold an integer, beside those that begin with ``n_``."""
