// A sandbox to act in, used as from outside: events in, emails out, and what CodePipeline and the ledger hold.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

const EVENT = JSON.parse(readFileSync(new URL('../fixtures/eventbridge-action-started.json', import.meta.url), 'utf8'))

/** Whose links are used. */
const APPROVER = 'alice@example.com'

export class Ground {
  #asked = 0

  constructor(url) {
    this.url = url
  }

  /** Lets a new pipeline wait for a decision. Gives its name and the approver's two links. */
  async ask() {
    this.#asked += 1
    const pipeline = `Pipeline-${this.#asked}-of-the-pages`
    const detail = { ...EVENT.detail, pipeline, 'execution-id': randomUUID() }
    await this.#post('/events', { ...EVENT, detail })
    const mails = await (await fetch(`${this.url}/mailbox.json`)).json()
    const mail = mails.find(({ to, text }) => to === APPROVER && text.includes(pipeline))
    const [approve, reject] = mail.text.split(/\s+/).filter((word) => word.includes('/approval?t='))
    return { pipeline, approve, reject }
  }

  /** What CodePipeline holds of the approval, and what the ledger does. */
  async standing({ pipeline }) {
    const state = await this.#post('/aws', { name: pipeline }, { 'x-amz-target': 'CodePipeline_20150709.GetPipelineState' })
    const stage = state.stageStates.find(({ stageName }) => stageName === EVENT.detail.stage)
    const action = stage.actionStates.find(({ actionName }) => actionName === EVENT.detail.action)
    const history = await this.#post('/events', { history: { pipeline } })
    const [ledger] = history.results[0].approvals
    return { action: action.latestExecution, ledger }
  }

  async #post(path, input, headers = {}) {
    const answer = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(input) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
}
