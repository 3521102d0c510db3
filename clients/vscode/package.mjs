// Checks, bundles and packs: `npm run package -- --out FILE`. What follows goes to `vsce package`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';

const LICENSE = 'LICENSE';

function node(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    process.exitCode = status ?? 1;
    throw new Error(`${args[0]} failed`);
  }
}

node('node_modules/typescript/bin/tsc', '--noEmit', '-p', '.');
node('esbuild.mjs');
// The project's licence lies at its root; a second copy would only be one that can differ.
copyFileSync(`../../${LICENSE}`, LICENSE);
try {
  const rest = process.argv.slice(2);
  node('node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--allow-missing-repository', ...rest);
} finally {
  rmSync(LICENSE, { force: true });
}
