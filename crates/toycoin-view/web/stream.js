// The stream of events: server-sent events, read by `fetch`.
//
// `EventSource` can neither send a token nor say after a pause which event it saw last. So the page reads the stream
// itself: it resumes by `Last-Event-ID`, closes while the tab is hidden, and polls the state when the server is full.

const POLL_MS = 5_000;
const STREAM_AGAIN_MS = 30_000;
const LONGEST_RETRY_MS = 15_000;

/**
 * Reads events until `close` is called.
 *
 * `onState(state)` and `onEvent(event)` get what arrives, `onConnection` gets `live`, `connecting` or `polling`, and
 * `headers()` returns what each request sends.
 */
export function openStream({ base, headers, onState, onEvent, onConnection }) {
  let lastId = null;
  let retry = 2_000;
  let failures = 0;
  let abort = null;
  let timer = 0;
  let closed = false;

  async function read() {
    abort = new AbortController();
    const { signal } = abort;
    const sent = { Accept: 'text/event-stream', ...headers(), ...(lastId === null ? {} : { 'Last-Event-ID': lastId }) };
    try {
      const response = await fetch(`${base}/v1/events`, { headers: sent, signal, cache: 'no-store' });
      if (response.status === 503) return poll(performance.now() + STREAM_AGAIN_MS);
      if (!response.ok) throw new Error(`status ${response.status}`);
      onConnection('live');
      for await (const { id, event, data, retry: told } of messages(response.body)) {
        if (signal.aborted) return;
        if (told !== undefined) retry = told;
        if (data === undefined) continue;
        const value = JSON.parse(data);
        failures = 0;
        if (event === 'state') onState(value);
        else onEvent(value);
        if (id !== undefined) lastId = id;
      }
      throw new Error('the stream ended');
    } catch {
      if (signal.aborted || closed) return;
      onConnection('connecting');
      failures += 1;
      timer = setTimeout(read, Math.min(LONGEST_RETRY_MS, retry * 2 ** Math.min(failures - 1, 3)));
    }
  }

  async function poll(until) {
    const { signal } = abort;
    onConnection('polling');
    try {
      const response = await fetch(`${base}/v1/state`, { headers: headers(), signal, cache: 'no-store' });
      if (response.ok) onState(await response.json());
    } catch {
      // the next poll, or the stream, tells whether it is back
    }
    if (signal.aborted || closed) return;
    timer = setTimeout(() => (performance.now() < until ? poll(until) : read()), POLL_MS);
  }

  function pause() {
    clearTimeout(timer);
    abort?.abort();
    abort = null;
  }

  function onVisibility() {
    if (document.hidden) pause();
    else if (abort === null && !closed) read();
  }

  document.addEventListener('visibilitychange', onVisibility);
  if (!document.hidden) read();
  return {
    close() {
      closed = true;
      pause();
      document.removeEventListener('visibilitychange', onVisibility);
    },
  };
}

/** Yields the messages of a stream of server-sent events: `{id, event, data, retry}`, each absent if not sent. */
export async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let message = {};
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (Object.keys(message).length > 0) yield message;
        message = {};
      } else {
        addField(message, line);
      }
    }
  }
}

function addField(message, line) {
  const colon = line.indexOf(':');
  const name = colon < 0 ? line : line.slice(0, colon);
  const start = colon < 0 ? line.length : colon + (line[colon + 1] === ' ' ? 2 : 1);
  const value = line.slice(start);
  if (name === 'data') message.data = message.data === undefined ? value : `${message.data}\n${value}`;
  else if (name === 'id' || name === 'event') message[name] = value;
  else if (name === 'retry' && /^\d+$/.test(value)) message.retry = Number(value);
}
