import { aws_events as events, aws_iam as iam, type aws_sqs as sqs, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { type RoleOptions, roleProps } from './roles.js';

/** A bus, perhaps of another account or region, that a rule forwards events to. */
interface Forwarding {
  readonly busArn: string;
  readonly ruleName: string;
  /** The name of the role, without its region. It is fixed, because some accounts take no others. */
  readonly roleName: string;
  readonly roles: RoleOptions;
  /** What the role is for. */
  readonly description: string;
  /** How long EventBridge tries. */
  readonly maxEventAge: Duration;
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * The bus as the rule's target, with a role for it. The construct library's own would add
 * what it needs to the other account.
 */
export function forwardTo(scope: Construct, forwarding: Forwarding): events.IRuleTarget {
  const { busArn, ruleName, roleName, roles, description, maxEventAge, deadLetterQueue } = forwarding;
  const stack = Stack.of(scope);
  // By its name, since a reference would be circular.
  const rule = stack.formatArn({ service: 'events', resource: 'rule', resourceName: ruleName });
  const role = new iam.Role(scope, 'ForwardingRole', {
    ...roleProps(roles),
    roleName: `${roleName}-${stack.region}`,
    description,
    assumedBy: new iam.ServicePrincipal('events.amazonaws.com').withConditions({
      ArnEquals: { 'aws:SourceArn': rule },
      StringEquals: { 'aws:SourceAccount': stack.account },
    }),
    inlinePolicies: {
      forward: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({ sid: 'ForwardEvents', actions: ['events:PutEvents'], resources: [busArn] }),
        ],
      }),
    },
  });
  return {
    bind: () => ({
      arn: busArn,
      role,
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: { maximumEventAgeInSeconds: maxEventAge.toSeconds(), maximumRetryAttempts: 185 },
    }),
  };
}
