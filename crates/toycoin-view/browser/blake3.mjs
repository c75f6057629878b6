// The page's BLAKE3, for tests that run without a browser.
export { blake3 } from '../web/vendor/blake3.js';
