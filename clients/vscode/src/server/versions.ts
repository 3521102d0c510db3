/** Versions of the server: read from what it prints, and compared. Nothing else. */

/** The oldest server that speaks what `contract.ts` says. */
export const LEAST_SERVER = '0.1.0';
/** The oldest Python that runs it. */
export const LEAST_PYTHON = '3.11';

/**
 * The version in what a program printed: behind the word, else the first number with a dot.
 *
 * Undefined where there is none. A warning before it may speak of another version.
 */
export function versionIn(text: string): string | undefined {
  return (/\bversion (\d+(?:\.\d+)+)/.exec(text) ?? /\b(\d+(?:\.\d+)+)/.exec(text))?.[1];
}

/** Whether `version` is `least` or newer; a missing part counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, need] = [numbers(version), numbers(least)];
  for (let part = 0; part < Math.max(have.length, need.length); part += 1) {
    const difference = (have[part] ?? 0) - (need[part] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}
