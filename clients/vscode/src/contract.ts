/**
 * What the server says and takes beyond LSP: the types of `docs/protocol.md`, and nothing else.
 * Not for code; no `vscode` here.
 */

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export type EngineState =
  | 'starting'
  | 'idle'
  | 'reading'
  | 'writing'
  | 'missing'
  | 'failed'
  | 'stopped';

export type Speed = 'usable' | 'slow' | 'tea' | 'not measured';

/** The ledger's count for one day (UTC) and one model. */
export interface Today {
  readonly suggestions: number;
  readonly verified: number;
  readonly right: number;
  /** `right / verified`, 0 to 1; null where nothing was verified. */
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly too_few: boolean;
}

/** `ducktypist/activity`. */
export interface Activity {
  readonly state: EngineState;
  readonly model: string | null;
  readonly quantisation: string | null;
  /** Tokens a second. */
  readonly tok_s: number | null;
  readonly speed: Speed;
  readonly today: Today;
  readonly message: string | null;
}

export type Label = 'right' | 'wrong' | 'flaky' | 'unverified';

/** One of `ducktypist.recent`. */
export interface Suggestion {
  readonly suggestion_id: string;
  /** ISO 8601, UTC. */
  readonly at_utc: string;
  readonly kind: string;
  readonly language: string;
  readonly model: string;
  readonly quantisation: string;
  readonly label: Label;
  readonly reason: string;
  readonly tier: string;
  readonly shown: boolean;
  readonly accepted: boolean;
  readonly dismissed: boolean;
  readonly p_right: number | null;
  readonly ttft_ms: number | null;
  readonly total_ms: number | null;
  readonly uri: string | null;
  /** 0-based. */
  readonly line: number | null;
}

export interface Recent {
  readonly suggestions: readonly Suggestion[];
}

export interface Model {
  readonly name: string;
  readonly quantisation: string;
  readonly n_bytes: number | null;
  readonly licence: string;
  readonly has_fim: boolean;
  readonly is_here: boolean;
  readonly is_wanted: boolean;
}

export interface Models {
  readonly wanted: string;
  readonly models: readonly Model[];
}

export type TestState = 'failed' | 'passed' | 'unknown';

export interface KnownTest {
  readonly nodeid: string;
  readonly name: string;
  readonly range: Range;
  readonly state: TestState;
}

/** `ducktypist.tests`. */
export interface KnownTests {
  readonly trusted: boolean;
  readonly tests: readonly KnownTest[];
}

export interface TestOutcome {
  readonly nodeid: string;
  /** As pytest has it: `passed`, `failed`, `error`, `skipped`, `xfailed`, `xpassed`. */
  readonly outcome: string;
  readonly duration_ms: number | null;
  readonly message?: string;
  readonly uri?: string;
  /** 0-based. */
  readonly line?: number;
}

/** `ducktypist.runTests`. */
export interface TestRun {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly errors: readonly string[];
  readonly skipped: number;
  readonly duration_ms: number;
  readonly tests: readonly TestOutcome[];
  readonly problems?: readonly string[];
}

export interface Report {
  /** The HTML file's path on the machine where the server runs. */
  readonly path: string;
  readonly uri: string;
  readonly markdown: string;
}

/** Parameters of `ducktypist/explain`. */
export interface ExplainParams {
  readonly textDocument: { readonly uri: string };
  readonly position?: Position;
  readonly range?: Range;
  readonly fresh?: boolean;
}

/** One piece of an explanation, complete in itself. */
export interface Passage {
  readonly markdown: string;
  readonly kind: 'heading' | 'facts' | 'prose' | 'provenance';
  readonly range?: Range;
  readonly suggestion_id?: string;
}

export interface Explanation {
  readonly markdown: string;
  readonly suggestion_id: string | null;
  readonly claims: {
    readonly confirmed: number;
    readonly contradicted: number;
    readonly unconfirmed: number;
  };
  readonly cached: boolean;
  readonly language: string;
  readonly range: Range | null;
}
