/**
 * Node ids taken apart as the server's runners write them: `path::Class::test[case]` for pytest,
 * `path::TestName` or `path::TestName/case` for Go. Pure; nothing is run or read here.
 */

/** A step on the way from a file to a test; its id can be run by itself. */
export interface Step {
  readonly id: string;
  readonly label: string;
}

export interface Named {
  /** Relative to the root, with slashes. */
  readonly file: string;
  /** The classes a test is in, the test, and its case; empty where the file itself is meant. */
  readonly steps: readonly Step[];
}

/** Names of files that may hold tests, as globs of VS Code; what is in them the server says. */
export const TEST_FILES = '**/{test_*.py,*_test.py,*_test.go}';
/** Folders in which nobody's own tests are. */
export const NOT_TESTS =
  '**/{node_modules,venv,.venv,.git,.tox,.nox,__pycache__,site-packages,build,dist,vendor,testdata}/**';

const TEST_FILE = /(?:^|[/\\])(?:test_[^/\\]*\.py|[^/\\]+_test\.(?:py|go))$/;

export function isTestFile(path: string): boolean {
  return TEST_FILE.test(path);
}

/** Take a node id apart. */
export function named(nodeid: string): Named {
  const at = nodeid.indexOf('::');
  if (at < 0) {
    return { file: nodeid, steps: [] };
  }
  const file = nodeid.slice(0, at);
  const rest = nodeid.slice(at + 2);
  // Whatever stands in a case's name is part of it, `::` included.
  const caseAt = rest.search(/[[/]/);
  const path = caseAt < 0 ? rest : rest.slice(0, caseAt);
  const steps: Step[] = [];
  let id = file;
  for (const label of path.split('::')) {
    id = `${id}::${label}`;
    steps.push({ id, label });
  }
  if (caseAt >= 0) {
    steps.push({ id: nodeid, label: rest.slice(caseAt).replace(/^\//, '') });
  }
  return { file, steps };
}

/** Whether a path, from anywhere, is the file that a node id names. */
export function isFileOf(path: string, file: string): boolean {
  const slashes = path.replaceAll('\\', '/');
  return slashes === file || slashes.endsWith(`/${file}`);
}
