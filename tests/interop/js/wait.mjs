// Waits for conditions, never for times.

/** Longest time that anything may take, in milliseconds. The whole run has a deadline too. */
export const PATIENCE = 30_000

/** Waits for a promise that must come true. */
export async function soon (what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited for ${what} in vain`)), PATIENCE)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until `look` returns something, and returns that. */
export function until (what, look) {
  let over = false
  const looking = (async () => {
    while (!over) {
      const found = await look()
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return soon(what, looking).finally(() => { over = true })
}
