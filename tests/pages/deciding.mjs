// A person decides: with a mouse, by the keyboard alone, without styles, without scripts, in a text browser.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LANGUAGES, posting } from './browser.mjs'
import { equal } from './checks.mjs'

const BUTTON = 'button[name=decision]'
/** Unfolds the field. */
const UNFOLDS = 'form summary'
const FIELD = 'textarea[name=comment]'
const TEXT_BROWSER = fileURLToPath(new URL('text_browser.py', import.meta.url))

/** More stops than any page has. */
const MOST_TABS = 60

const COMMENT = 'Totals agree. 合計が一致しました。'

export async function checkDeciding(checks, browser, ground) {
  for (const { name, locale } of LANGUAGES) {
    for (const decision of ['Approved', 'Rejected']) {
      const decide = (title, act, options = {}) =>
        checks.run(`${title}: ${decision}, ${name}`, async () => {
          const asked = await ground.ask()
          const context = await browser.newContext({ locale, viewport: { width: 320, height: 640 }, ...options })
          const page = await context.newPage()
          const link = decision === 'Approved' ? asked.approve : asked.reject
          await page.goto(link)
          const answer = await posting(page, () => act(page))
          equal(answer.status(), 200, 'the status of the page that follows')
          equal(await page.locator('form').count(), 0, 'forms on the page that follows')
          await isDecided(ground, asked, decision)
          await context.close()
        })
      await decide('a click decides', click)
      await decide('a click decides, scripts off', click, { javaScriptEnabled: false })
      await decide('a click decides, styles off', unstyledClick)
      await decide('the keyboard alone decides, by Enter', (page) => keys(page, 'Enter'))
      await decide('the keyboard alone decides, by Space', (page) => keys(page, 'Space'))
    }
  }
  for (const decision of ['Approved', 'Rejected']) {
    await checks.run(`lynx decides: ${decision}`, () => lynx(ground, decision))
  }
}

/** Fails unless CodePipeline and the ledger hold this decision, with the comment. */
export async function isDecided(ground, asked, decision, comment = COMMENT) {
  const { action, ledger } = await ground.standing(asked)
  equal(action.status, decision === 'Approved' ? 'Succeeded' : 'Failed', "the approval's status in CodePipeline")
  equal(ledger.votes.map((vote) => [vote.decision, vote.comment ?? '']), [[decision, comment]], "the ledger's votes")
  equal([ledger.outcome.ending, ledger.outcome.byVotes], [decision.toLowerCase(), true], "the ledger's outcome")
  if (!action.summary.includes(comment)) throw new Error(`CodePipeline's summary is ${action.summary}`)
}

async function click(page) {
  await page.locator(UNFOLDS).click()
  await page.locator(FIELD).click()
  await page.keyboard.insertText(COMMENT)
  await page.locator(BUTTON).click()
}

async function unstyledClick(page) {
  await page.evaluate(() => [...document.styleSheets].forEach((sheet) => (sheet.disabled = true)))
  equal(await page.evaluate(() => getComputedStyle(document.body).margin), '8px', 'the margin of a page without styles')
  await click(page)
}

async function keys(page, press) {
  await tabTo(page, UNFOLDS)
  await page.keyboard.press('Enter')
  await tabTo(page, FIELD)
  await page.keyboard.insertText(COMMENT)
  await tabTo(page, BUTTON)
  await page.keyboard.press(press)
}

async function tabTo(page, selector) {
  for (let presses = 0; presses < MOST_TABS; presses++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return
  }
  throw new Error(`the Tab key does not reach ${selector}`)
}

async function lynx(ground, decision) {
  const asked = await ground.ask()
  const link = decision === 'Approved' ? asked.approve : asked.reject
  const html = await (await fetch(link)).text()
  const links = html.split('<textarea')[0].match(/<a\s/g)?.length ?? 0
  await promisify(execFile)('python3', [TEXT_BROWSER, link, String(links), COMMENT])
  await isDecided(ground, asked, decision)
}
