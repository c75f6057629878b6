// Preferences of the person at the page: theme, scale, single-letter keys. They stay in the browser.

import { effect, signal } from '@preact/signals';

const THEMES = ['auto', 'light', 'dark'];
const SCALES = [0.875, 1, 1.125, 1.25, 1.5, 1.75, 2];

export const theme = signal(stored('theme', THEMES, 'auto'));
export const scale = signal(Number(stored('scale', SCALES.map(String), '1')));
export const letterKeys = signal(stored('letters', ['on', 'off'], 'on') === 'on');
/** Whether the person asked for less motion. */
export const calm = signal(false);
/** Whether the page is as narrow as a phone. */
export const narrow = signal(false);

function stored(key, allowed, otherwise) {
  try {
    const value = localStorage.getItem(`toycoin-${key}`);
    return allowed.includes(value) ? value : otherwise;
  } catch {
    return otherwise; // a page from a file may have no storage
  }
}

function store(key, value) {
  try {
    localStorage.setItem(`toycoin-${key}`, value);
  } catch {
    // then it holds until the page is closed
  }
}

/** Goes to the next theme: as the system, light, dark. */
export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
}

/** Makes everything larger (1) or smaller (-1). */
export function changeScale(by) {
  const at = SCALES.indexOf(scale.value) + by;
  scale.value = SCALES[Math.max(0, Math.min(SCALES.length - 1, at))];
}

/** Applies the preferences to the document, now and whenever they change. */
export function applyPrefs() {
  const root = document.documentElement;
  effect(() => {
    root.dataset.theme = theme.value;
    root.style.fontSize = `${scale.value * 100}%`;
    store('theme', theme.value);
    store('scale', String(scale.value));
    store('letters', letterKeys.value ? 'on' : 'off');
  });
  follow('(prefers-reduced-motion: reduce)', calm);
  follow('(max-width: 30rem)', narrow);
}

function follow(query, target) {
  const media = matchMedia(query);
  target.value = media.matches;
  media.addEventListener('change', () => { target.value = media.matches; });
}
