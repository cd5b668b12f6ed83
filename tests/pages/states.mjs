// Every state's page in every language, in light and dark, narrow and wide.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { HEIGHT, languagesOf, LANGUAGES, LOCALES, open, PHONE, SCHEMES, WIDTHS } from './browser.mjs'
import { Problems } from './checks.mjs'
import {
  axeViolations,
  badInPrint,
  belowTheFold,
  contrastingPixels,
  focused,
  reachable,
  sidewaysScroll,
  smallTargets,
} from './measures.mjs'

/** The script of axe-core. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules of WCAG 2.2 at level AA, as axe-core tags them. */
export const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']

/** A window of 1280 px at 200 % zoom has 640 CSS pixels. */
const ZOOMED = 640

/** What decides on a page, and what leads there in an email. */
const BUTTONS = { callback: 'button[name=decision]', email: '.go a, .stop a' }

/** Room around what has the focus, for its outline, in CSS pixels. */
const ROOM = 8

/** Looks at every page. Gives the pages' HTML for the validator, as `{name, html, email}`. */
export async function checkStates(checks, browser, states) {
  const documents = []
  for (const language of LANGUAGES) {
    const titles = new Map()
    const context = await browser.newContext({ locale: language.locale })
    for (const state of states.filter((state) => languagesOf(state).includes(language))) {
      const name = `${state.name}, ${language.name}`
      const { page, response, besides } = await open(context, state)
      documents.push({ name, html: await response.text(), email: state.of === 'email' })
      if (state.of === 'callback') titles.set(state, await page.title())
      await checks.run(`${name}: status, language, one title, nothing loaded`, () =>
        answered(page, response, besides, state, language),
      )
      await page.evaluate(AXE)
      await checkLooks(checks, page, name, state)
      if (state.of !== 'email') await checks.run(`${name}: at 200 % zoom`, () => zoomed(page))
      if (state.of === 'callback') await checks.run(`${name}: in print`, () => printed(page))
      const stops = (await page.evaluate(reachable)).length
      if (stops > 0 && state.of !== 'email' && language === LANGUAGES[0]) {
        await checks.run(`${name}: every stop of the Tab key is seen`, () => focusSeen(browser, page))
      }
      await page.close()
    }
    await context.close()
    await checks.run(`titles, ${language.name}: no two states share one`, () => titlesDiffer(titles))
  }
  for (const state of states.filter((state) => state.first_screen)) {
    for (const locale of state.language ? LOCALES.slice(0, 1) : LOCALES) {
      await checks.run(`${state.name}, ${locale}: the buttons are on a phone's first screen`, () =>
        firstScreen(browser, state, locale),
      )
    }
  }
  return documents
}

/** On the first screen of a phone, without scrolling and without unfolding anything. */
async function firstScreen(browser, state, locale) {
  const context = await browser.newContext({ locale, viewport: PHONE })
  const { page } = await open(context, state)
  const problems = await page.evaluate(belowTheFold, BUTTONS[state.of])
  if (!state.language && (await page.getAttribute('html', 'lang')) !== locale.slice(0, 2)) problems.push('another language')
  await context.close()
  return problems
}

/** On paper, for whoever keeps the page. */
async function printed(page) {
  await page.emulateMedia({ media: 'print', colorScheme: 'light' })
  const problems = await page.evaluate(badInPrint)
  await page.emulateMedia({ media: null })
  return problems
}

async function answered(page, response, besides, state, language) {
  const problems = []
  if (response.status() !== state.status) problems.push(`status ${response.status()} instead of ${state.status}`)
  const lang = await page.getAttribute('html', 'lang')
  const expected = state.language ?? language.name
  if (lang !== expected) problems.push(`<html lang="${lang}"> where ${expected} was asked for`)
  const titles = await page.locator('head > title').count()
  if (titles !== 1 || (await page.title()).trim() === '') problems.push(`${titles} titles, or an empty one`)
  // The frame of an email's page is the sandbox's own.
  const foreign = state.of === 'sandbox' ? besides.filter((url) => !url.startsWith(new URL(state.url).origin)) : besides
  if (foreign.length > 0) problems.push(`it loads ${foreign.join(', ')}`)
  if ((await page.locator('script').count()) > 0) problems.push('it has a script')
  return problems
}

async function checkLooks(checks, page, name, state) {
  const look = (what, frames, measure, argument) =>
    checks.run(`${name}: ${what}, light and dark, ${WIDTHS.join(' and ')} px`, async () => {
      const problems = new Problems()
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme })
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: HEIGHT })
          for (const frame of frames) problems.add(`${colorScheme} ${width}`, await frame.evaluate(measure, argument))
        }
      }
      return problems.lines()
    })
  // A mail program shows an email as part of its own page, which has the landmarks, and sets what is to be pressed its
  // own way.
  const rules = state.of === 'email' ? WCAG : [...WCAG, 'best-practice']
  await look('axe-core', [page], axeViolations, rules)
  await look('no sideways scrolling', page.frames(), sidewaysScroll)
  if (state.of !== 'email') await look('large targets, none over another', [page], smallTargets)
}

/** Zoomed as a browser does it, then with text alone twice as large, as a browser's setting for text does it. */
async function zoomed(page) {
  const problems = new Problems()
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: ZOOMED, height: HEIGHT / 2 })
  problems.add('zoomed', await page.evaluate(sidewaysScroll))
  problems.add('zoomed', await page.evaluate(smallTargets))
  await page.setViewportSize({ width: 1280, height: HEIGHT })
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  problems.add('text twice as large', await page.evaluate(sidewaysScroll))
  problems.add('text twice as large', await page.evaluate(smallTargets))
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
  return problems.lines()
}

/** Goes through the page by the Tab key. What has the focus must look different from what it is without. */
export async function focusSeen(browser, page) {
  const problems = new Problems()
  const easel = await browser.newPage()
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT })
    const expected = await page.evaluate(reachable)
    const frames = await page.locator('iframe').count()
    const seen = new Set()
    await page.evaluate(() => getSelection().removeAllRanges())
    await page.mouse.click(0, 0)
    // A frame has stops of its own.
    for (let presses = 0; presses < expected.length + 1 + 40 * frames; presses++) {
      await page.keyboard.press('Tab')
      const focus = await page.evaluate(focused)
      if (!focus || seen.has(focus.index)) continue
      seen.add(focus.index)
      problems.add(colorScheme, await looksFocused(page, easel, focus))
    }
    const missed = expected.filter(({ index }) => !seen.has(index))
    problems.add(colorScheme, missed.map(({ markup }) => `the Tab key does not reach ${markup}`))
  }
  await easel.close()
  return problems.lines()
}

async function looksFocused(page, easel, focus) {
  const [left, top] = [Math.max(0, focus.x - ROOM), Math.max(0, focus.y - ROOM)]
  const right = Math.min(WIDTHS[0], focus.x + focus.width + ROOM)
  const bottom = Math.min(HEIGHT, focus.y + focus.height + ROOM)
  if (right <= left || bottom <= top) return [`it has the focus out of sight: ${focus.markup}`]
  const clip = { x: left, y: top, width: right - left, height: bottom - top }
  const picture = async () => (await page.screenshot({ clip })).toString('base64')
  const withFocus = await picture()
  // The Tab key goes on from here all the same.
  await page.evaluate(() => document.activeElement.blur())
  const without = await picture()
  const pixels = await easel.evaluate(contrastingPixels, [without, withFocus])
  // An outline of two pixels around it, less what rounded corners save.
  const needed = 2 * 2 * (focus.width + focus.height) * 0.9
  return pixels >= needed ? [] : [`its focus changes ${pixels} px, not ${needed.toFixed(0)}: ${focus.markup}`]
}

function titlesDiffer(titles) {
  const problems = []
  const all = [...titles]
  for (const [index, [state, title]] of all.entries()) {
    for (const [other, otherTitle] of all.slice(index + 1)) {
      if (title === otherTitle && state.title !== other.title) {
        problems.push(`${state.name} and ${other.name}: ${title.slice(0, 80)}`)
      }
    }
  }
  return problems
}
