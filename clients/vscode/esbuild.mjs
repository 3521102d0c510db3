// Two bundles: what VS Code loads when it activates us is small, and the language client, which
// is most of the code, is read when the server is started.
import { build } from 'esbuild';

await build({
  entryPoints: { extension: 'src/extension.ts', client: 'src/server/client.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', './client.cjs'],
  // `import()` becomes `require`: VS Code puts its own module `vscode` behind that one.
  supported: { 'dynamic-import': false },
  minify: true,
  legalComments: 'none',
});
