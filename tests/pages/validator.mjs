// The Nu HTML checker, the validator of the standard itself, over all documents in one run.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const JAR = createRequire(import.meta.url).resolve('vnu-jar/build/dist/vnu.jar')
const ENOUGH = 64 * 1024 * 1024

// Keeps SES from rewriting a link, and is no HTML. SES takes it out.
const OF_SES = 'Attribute “ses:no-track” not allowed on element “a” at this point.'

/** Checks that documents, `{name, html, email}`, are valid. */
export async function checkDocuments(checks, documents) {
  const problems = await validate(documents)
  for (const [index, { name }] of documents.entries()) {
    await checks.run(`${name}: the Nu HTML checker`, () => problems[index])
  }
}

/**
 * The problems of each document: errors, and warnings too, unless it is an email, since mail programs need the
 * attributes of tables that the standard warns of. An email may have the one attribute of SES's, too.
 */
export async function validate(documents) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pages-'))
  try {
    const files = documents.map(({ html }, index) => {
      const file = join(directory, `${index}.html`)
      writeFileSync(file, html)
      return file
    })
    // The checker's guess at the language is random, and these pages are short and quote English: the same page passes
    // one day and fails the next. `states.mjs` checks the declared language of each page.
    const options = ['-jar', JAR, '--no-langdetect', '--format', 'json', '--stdout', '--exit-zero-always', ...files]
    const { stdout } = await promisify(execFile)('java', options, { maxBuffer: ENOUGH })
    const { messages } = JSON.parse(stdout)
    return documents.map(({ email }, index) => {
      const counts = ({ type, subType, message }) =>
        email ? type !== 'info' && message !== OF_SES : type !== 'info' || subType === 'warning'
      const describe = ({ type, subType, lastLine, message }) => `${subType ?? type} in line ${lastLine}: ${message}`
      const own = messages.filter(({ url }) => url === `file:${files[index]}`)
      return [...new Set(own.filter(counts).map(describe))]
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}
