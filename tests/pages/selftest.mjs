// The measurements find every mistake on a page that has them all. A check that cannot fail would prove nothing.

import { axeViolations, badInPrint, belowTheFold, sidewaysScroll, smallTargets } from './measures.mjs'
import { AXE, focusSeen, WCAG } from './states.mjs'
import { validate } from './validator.mjs'

// Each link has an attribute that is no HTML, and one of them is SES's.
const EMAIL = {
  html: '<!DOCTYPE html><html lang="en"><title>a</title><a ses:no-track href="/">a</a><a ses:other href="/">b</a></html>',
  email: true,
}

const WRONG = `<!DOCTYPE html>
<html lang="en">
<head>
<title>Wrong</title>
<style>
:focus{outline:none}
.faint{color:#bbb}
.tall a{display:inline-block;min-width:44px;padding:20px 0}
.raised{margin-top:-30px}
.wide{width:2000px}
.cut{overflow:hidden;width:20px;height:10px}
</style>
</head>
<body>
<main>
<h1>Wrong</h1>
<p class="faint">Text of too little contrast</p>
<p>Text beside <a href="#running">a link</a>, which may be small.</p>
<p>A line above<br><a href="#alone">a link alone on its line</a></p>
<p class="tall"><a href="#above">a link above</a></p>
<p class="tall raised"><a href="#over">a link over it</a></p>
<p class="said"><a href="#tiny">tiny</a></p>
<p class="wide">wide</p>
<p class="cut">cut off</p>
<span><p>a paragraph in a span</p></span>
</main>
</body>
</html>`

/** What must not be printed, and what must not be far down. */
const PRINTED = `<!DOCTYPE html>
<html lang="en">
<title>Printed</title>
<form method="post"><button>Decide</button></form>
<details><summary>More</summary><p>folded</p></details>
<p><a href="/approval?t=x">/approval?t=x</a></p>
<p style="margin-top:2000px">far down</p>
</html>`

/** Checks the measures themselves. */
export async function checkMeasures(checks, browser) {
  const page = await browser.newPage({ viewport: { width: 320, height: 640 } })
  await page.setContent(WRONG)
  await page.evaluate(AXE)
  const finds = (what, measure, ...expected) =>
    checks.run(`the measures find ${what}`, async () => {
      const found = await measure()
      const missed = expected.filter((words) => !found.some((problem) => problem.includes(words)))
      const problems = missed.map((words) => `not found: ${words}`)
      return found.length === expected.length ? problems : [...problems, ...found.map((problem) => `found: ${problem}`)]
    })
  await finds('too little contrast', () => page.evaluate(axeViolations, WCAG), 'axe color-contrast')
  await finds('what scrolls and what is cut off', () => page.evaluate(sidewaysScroll), 'the page is 2', 'class="cut"')
  await finds(
    'a small target, except one in running text, and one over another',
    () => page.evaluate(smallTargets),
    '#alone',
    '#tiny',
    'a target above another',
  )
  await finds('a focus that is not seen', () => focusSeen(browser, page), '#running', '#alone', '#above', '#over', '#tiny')
  await finds('wrong HTML', async () => (await validate([{ html: WRONG }]))[0], 'Element “p” not allowed')
  await finds('an attribute in an email that is none', async () => (await validate([EMAIL]))[0], 'ses:other')
  await page.setContent(PRINTED)
  await finds('what is far down', () => page.evaluate(belowTheFold, 'p'), 'it ends at')
  await finds('that nothing is there', () => page.evaluate(belowTheFold, 'table'), 'nothing is table')
  await page.emulateMedia({ media: 'print' })
  await finds('what is wrong in print', () => page.evaluate(badInPrint), '<form', '<button', 'it is folded', 'it decides')
  await page.close()
}
