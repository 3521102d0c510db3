/** How the panel looks, in the theme's own colours. Only CSS, kept as text to stand in the page. */

export const style = `
body { max-width: 46rem; padding: 0 1.2rem 3rem; line-height: 1.5; overflow-wrap: anywhere;
  font-family: var(--vscode-font-family); font-size: var(--vscode-font-size);
  color: var(--vscode-foreground); }
header { position: sticky; top: 0; padding: .6rem 0 .1rem; z-index: 1;
  background: var(--vscode-editor-background);
  border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent)); }
h1 { font-size: 1.15em; margin: 0; display: inline; margin-inline-end: .6em; }
h2, h3, h4, h5 { font-size: 1.05em; margin: 0; }
#bar { display: inline; margin: 0; }
#standing { margin: .3rem 0 .4rem; color: var(--vscode-descriptionForeground); }
#standing[data-state="failed"] { color: var(--vscode-errorForeground); }
button { font: inherit; padding: 0 .4em; cursor: pointer; border-radius: 2px;
  color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground);
  border: 1px solid var(--vscode-button-border, transparent); }
button:hover { background: var(--vscode-button-secondaryHoverBackground); }
button.place { color: var(--vscode-textLink-foreground); background: none; text-decoration: underline;
  border-color: transparent; }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 1px; }
[hidden] { display: none; }
.heading { display: flex; flex-wrap: wrap; gap: .5em; align-items: baseline; margin-top: 1.6rem;
  padding-top: .8rem;
  border-top: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent)); }
main > :first-child { margin-top: .8rem; padding-top: 0; border-top: none; }
.facts { padding-inline-start: .8rem; border-inline-start: 2px solid var(--vscode-textBlockQuote-border); }
.provenance { color: var(--vscode-descriptionForeground); font-size: .92em; }
p, ul, ol { margin: .5rem 0; }
ul, ol { padding-inline-start: 1.4rem; }
code, pre { font-family: var(--vscode-editor-font-family, monospace); font-size: .95em; }
pre { padding: .6rem; overflow-x: auto; background: var(--vscode-textCodeBlock-background); }
blockquote { margin: .5rem 0; padding-inline-start: .8rem;
  border-inline-start: 2px solid var(--vscode-textBlockQuote-border); }
del { opacity: .75; }
`;
