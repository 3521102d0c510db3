"""What a search for a body leaves in the ledger: every answer that was one, and the one shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ducktypist.domain import (
    Candidate,
    FinishReason,
    Generation,
    Kind,
    Outcome,
    Prediction,
    Rung,
    Trial,
    Verdict,
)
from ducktypist.features.body.case import (
    Answered,
    BodyCase,
    BodyRequest,
    BodySearch,
    Standing,
)
from ducktypist.features.body.forms import Form
from ducktypist.features.telling import (
    after_running,
    before_running,
    for_a_person,
    kept_text,
    own_tokens,
)
from ducktypist.features.workbench import About, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import Cancelled, Event, Generated, Shown, Verified, Verifier
from ducktypist.ledger.tried import Tried


@dataclass(slots=True)
class BodyRecord:
    """The ledger's side of one search."""

    workbench: Workbench
    request: BodyRequest
    suggestion_id: str
    asked: bool = False
    """Whether the model was asked."""
    prediction: Prediction | None = None
    """The last that was foretold, where people are to be told."""

    @classmethod
    def begin(cls, workbench: Workbench, request: BodyRequest) -> BodyRecord:
        """Return the record of a new search."""
        return cls(workbench=workbench, request=request, suggestion_id=new_suggestion_id())

    def asking(self, form: Form) -> None:
        """Note that the model is about to be asked for the first time."""
        self.asked = True
        self.workbench.requested(
            suggestion_id=self.suggestion_id,
            template=form.template,
            prompt=form.prompt,
            language=self.request.document.language,
            about=About.of(self.request.document, "body", self.request.function),
            sampling=form.sampling,
            trusted=self.request.trusted,
        )

    def cancelled(self) -> None:
        """Note that the person does not want it any more."""
        if self.asked:
            self.workbench.record([Cancelled(suggestion_id=self.suggestion_id)])

    def ended(
        self,
        found: BodySearch,
        case: BodyCase,
        verdict: Verdict,
        *,
        best: Standing | None,
        n_agreeing: int | None,
        n_compared: int | None,
        is_shown: bool,
    ) -> None:
        """Write down what came of it.

        Args:
            found: All of it.
            case: What was wanted.
            verdict: On the best one.
            best: The one that is shown, or would be if it had passed.
            n_agreeing: How many answers behave as it does; None when they were not compared.
            n_compared: Of how many that were run; None when none was.
            is_shown: Whether the person gets to see it.
        """
        if not self.asked:
            return
        suggestion_id = self.suggestion_id
        made = best.candidate.generation if best is not None else None
        generation = made
        if generation is None:
            last = found.last or Generation(
                text="", finish_reason=FinishReason.STOP, timings=found.tally.total()
            )
            # The probabilities of another answer than the one that is rated say nothing of it.
            generation = replace(last, logprobs=())
        text, static = generation.text, verdict
        if best is not None:
            # Of the checks, only what was known before it was run: the rest is foretold.
            text, static = best.candidate.edit.new_text, best.candidate.static
            generation = own_tokens(generation, text)
        told = Generated.of(
            replace(generation, text=text, timings=found.tally.total()),
            suggestion_id=suggestion_id,
            static_verdict=static_verdict(static.rung, broken=static.outcome is Outcome.BROKEN),
            n_candidates=max(1, found.n_programs),
            n_agreeing=n_agreeing,
            n_compared=n_compared,
        )
        events: list[Event] = [told]
        if best is not None:
            kind, language = Kind.COMPLETE, case.document.language
            told, before = before_running(self.workbench, told, kind=kind, language=language)
            after = after_running(self.workbench, told, verdict, kind=kind, language=language)
            self.prediction = for_a_person(self.workbench, after or before)
            events = [
                told,
                *Verified.of_verdict(
                    verdict,
                    suggestion_id=suggestion_id,
                    deciding=_deciding(verdict, case),
                    prediction=after,
                ),
                *kept_text(suggestion_id, answer=text, path=case.path, edit=best.candidate.edit),
            ]
        events += self._tried(found, case, best if is_shown else None)
        if is_shown:
            events.append(Shown(suggestion_id=suggestion_id))
        self.workbench.record(events)

    def _tried(self, found: BodySearch, case: BodyCase, shown: Standing | None) -> list[Tried]:
        hashed = self.workbench.ledger.keyed_hash
        function_hash = hashed(f"{case.path}:{case.function.qualified_name}")
        rows: list[Tried] = []
        for position, answered in enumerate(found.answers):
            standing = found.standings[answered.candidate.normal_form]
            rows.append(
                Tried.of(
                    _trial(answered, standing, case),
                    suggestion_id=self.suggestion_id,
                    position=position,
                    form_hash=hashed(answered.candidate.normal_form),
                    function_hash=function_hash,
                    cluster=standing.cluster,
                    chosen=answered.is_new and standing is shown,
                )
            )
        return rows


def _trial(answered: Answered, standing: Standing, case: BodyCase) -> Trial:
    """Return what became of one answer; one that was known already cost no run."""
    made = answered.candidate
    return Trial(
        candidate=Candidate(
            path=case.path,
            edit=made.edit,
            source=made.source,
            function=case.function.qualified_name,
            what=made.what,
            suspicion=made.suspicion,
            mean_logprob=made.mean_logprob,
            completion_tokens=made.n_tokens,
            generation_ms=made.ms,
        ),
        outcome=standing.verdict.outcome,
        stage=standing.stage,
        verify_ms=standing.verify_ms if answered.is_new else 0.0,
    )


def _deciding(verdict: Verdict, case: BodyCase) -> Verifier:
    if verdict.outcome is Outcome.BROKEN and not verdict.repeats:
        return Verifier.PARSE
    if case.tests and verdict.rung.height >= Rung.TESTS_PASS.height:
        return Verifier.TARGET_TEST
    return Verifier.EXAMPLES if verdict.repeats else Verifier.RESOLVE
