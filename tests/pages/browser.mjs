// Chromium, and how a state's page is opened in it.

import { chromium } from 'playwright-core'

/** The languages in which every page of the callback is looked at: what a browser asks for, and what the page then is. */
export const LANGUAGES = [
  { name: 'en', locale: 'en-GB' },
  { name: 'de', locale: 'de-DE' },
]

/** All languages that pages have: what a browser asks for. */
export const LOCALES = ['en-GB', 'de-DE', 'es-ES', 'fr-FR', 'ja-JP', 'pt-BR']

/** A phone, in CSS pixels. */
export const PHONE = { width: 390, height: 844 }

export const SCHEMES = ['light', 'dark']

/** In CSS pixels. */
export const WIDTHS = [320, 1280]
export const HEIGHT = 900

/** How long a page may take to come, in milliseconds. */
const PATIENCE = 20_000

// Chromium runs as root in containers, where its own sandbox is not available, and connects to 127.0.0.1 only.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const startBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGUMENTS })

/** The languages of a state: the sandbox and its emails have one. */
export const languagesOf = (state) => (state.of === 'callback' ? LANGUAGES : LANGUAGES.slice(0, 1))

/** Opens a state's page. Gives the page, its answer, and the URLs of what was requested besides. */
export async function open(context, state) {
  const page = await context.newPage()
  if (state.method !== 'GET') {
    const postData = new URLSearchParams(state.form ?? {}).toString()
    const send = async (route) => {
      const headers = { ...route.request().headers(), 'content-type': 'application/x-www-form-urlencoded' }
      await route.continue({ method: state.method, headers, postData })
    }
    await page.route((url) => url.href === state.url, send, { times: 1 })
  }
  const besides = []
  page.on('request', (request) => {
    if (request.url() !== state.url) besides.push(request.url())
  })
  const response = await page.goto(state.url)
  return { page, response, besides }
}

/**
 * Does what posts a form, and gives the answer when the page that it brings has taken the old one's place: whoever goes on
 * before that interrupts it.
 */
export async function posting(page, act) {
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST', { timeout: PATIENCE }),
    page.waitForEvent('load', { timeout: PATIENCE }),
    act(),
  ])
  return response
}
