/**
 * An app with one deployment of Countersign, which takes its settings from the context:
 *
 *     npx cdk deploy -c policySource=approvers -c approvers='Ada <ada@example.com>, ben@example.com' \
 *       -c sender=approvals@example.com
 *
 * or with what that deployment needs in another account whose pipelines it serves:
 *
 *     npx cdk deploy -c stack=member -c homeRegion=eu-west-1 \
 *       -c hubBusArn=arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members
 */
import { App } from 'aws-cdk-lib';

import { addStack } from '../app/deployment.js';

addStack(new App());
