/**
 * Synthesizes the app for tests/infra, in one process because loading the CDK takes seconds. Each line of input is the
 * context of one app, as JSON. Each line of output is its template, or the error that it failed with.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { App } from 'aws-cdk-lib';

import { addStack } from '../app/deployment.js';

/** The feature flags, which the CDK CLI takes from there. */
const { context: flags } = JSON.parse(readFileSync(join(__dirname, '../cdk.json'), 'utf8'));

function synthesize(context: Record<string, unknown>): unknown {
  const outdir = mkdtempSync(join(tmpdir(), 'countersign-cdk-'));
  const read = (name: string): unknown => JSON.parse(readFileSync(join(outdir, name), 'utf8'));
  try {
    const app = new App({ outdir, context: { ...flags, 'aws:cdk:enable-path-metadata': true, ...context } });
    addStack(app);
    const [stack] = app.synth().stacks;
    const report = read('validation-report.json') as { pluginReports: unknown[] };
    if (report.pluginReports.length > 0) throw new Error(`cdk-nag has findings: ${JSON.stringify(report)}`);
    return { template: stack?.template };
  } catch (error) {
    return { error: (error as Error).message };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(synthesize(JSON.parse(line)))}\n`);
});
