/**
 * Synthesizes the app for tests/infra, in one process because loading the CDK takes seconds. Each line of input is the
 * context of one app, as JSON. Each line of output is its template, or the error that it failed with.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { App, aws_s3 as s3, Stack } from 'aws-cdk-lib';

import { addStack } from '../app/deployment.js';

/** The feature flags, which the CDK CLI takes from there. */
const { context: flags } = JSON.parse(readFileSync(join(__dirname, '../cdk.json'), 'utf8'));

/** As the CDK CLI has it, findings are in the report alone. An error would only name the report, which is gone by then. */
const reportOnly = { '@aws-cdk/core:failSynthOnValidationErrors': false };

/** `addMore` adds to the app what its context does not describe. */
function synthesize(context: Record<string, unknown>, addMore?: (app: App) => void): { template?: unknown; error?: string } {
  const outdir = mkdtempSync(join(tmpdir(), 'countersign-cdk-'));
  const read = (name: string): unknown => JSON.parse(readFileSync(join(outdir, name), 'utf8'));
  try {
    const pathMetadata = { 'aws:cdk:enable-path-metadata': true };
    const app = new App({ outdir, context: { ...flags, ...reportOnly, ...pathMetadata, ...context } });
    addStack(app);
    addMore?.(app);
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

/** Fails unless cdk-nag finds what is planted, since a report without findings looks the same when it does not run. */
function checkThatNagRuns(): void {
  const hubBusArn = 'arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members';
  const { error } = synthesize({ stack: 'member', homeRegion: 'eu-west-1', hubBusArn }, (app) => {
    new s3.Bucket(new Stack(app, 'Finding'), 'Bucket');
  });
  if (!error?.includes('AwsSolutions-S1')) {
    throw new Error(`cdk-nag does not run: it should find AwsSolutions-S1, but ${error ?? 'it finds nothing'}`);
  }
}

checkThatNagRuns();
createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(synthesize(JSON.parse(line)))}\n`);
});
