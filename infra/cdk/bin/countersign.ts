/**
 * An app with one deployment of Countersign, which takes its settings from the context:
 *
 *     npx cdk deploy -c approvers='Ada <ada@example.com>, ben@example.com' -c sender=approvals@example.com
 */
import { App } from 'aws-cdk-lib';

import { addDeployment } from '../lib/deployment.js';

addDeployment(new App());
