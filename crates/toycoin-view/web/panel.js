// A panel: a titled region of the page, with tabs if it has several views.

import { html } from 'htm/preact';
import { useRef, useState } from 'preact/hooks';

/** A region with a title, and a sentence that says what it shows at the moment. */
export function Panel({ id, title, caption, tools, onKeyDown, children }) {
  return html`
    <section class="panel" id=${`panel-${id}`} aria-labelledby=${`title-${id}`} onKeyDown=${onKeyDown}>
      <header>
        <h2 id=${`title-${id}`}>${title}</h2>
        ${tools}
        ${caption !== undefined && html`<p class="caption">${caption}</p>`}
      </header>
      ${children}
    </section>`;
}

/**
 * Views of which one is shown. `tabs` is a list of `{id, name, view}`, where `view` is a component, or of
 * `{id, name, body}`, where `body` is a function that draws what its caller knows.
 * With `value` and `onChange` the caller knows which one it is. A view that scrolls is `focusable`.
 */
export function Tabs({ id, label, tabs, value, onChange, focusable = true }) {
  const [own, setOwn] = useState(tabs[0].id);
  const list = useRef(null);
  const shown = tabs.find((tab) => tab.id === (value ?? own)) ?? tabs[0];

  function choose(tab) {
    setOwn(tab.id);
    onChange?.(tab.id);
  }

  function onKeyDown(event) {
    const at = tabs.indexOf(shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const index = (to + tabs.length) % tabs.length;
    choose(tabs[index]);
    list.current.children[index].focus();
  }

  return html`
    <div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${onKeyDown}>
      ${tabs.map((tab) => html`
        <button key=${tab.id} role="tab" type="button" id=${`tab-${id}-${tab.id}`}
          aria-selected=${tab === shown} aria-controls=${`view-${id}`} tabindex=${tab === shown ? 0 : -1}
          onClick=${() => choose(tab)}>${tab.name}</button>`)}
    </div>
    <div class="view" role="tabpanel" id=${`view-${id}`} aria-labelledby=${`tab-${id}-${shown.id}`}
      tabindex=${focusable ? 0 : null}>
      ${shown.body === undefined ? html`<${shown.view} key=${shown.id} />` : shown.body()}
    </div>`;
}

/** A button that shows an object in the inspector. */
export function Link({ to, onSelect, tabindex, children }) {
  return html`<button type="button" class="link" tabindex=${tabindex}
    onClick=${() => onSelect(to.kind, to.id)}>${children}</button>`;
}
