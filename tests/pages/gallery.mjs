// The gallery: every page state, served by the program `gallery` of the crate `tests`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Starts the gallery. Gives its states, the ground to act on, and how to stop it. */
export async function startGallery(program) {
  const gallery = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(gallery, 'exit')
  const states = []
  for await (const line of createInterface({ input: gallery.stdout })) {
    states.push(JSON.parse(line))
    if (states.at(-1).of === 'ground') break
  }
  const ground = states.pop()
  if (ground?.of !== 'ground') throw new Error('the gallery ended before all of its states were there')
  const stop = async () => {
    gallery.stdin.end()
    await ended
  }
  return { states, ground: ground.url, stop }
}
