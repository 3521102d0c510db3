/**
 * The models that one can choose from, as lines of a list. Pure: what choosing does is
 * `choosing.ts`'s business.
 */

import type { Model } from '../contract.ts';

export interface Line {
  readonly model: Model;
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

/** Return the list: the one in use first, then what is here, then by size. */
export function lines(models: readonly Model[]): readonly Line[] {
  return [...models].sort(byNearness).map((model) => ({
    model,
    label: model.name,
    description: [model.is_wanted ? 'in use' : '', model.quantisation].filter(Boolean).join(' · '),
    detail: [
      size(model.n_bytes),
      model.licence === '' ? 'licence not known' : model.licence,
      model.has_fim ? 'fills in while you type' : 'no filling in while you type',
      model.is_here ? 'on this machine' : 'not here, will be fetched',
    ].join(' · '),
  }));
}

/** Return a size as people read it, in powers of ten as downloads are. */
export function size(nBytes: number | null): string {
  if (nBytes === null) {
    return 'size not known';
  }
  return nBytes >= 1e9
    ? `${(nBytes / 1e9).toFixed(1)} GB`
    : `${Math.max(1, Math.round(nBytes / 1e6))} MB`;
}

function byNearness(one: Model, other: Model): number {
  return (
    Number(other.is_wanted) - Number(one.is_wanted) ||
    Number(other.is_here) - Number(one.is_here) ||
    (one.n_bytes ?? Infinity) - (other.n_bytes ?? Infinity) ||
    one.name.localeCompare(other.name)
  );
}
