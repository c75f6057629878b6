// The encodings that core's tests freeze, docs/vectors/core.json.
import { readFileSync } from 'node:fs';

export const core = JSON.parse(readFileSync(new URL('../../../docs/vectors/core.json', import.meta.url), 'utf8'));
