// Checks the pages in Chromium, lynx and the Nu HTML checker. `tests/pages/run` installs and builds the programs, and
// passes their paths in CHROMIUM and GALLERY.

import { startBrowser } from './browser.mjs'
import { Checks } from './checks.mjs'
import { checkDeciding } from './deciding.mjs'
import { startGallery } from './gallery.mjs'
import { Ground } from './ground.mjs'
import { checkScanner } from './scanner.mjs'
import { checkMeasures } from './selftest.mjs'
import { checkStates } from './states.mjs'
import { checkDocuments } from './validator.mjs'

const checks = new Checks()
const gallery = await startGallery(process.env.GALLERY)
try {
  const browser = await startBrowser()
  try {
    const ground = new Ground(gallery.ground)
    await checkMeasures(checks, browser)
    await checkDeciding(checks, browser, ground)
    await checkScanner(checks, browser, ground)
    const documents = await checkStates(checks, browser, gallery.states)
    await checkDocuments(checks, documents)
  } finally {
    await browser.close()
  }
} finally {
  await gallery.stop()
  console.log(checks.closingLine())
}
process.exitCode = checks.failed === 0 ? 0 : 1
