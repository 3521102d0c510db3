"""What a search leaves in the ledger: every candidate, and the one that was shown.

A patch by rule is not credited to the model: its suggestion is recorded under the name of the
rules, and the model's own ends as superseded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from ducktypist.domain import (
    Candidate,
    FinishReason,
    Generation,
    Kind,
    ModelIdentity,
    Prediction,
    Rung,
    Sampling,
    Source,
    TextPrompt,
    Timings,
    Verdict,
)
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.choice import Choice
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.questions import Round
from ducktypist.features.fix.search import Search
from ducktypist.features.fix.validation import Screened
from ducktypist.features.telling import (
    after_running,
    before_running,
    for_a_person,
    kept_text,
    own_tokens,
)
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
_NOTHING_SAID = Generation(text="", finish_reason=FinishReason.STOP, timings=Timings())
BY_RULE = frozenset({Source.MUTATION, Source.RACE_RECIPE})


class _About(TypedDict):
    """What the tell is asked about."""

    kind: Kind
    language: str
    model: ModelIdentity | None


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
    prediction: Prediction | None = None
    """The last that was foretold of the patch that is shown, where people are to be told."""

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
            events += self._outcome(found, case, choice, verdict, RULES if by_rule else None)
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

    def _outcome(
        self,
        found: Search,
        case: Case,
        choice: Choice | None,
        verdict: Verdict,
        model: ModelIdentity | None,
    ) -> list[Event]:
        """Return what is known of the chosen patch, or of the one that came furthest."""
        candidate, screened = found.attempt or (None, None)
        if choice is not None:
            candidate, screened = choice.plausible.candidate, choice.plausible.screened
        told = self._generated(found, choice, candidate, screened)
        about: _About = {"kind": self.kind, "language": case.language, "model": model}
        before: Prediction | None = None
        after: Prediction | None = None
        if candidate is not None:
            told, before = before_running(self.workbench, told, **about)
            after = after_running(self.workbench, told, verdict, **about)
        if choice is not None:
            self.prediction = for_a_person(self.workbench, after or before)
        events: list[Event] = [
            told,
            *Verified.of_verdict(
                verdict,
                suggestion_id=self.suggestion_id,
                deciding=self._deciding(),
                prediction=after,
            ),
        ]
        if choice is not None and candidate is not None:
            edit = candidate.edit
            events += kept_text(
                self.suggestion_id, answer=edit.new_text, path=candidate.path, edit=edit
            )
        return events

    def _generated(
        self,
        found: Search,
        choice: Choice | None,
        candidate: Candidate | None,
        screened: Screened | None,
    ) -> Generated:
        made = found.generation_of(candidate) if candidate is not None else None
        # The probabilities of another answer than the one that is rated would say nothing of it.
        last = made or replace(found.last or _NOTHING_SAID, logprobs=())
        if candidate is not None:
            last = own_tokens(last, candidate.edit.new_text)
        text = choice.plausible.candidate.edit.new_text if choice else last.text
        n_agreeing = n_compared = None
        if choice is not None and choice.clusters:
            number = found.plausible.index(choice.plausible)
            n_agreeing = next(len(group) for group in choice.clusters if number in group)
            n_compared = sum(len(group) for group in choice.clusters)
        # What was known before it was run: the verdict's own rung would give away how that went.
        rung = screened.rung if screened is not None else Rung.UNVERIFIED
        return Generated.of(
            replace(last, text=text or "deleted", timings=found.tally.total()),
            suggestion_id=self.suggestion_id,
            static_verdict=static_verdict(rung, broken=False),
            n_candidates=max(1, len(found.trials)),
            n_agreeing=n_agreeing,
            n_compared=n_compared,
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
