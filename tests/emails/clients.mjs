// Checks the emails' HTML and CSS against the support of mail clients in the data of caniemail.com. Each argument is an
// HTML file. Prints what each client ignores, with the reason why that loses nothing, and `N passed, N failed`.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from '@adobe/css-tools';
import { parseDocument } from 'htmlparser2';

// The data alone. The package's own check takes `max-width` on iOS 9 for the newest, since it sorts versions as texts,
// and `background-color` for `background`.
const rawData = createRequire(import.meta.url)('caniemail/caniemail.json');
const table = JSON.parse(readFileSync(new URL('features.json', import.meta.url), 'utf8'));
const data = new Map(rawData.data.map((feature) => [feature.slug, feature]));

const wrong = [];
let passed = 0;

function verify(holds, complaint) {
  if (holds) passed += 1;
  else wrong.push(complaint);
}

// Every use of something in a style sheet.
function* stylesheetUses(rules) {
  for (const rule of rules) {
    if (rule.type === 'media') {
      yield { kind: 'stylesheet', name: `@media ${rule.media.replace(/\s*:\s*/g, ':')}` };
      yield* stylesheetUses(rule.rules);
      continue;
    }
    for (const selector of rule.selectors ?? [`@${rule.type}`])
      yield { kind: 'stylesheet', name: selector.replace(/^\.[a-z-]+$/, '.class') };
    for (const { property, value } of rule.declarations ?? []) {
      if (/!\s*important$/.test(value)) yield { kind: 'stylesheet', name: '!important' };
      yield { kind: 'properties', name: property, on: 'style', value: value.replace(/\s*!\s*important$/, '') };
    }
  }
}

// Every use of a feature: `elements`, `attributes` and `properties`, with what it is used on and with what value.
function* uses(node) {
  for (const child of node.children ?? []) {
    if (child.type === 'tag' || child.type === 'style' || child.type === 'script') {
      yield { kind: 'elements', name: child.name };
      if (child.type === 'style') yield* stylesheetUses(parse(child.children[0]?.data ?? '').stylesheet.rules);
      for (const [name, value] of Object.entries(child.attribs)) {
        yield { kind: 'attributes', name };
        if (name !== 'style') continue;
        for (const declaration of value.split(';').filter((text) => text.trim() !== '')) {
          const [property, ...rest] = declaration.split(':');
          yield { kind: 'properties', name: property.trim(), on: child.name, value: rest.join(':').trim() };
        }
      }
    }
    yield* uses(child);
  }
}

const used = new Map();
const files = process.argv.slice(2);
verify(files.length > 0, 'no email to read');
for (const file of files) {
  const html = readFileSync(file, 'utf8');
  for (const use of uses(parseDocument(html))) used.set(JSON.stringify(use), use);
}

const features = new Set();
for (const { kind, name, on, value } of used.values()) {
  const entries = [table[kind][name] ?? []].flat();
  const entry = entries.find(
    (one) =>
      (one.on === undefined || one.on.includes(on)) && (one.values === undefined || new RegExp(`^(?:${one.values})$`).test(value)),
  );
  verify(entry !== undefined, `features.json has no ${kind}: ${name}${on === undefined ? '' : `:${value} on <${on}>`}`);
  if (entry?.feature !== undefined) features.add(entry.feature);
}

const matches = (pattern, client) => pattern === client || (pattern.endsWith('.*') && client.startsWith(pattern.slice(0, -1)));
const reason = (feature, client) =>
  table.degrades.find((one) => one.feature === feature && one.clients.some((pattern) => matches(pattern, client)));

// The newest version of a client that caniemail has tried.
function support(feature, client) {
  const [family, platform] = client.split('.');
  const versions = Object.entries(data.get(feature)?.stats[family]?.[platform] ?? {});
  versions.sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  return versions.at(-1)?.[1] ?? 'no data';
}

const needed = new Set();
console.log(`caniemail.com as of ${rawData.last_update_date}; ${files.length} emails; y: supported, a: partly, n: not\n`);
console.log(`${''.padEnd(24)}${table.clients.map((client) => client.replace('webmail', 'web').padEnd(24)).join('')}`);
for (const feature of [...features].sort()) {
  verify(data.has(feature), `caniemail has no feature ${feature}`);
  const row = table.clients.map((client) => {
    const stands = support(feature, client);
    if (stands.startsWith('y')) {
      passed += 1;
      return 'y';
    }
    const why = reason(feature, client);
    if (why !== undefined) needed.add(`${feature} ${why.clients.find((pattern) => matches(pattern, client))}`);
    const notes = [...stands.matchAll(/#(\d+)/g)].map(([, number]) => data.get(feature).notes_by_num[number]);
    verify(why !== undefined, `${client} does not fully support ${feature} (${stands}) ${notes.join(' ')}`);
    return `${stands[0]} ${why === undefined ? 'FAILED' : '(accepted)'}`;
  });
  console.log(`${feature.padEnd(24)}${row.map((cell) => cell.padEnd(24)).join('')}`);
}

console.log('\nAccepted, since no information is lost:');
for (const { feature, why } of table.degrades) console.log(`  ${feature}: ${why}`);
const idle = table.degrades.flatMap(({ feature, clients }) => clients.map((client) => `${feature} ${client}`)).filter((one) => !needed.has(one));
if (idle.length > 0) console.log(`\nAccepted, though nothing needs it: ${idle.join(', ')}`);

const failed = new Set(wrong);
for (const complaint of failed) console.log(`FAILED: ${complaint}`);
console.log(`${passed} passed, ${failed.size} failed`);
process.exitCode = failed.size === 0 ? 0 : 1;
