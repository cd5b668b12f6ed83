import { aws_events as events, aws_ses as ses } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/**
 * The name of the SES configuration set that every email is sent with: one that exists, or one that this adds.
 *
 * Every email names it, because SES applies an identity's default set to an email that names none: that may track
 * clicks, which rewrites links, and needs a permission of its own. Account-wide engagement metrics track too, unless
 * the set says otherwise.
 */
export function configurationSet(scope: Construct, settings: Settings): string {
  if (settings.configurationSet) return settings.configurationSet;
  const set = new ses.ConfigurationSet(scope, 'EmailConfigurationSet', {
    configurationSetName: settings.deploymentName,
    tlsPolicy: settings.tlsPolicy,
    vdmOptions: { engagementMetrics: false },
  });
  set.addEventDestination('Events', {
    // SES takes no other bus.
    destination: ses.EventDestination.eventBus(events.EventBus.fromEventBusName(scope, 'DefaultBus', 'default')),
    // Opens and clicks would have to be tracked.
    events: [
      ses.EmailSendingEvent.SEND,
      ses.EmailSendingEvent.REJECT,
      ses.EmailSendingEvent.BOUNCE,
      ses.EmailSendingEvent.COMPLAINT,
      ses.EmailSendingEvent.DELIVERY,
      ses.EmailSendingEvent.DELIVERY_DELAY,
    ],
  });
  return set.configurationSetName;
}
