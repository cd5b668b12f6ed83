// Pictures of every page state, and of the emails as the sandbox's mailbox shows them. `tests/pages/shots` installs and
// builds the programs, and passes their paths in CHROMIUM and GALLERY.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HEIGHT, languagesOf, open, SCHEMES, startBrowser, WIDTHS } from './browser.mjs'
import { startGallery } from './gallery.mjs'

/** How wide mail programs show an email, on a phone and on a desk, in CSS pixels. */
const EMAIL_WIDTHS = [360, 700]

const directory = process.argv[2]
mkdirSync(directory, { recursive: true })
let pictures = 0
const gallery = await startGallery(process.env.GALLERY)
try {
  const browser = await startBrowser()
  try {
    for (const state of gallery.states) {
      for (const { name, locale } of languagesOf(state)) {
        const context = await browser.newContext({ locale })
        const { page } = await open(context, state)
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme })
          for (const width of state.of === 'email' ? EMAIL_WIDTHS : WIDTHS) {
            await page.setViewportSize({ width, height: HEIGHT })
            const path = join(directory, `${state.name}.${name}.${colorScheme}.${width}.png`)
            await page.screenshot({ path, fullPage: true })
            pictures += 1
          }
        }
        await context.close()
      }
    }
  } finally {
    await browser.close()
  }
} finally {
  await gallery.stop()
}
console.log(`${pictures} pictures in ${directory}`)
