import { aws_iam as iam } from 'aws-cdk-lib';

/** The source and the type of the doctor's test events. */
export const TEST_SOURCE = 'countersign.doctor';
export const TEST_TYPE = 'Countersign Test Event';

/** What limits a statement to the events of one source and one type. */
export function onlyEvents(source: string, detailType: string, more: Record<string, string> = {}): iam.Conditions {
  return {
    // The key has a list of values. All of an empty list would be equal to anything.
    'ForAllValues:StringEquals': { 'events:source': source },
    Null: { 'events:source': 'false' },
    StringEquals: { 'events:detail-type': detailType, ...more },
  };
}
