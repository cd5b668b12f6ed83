// A mail scanner with a real browser that runs scripts: it does everything to a page that a machine may do without
// pressing the button, and nothing is decided. Then a person's click decides.
//
// `button.click()` and `form.requestSubmit(button)` are left out: their requests cannot be distinguished from those of
// a person who presses the button.

import { posting } from './browser.mjs'
import { equal } from './checks.mjs'
import { isDecided } from './deciding.mjs'

const VISITS = 100
const SUBMISSIONS = {
  'form.submit()': (form) => form.submit(),
  'form.requestSubmit()': (form) => form.requestSubmit(),
}

export async function checkScanner(checks, browser, ground) {
  const context = await browser.newContext()
  const page = await context.newPage()
  const asked = await ground.ask()
  const before = await ground.standing(asked)
  const links = { Approve: asked.approve, Reject: asked.reject }
  // Other links lead to the internet: the scanner follows them, and no request leaves this machine.
  const elsewhere = []
  await context.route(
    (url) => url.origin !== ground.url,
    (route) => {
      elsewhere.push(route.request().url())
      return route.fulfill({ contentType: 'text/html', body: '<!DOCTYPE html><title>Elsewhere</title>' })
    },
  )

  /** Something that a scanner does; afterwards everything is as it was. */
  const harmless = (name, act) =>
    checks.run(`a scanner ${name}: nothing is decided`, async () => {
      await act()
      equal(await ground.standing(asked), before, 'what CodePipeline and the ledger hold')
    })

  await harmless(`opens both links ${VISITS} times`, async () => {
    for (let visit = 0; visit < VISITS; visit++) {
      for (const link of Object.values(links)) equal((await page.goto(link)).status(), 200, 'the status')
    }
  })
  await harmless('sends HEAD, OPTIONS and a POST without a form', async () => {
    for (const link of Object.values(links)) {
      equal((await fetch(link, { method: 'HEAD' })).status, 200, 'the status of HEAD')
      equal((await fetch(link, { method: 'OPTIONS' })).status, 405, 'the status of OPTIONS')
      equal((await fetch(link, { method: 'POST' })).status, 415, 'the status of POST')
    }
  })
  await harmless('follows every link of the pages', async () => {
    for (const link of Object.values(links)) {
      await page.goto(link)
      const hrefs = await page.locator('a[href]').evaluateAll((all) => all.map(({ href }) => href))
      for (const href of hrefs) await page.goto(href)
      const missed = hrefs.filter((href) => !href.startsWith(ground.url) && !elsewhere.includes(href.split('#')[0]))
      // The page of this approval has a link at least: the commit's.
      equal([hrefs.length > 0, missed], [true, []], 'whether there are links, and which it did not follow')
    }
  })
  for (const [call, submit] of Object.entries(SUBMISSIONS)) {
    for (const [name, link] of Object.entries(links)) {
      await harmless(`calls ${call} on every form of the ${name} page, and of the page that follows`, async () => {
        await page.goto(link)
        const forms = await page.locator('form').count()
        if (forms === 0) throw new Error('the page has no form')
        for (let index = 0; index < forms; index++) {
          await page.goto(link)
          equal(await submitted(page, index, submit), { status: 400, names: ['comment'] }, 'what was sent and answered')
          equal(await submitted(page, 0, submit), { status: 400, names: ['comment'] }, 'the same once more')
        }
      })
    }
  }
  for (const [name, link] of Object.entries(links)) {
    await harmless(`presses Enter in the comment field of the ${name} page`, async () => {
      await page.goto(link)
      let requests = 0
      const count = () => (requests += 1)
      page.on('request', count)
      await page.locator('form summary').click()
      await page.locator('textarea[name=comment]').focus()
      for (const press of ['Enter', 'Control+Enter', 'Shift+Enter', 'NumpadEnter']) await page.keyboard.press(press)
      // A submission would have begun by the time that the page has gone through its tasks twice.
      for (let round = 0; round < 2; round++) await page.evaluate(() => new Promise(requestAnimationFrame))
      page.off('request', count)
      equal([requests, page.url()], [0, link], 'requests, and where the browser is')
      const written = await page.locator('textarea[name=comment]').inputValue()
      if (!written.includes('\n')) throw new Error('Enter did not reach the field')
    })
  }
  await checks.run("after the scanner, a person's click decides", async () => {
    await page.goto(asked.approve)
    await page.locator('button[name=decision]').scrollIntoViewIfNeeded()
    const { x, y, width, height } = await page.locator('button[name=decision]').boundingBox()
    const answer = await posting(page, () => page.mouse.click(x + width / 2, y + height / 2))
    equal(answer.status(), 200, 'the status')
    await isDecided(ground, asked, 'Approved', '')
  })
  await context.close()
}

/** Has a script submit a form. Gives the names of the fields that were sent, and the status of the answer. */
async function submitted(page, index, submit) {
  // A field that must be filled in would hold requestSubmit() back.
  const form = page.locator('form').nth(index)
  await form.locator('details').evaluate((details) => (details.open = true))
  await form.locator('textarea').fill('written by a machine')
  const response = await posting(page, () => page.locator('form').nth(index).evaluate(submit))
  const names = [...new URLSearchParams(response.request().postData()).keys()]
  return { status: response.status(), names }
}
