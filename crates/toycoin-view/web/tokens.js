// Tokens: `#token=..` lets the page change the network, `#read=..` lets it read from another machine.
//
// A fragment is in no log. It is moved to the tab's storage, and the address is cleared, so that nobody reads it from
// a projector or a copied link.

const KEYS = ['token', 'read'];

/** Takes the tokens out of the address. */
export function takeTokens() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const found = KEYS.filter((key) => fragment.has(key));
  for (const key of found) sessionStorage.setItem(`toycoin-${key}`, fragment.get(key));
  if (found.length > 0) history.replaceState(null, '', location.pathname + location.search);
}

export const writeToken = () => stored('token');
export const readToken = () => stored('read');

function stored(key) {
  try {
    return sessionStorage.getItem(`toycoin-${key}`);
  } catch {
    return null; // a page from a file may have no storage
  }
}
