/**
 * What runs in the panel's page: it puts in what it is sent and says what was pressed. Kept as
 * text because it runs in another world, with no imports; it must hold no closing script tag.
 */

export const script = `
'use strict';
(() => {
  const vscode = acquireVsCodeApi();
  const byId = (id) => document.getElementById(id);
  const passages = byId('passages');

  const dress = (button, place) => {
    button.hidden = place === null;
    if (place === null) return;
    button.textContent = 'Go to ' + place.label;
    button.onclick = () => vscode.postMessage({ type: 'reveal', index: place.index });
  };

  const add = (passage) => {
    const section = document.createElement('section');
    section.className = passage.kind;
    // Written by our own renderer, which escapes all text; the policy lets no script in.
    section.innerHTML = passage.html;
    if (passage.place !== null) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'place';
      dress(button, passage.place);
      section.append(button);
    }
    passages.append(section);
  };

  const stand = (standing) => {
    const line = byId('standing');
    if (line.textContent !== standing.words) line.textContent = standing.words;
    line.dataset.state = standing.state;
    const busy = standing.state === 'reading' || standing.state === 'writing';
    byId('stop').hidden = !busy;
    byId('again').hidden = busy;
  };

  window.addEventListener('message', ({ data }) => {
    if (data.type === 'all') {
      byId('title').textContent = data.title;
      dress(byId('place'), data.place);
      // What stands there already stays, so that nothing is read out twice.
      const n = passages.childElementCount;
      const isSame = passages.dataset.telling === String(data.telling);
      if (!isSame) passages.replaceChildren();
      passages.dataset.telling = String(data.telling);
      data.passages.slice(isSame ? n : 0).forEach(add);
      if (!isSame) window.scrollTo(0, 0);
    } else if (data.type === 'passage') {
      add(data.passage);
    }
    stand(data.standing);
  });
  byId('stop').onclick = () => vscode.postMessage({ type: 'stop' });
  byId('again').onclick = () => vscode.postMessage({ type: 'again' });
  vscode.postMessage({ type: 'ready' });
})();
`;
