"""What a search leaves in the ledger: every candidate, and the one that was shown.

A patch by rule is not credited to the model: its suggestion is recorded under the name of the
rules, and the model's own ends as superseded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import (
    Candidate,
    FinishReason,
    Generation,
    Kind,
    ModelIdentity,
    Outcome,
    Sampling,
    Source,
    TextPrompt,
    Verdict,
)
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.choice import Choice
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.questions import Round
from ducktypist.features.fix.search import Search
from ducktypist.features.workbench import About, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import (
    Cancelled,
    Event,
    Generated,
    Requested,
    Shown,
    Superseded,
    Verified,
    Verifier,
)
from ducktypist.ledger.tried import Tried
from ducktypist.prompting.templates import prompt_hash
from ducktypist.syntax.edits import normal_form

RULES = ModelIdentity(
    name="rules",
    sha256="",
    quantisation="",
    n_ctx_tokens=0,
    has_fim=False,
    backend="rules",
)
"""Who made a patch for which no model was needed."""
BY_RULE = frozenset({Source.MUTATION, Source.RACE_RECIPE})


@dataclass(slots=True)
class Record:
    """The ledger's side of one search."""

    workbench: Workbench
    kind: Kind
    trusted: bool
    suggestion_id: str
    root: Path
    """The folder whose test it is."""
    target: str
    """The red test's node id."""
    asked: bool = False
    """Whether the model was asked."""

    @classmethod
    def begin(
        cls, workbench: Workbench, *, kind: Kind, trusted: bool, root: Path, target: str
    ) -> Record:
        """Return the record of a new search."""
        return cls(
            workbench=workbench,
            kind=kind,
            trusted=trusted,
            suggestion_id=new_suggestion_id(),
            root=root,
            target=target,
        )

    def asking(self, round_: Round) -> None:
        """Note that the model is about to be asked for the first time."""
        first = round_.questions[0]
        self.asked = True
        self.workbench.requested(
            suggestion_id=self.suggestion_id,
            template=round_.template,
            prompt=first.prompt,
            language=first.place.function.language,
            about=self._about(first.place),
            sampling=round_.sampling,
            trusted=self.trusted,
        )

    def cancelled(self) -> None:
        """Note that the person does not want it any more."""
        if self.asked:
            self.workbench.record([Cancelled(suggestion_id=self.suggestion_id)])

    def ended(self, found: Search, case: Case, choice: Choice | None, verdict: Verdict) -> str:
        """Write down what came of it; return the suggestion's id."""
        tried = self._tried(found, case, choice)
        by_rule = choice is not None and choice.plausible.candidate.source in BY_RULE
        if by_rule and self.asked:
            self.workbench.record([*tried, Superseded(suggestion_id=self.suggestion_id)])
            tried = []
            self.suggestion_id = new_suggestion_id()
        events: list[Event] = []
        if by_rule:
            events.append(self._by_rule(case))
        if by_rule or self.asked:
            events.append(self._generated(found, verdict, choice))
            events += Verified.of_verdict(
                verdict, suggestion_id=self.suggestion_id, deciding=self._deciding()
            )
        events += [replace(event, suggestion_id=self.suggestion_id) for event in tried]
        if choice is not None:
            events.append(Shown(suggestion_id=self.suggestion_id))
        self.workbench.record(events)
        return self.suggestion_id

    def _deciding(self) -> Verifier:
        return Verifier.RACE if self.kind is Kind.DERACE else Verifier.TARGET_TEST

    def _about(self, place: Suspect) -> About:
        return About(path=self.root / place.path, task=f"{self.kind}\0{self.target}\0{place.text}")

    def _by_rule(self, case: Case) -> Requested:
        return Requested(
            suggestion_id=self.suggestion_id,
            kind=self.kind,
            language=case.language,
            model=RULES,
            session_id=self.workbench.session_id,
            template_hash="",
            prompt_hash=prompt_hash(TextPrompt(text="")),
            **self.workbench.whereabouts(self._about(case.places[0])),
            sampling=Sampling(),
            trusted=self.trusted,
        )

    def _generated(self, found: Search, verdict: Verdict, choice: Choice | None) -> Generated:
        last = found.last
        if last is None:
            last = Generation(text="", finish_reason=FinishReason.STOP, timings=found.tally.total())
        text = choice.plausible.candidate.edit.new_text if choice else last.text
        n_agreeing = None
        if choice is not None and choice.clusters:
            number = found.plausible.index(choice.plausible)
            n_agreeing = next(len(group) for group in choice.clusters if number in group)
        broken = verdict.outcome is Outcome.BROKEN
        return Generated.of(
            replace(last, text=text or "deleted", timings=found.tally.total()),
            suggestion_id=self.suggestion_id,
            static_verdict=static_verdict(verdict.rung, broken=broken),
            n_candidates=max(1, len(found.trials)),
            n_agreeing=n_agreeing,
        )

    def _tried(self, found: Search, case: Case, choice: Choice | None) -> list[Tried]:
        ledger = self.workbench.ledger
        numbers = {id(one.candidate): number for number, one in enumerate(found.plausible)}
        clusters = {
            number: index
            for index, group in enumerate(choice.clusters if choice else ())
            for number in group
        }
        chosen = choice.plausible.candidate if choice else None
        rows: list[Tried] = []
        for position, trial in enumerate(found.trials):
            candidate = trial.candidate
            number = numbers.get(id(candidate))
            rows.append(
                Tried.of(
                    trial,
                    suggestion_id=self.suggestion_id,
                    position=position,
                    form_hash=ledger.keyed_hash(_form(case, candidate)),
                    function_hash=ledger.keyed_hash(f"{candidate.path}:{candidate.function}"),
                    cluster=None if number is None else clusters.get(number),
                    chosen=candidate is chosen,
                )
            )
        return rows


def _form(case: Case, candidate: Candidate) -> str:
    """Return what tells a patch from others: what it takes out and what it puts in."""
    text, language = case.texts[candidate.path], case.language
    old = normal_form(candidate.edit.span.of(text), language)
    return f"{candidate.edit.span.start} {old} → {normal_form(candidate.edit.new_text, language)}"
