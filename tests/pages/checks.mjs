// Runs checks, prints the result of each, and counts.

export class Checks {
  passed = 0
  failed = 0

  /** Runs one check; its name is what is checked. A check that returns problems, or throws, has failed. */
  async run(name, check) {
    const began = performance.now()
    let problems
    try {
      problems = (await check()) ?? []
    } catch (error) {
      problems = [error.stack]
    }
    const took = `(${((performance.now() - began) / 1000).toFixed(1)} s)`
    if (problems.length === 0) {
      this.passed += 1
      console.log(`ok      ${name} ${took}`)
    } else {
      this.failed += 1
      console.log(`FAILED  ${name} ${took}\n${problems.map((problem) => `          ${problem}`).join('\n')}`)
    }
  }

  closingLine() {
    return `${this.passed} passed, ${this.failed} failed`
  }
}

/** Problems by where they were found: one line for each problem, however many places have it. */
export class Problems {
  #places = new Map()

  add(place, problems) {
    for (const problem of problems) {
      this.#places.set(problem, [...(this.#places.get(problem) ?? []), place])
    }
  }

  lines() {
    return [...this.#places].map(([problem, places]) => `${problem} [${places.join(', ')}]`)
  }
}

/** Throws with both values unless they are equal. */
export function equal(found, expected, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`)
}
