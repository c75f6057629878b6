// Components that are drawn again only when what they show has changed.

import { Component } from 'preact';

/** Wraps a function component. `key(props)` picks what matters; lists are compared item by item. */
export function memo(view, key = (props) => props) {
  return class Memo extends Component {
    shouldComponentUpdate(next) {
      return !same(key(this.props), key(next));
    }

    render(props) {
      return view(props);
    }
  };
}

function same(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => alike(a[name], b[name]));
}

function alike(a, b) {
  if (Object.is(a, b)) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => item === b[at]);
}
