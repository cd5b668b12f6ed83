// Measurements inside a page. Each function is sent to the browser, so it may use nothing from outside itself.

/** What makes the page scroll sideways. Data tables in a region of their own may: WCAG 1.4.10 excepts them. */
export function sidewaysScroll() {
  const problems = []
  const root = document.scrollingElement
  if (root.scrollWidth > root.clientWidth) {
    const widest = [...document.body.querySelectorAll('*')]
      .map((element) => ({ element, right: element.getBoundingClientRect().right }))
      .reduce((a, b) => (b.right > a.right ? b : a))
    const markup = widest.element.outerHTML.slice(0, 80)
    problems.push(`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth}: ${markup}`)
  }
  for (const element of document.body.querySelectorAll('*')) {
    const { overflowX, overflowY } = getComputedStyle(element)
    const wide = element.scrollWidth > element.clientWidth + 1
    const high = element.scrollHeight > element.clientHeight + 1
    const cut = (overflow) => overflow === 'hidden' || overflow === 'clip'
    const excepted = element.getAttribute('role') === 'region' && element.querySelector('table')
    if (wide && ['auto', 'scroll'].includes(overflowX) && !excepted) {
      problems.push(`it scrolls sideways inside: ${element.outerHTML.slice(0, 80)}`)
    }
    // Text that is not shown at all, such as an email's preheader, cannot be cut off.
    const shown = element.clientWidth > 1 && element.clientHeight > 1
    if (shown && ((wide && cut(overflowX)) || (high && cut(overflowY)))) {
      problems.push(`its content is cut off: ${element.outerHTML.slice(0, 80)}`)
    }
  }
  return problems
}

/**
 * Targets smaller than 44 by 44 CSS pixels (WCAG 2.5.5), or, in the box for what others wrote, than 24 (WCAG 2.5.8): there
 * they stand one below the other, and the buttons must not be pushed down. No target may take the taps of another. A link
 * within running text is excepted, as there: one that has other text of its block beside it on one of its lines. A link
 * alone on its lines counts, whatever its block holds above and below.
 */
export function smallTargets() {
  const sideOf = (target) => (target.closest('.said') ? 24 : 44)
  const TARGETS = 'a[href], button, input:not([type=hidden]), textarea, select, summary, [role=button], [tabindex="0"]'
  const isInline = (element) => getComputedStyle(element).display === 'inline'
  const blockOf = (element) => (isInline(element) ? blockOf(element.parentElement) : element)
  const rectsOf = (text) => {
    const range = document.createRange()
    range.selectNodeContents(text)
    return [...range.getClientRects()]
  }
  const isRunningText = (link) => {
    if (!isInline(link)) return false
    const lines = [...link.getClientRects()]
    const walker = document.createTreeWalker(blockOf(link), NodeFilter.SHOW_TEXT)
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      if (link.contains(text) || !/[\p{L}\p{N}]/u.test(text.data)) continue
      const besides = rectsOf(text).some((rect) =>
        lines.some((line) => Math.min(rect.bottom, line.bottom) - Math.max(rect.top, line.top) > rect.height / 2),
      )
      if (besides) return true
    }
    return false
  }
  const targets = [...document.querySelectorAll(TARGETS)]
    .filter((target) => target.checkVisibility() && !isRunningText(target))
    .map((target) => ({ target, rect: target.getBoundingClientRect() }))
  const small = targets.filter(({ target, rect }) => Math.min(rect.width, rect.height) < sideOf(target))
  const markup = ({ target }) => target.cloneNode(false).outerHTML.slice(0, 60)
  const overlaps = (one, other) => {
    const [a, b] = [one.rect, other.rect]
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
    return width > 1 && height > 1 && !one.target.contains(other.target) && !other.target.contains(one.target)
  }
  const stolen = targets.flatMap((one, index) =>
    targets.slice(index + 1).filter((other) => overlaps(one, other)).map((other) => [one, other]),
  )
  return [
    ...small.map((one) => `a target of ${one.rect.width.toFixed(1)}×${one.rect.height.toFixed(1)} px: ${markup(one)}`),
    ...stolen.map(([one, other]) => `a target above another: ${markup(one)}, ${markup(other)}`),
  ]
}

/** What a selector finds that does not lie wholly on the first screen; also if it finds nothing. */
export function belowTheFold(selector) {
  const found = [...document.querySelectorAll(selector)]
  if (found.length === 0) return [`nothing is ${selector}`]
  return found
    .map((element) => ({ element, bottom: element.getBoundingClientRect().bottom }))
    .filter(({ bottom }) => bottom > innerHeight)
    .map(({ element, bottom }) => {
      const markup = element.cloneNode(false).outerHTML.slice(0, 60)
      return `it ends at ${bottom.toFixed(0)} px in a window of ${innerHeight}: ${markup}`
    })
}

/** What a printed page lacks or must not have: what is folded, what can be pressed, and links that decide. */
export function badInPrint() {
  const isSeen = (element) => element.checkVisibility({ contentVisibilityAuto: true }) && element.getClientRects().length > 0
  const problems = [...document.querySelectorAll('form, button, form textarea')]
    .filter(isSeen)
    .map((element) => `it is printed: ${element.cloneNode(false).outerHTML.slice(0, 60)}`)
  for (const element of document.querySelectorAll('details > *')) {
    if (!element.closest('form') && !isSeen(element)) problems.push(`it is folded: ${element.outerHTML.slice(0, 60)}`)
  }
  for (const link of document.querySelectorAll('a[href]')) {
    const after = getComputedStyle(link, '::after').content
    const text = link.textContent.trim()
    if (link.href.includes('/approval?') && !link.getAttribute('href').startsWith('#')) problems.push(`it decides: ${text}`)
    if (!link.getAttribute('href').startsWith('#') && text !== link.getAttribute('href') && after === 'none') {
      problems.push(`its address is not printed: ${text.slice(0, 60)}`)
    }
  }
  return problems
}

/** What violates the rules with these tags of axe-core, whose script has run in the page before. */
export async function axeViolations(tags) {
  const { violations } = await axe.run(document, {
    iframes: false,
    rules: { 'target-size': { enabled: true } },
    runOnly: tags,
  })
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `axe ${id}: ${help}: ${node.html.slice(0, 100)} (${node.any[0]?.message ?? node.failureSummary})`),
  )
}

/**
 * Where the focus is, in CSS pixels of the window; null outside the page's own fields, links and buttons. It is brought
 * to the middle of the window first: the browser is content with what has it, and leaves its outline beyond the edge.
 */
export function focused() {
  const element = document.activeElement
  if (!element || element === document.body || element.tagName === 'IFRAME') return null
  element.scrollIntoView({ block: 'center' })
  const { x, y, width, height } = element.getBoundingClientRect()
  const all = [...document.querySelectorAll('*')]
  return { index: all.indexOf(element), x, y, width, height, markup: element.cloneNode(false).outerHTML.slice(0, 60) }
}

/** The places among all elements of what the Tab key should reach. */
export function reachable() {
  const all = [...document.querySelectorAll('*')]
  const stops = 'a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex="0"]'
  return [...document.querySelectorAll(stops)]
    .filter((element) => element.checkVisibility() && !element.disabled)
    .map((element) => ({ index: all.indexOf(element), markup: element.cloneNode(false).outerHTML.slice(0, 60) }))
}

/** How many pixels of two pictures differ by a contrast of 3:1 or more (WCAG 2.4.13). Pictures are PNG in base64. */
export async function contrastingPixels([before, after]) {
  const pixels = async (png) => {
    const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    drawing.drawImage(bitmap, 0, 0)
    return drawing.getImageData(0, 0, bitmap.width, bitmap.height).data
  }
  const linear = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = (data, i) => 0.2126 * linear(data[i]) + 0.7152 * linear(data[i + 1]) + 0.0722 * linear(data[i + 2])
  const [a, b] = [await pixels(before), await pixels(after)]
  let count = 0
  for (let i = 0; i < a.length; i += 4) {
    const [dark, light] = [luminance(a, i), luminance(b, i)].sort((x, y) => x - y)
    if ((light + 0.05) / (dark + 0.05) >= 3) count += 1
  }
  return count
}
