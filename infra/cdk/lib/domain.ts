import { aws_apigatewayv2 as apigatewayv2, type aws_certificatemanager as acm, aws_route53 as route53 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** A domain of your own for the API. */
export interface DomainOptions {
  /** The domain, such as `approve.example.com`. */
  readonly domainName: string;
  /** Its certificate, in the region of the stack. */
  readonly certificate: acm.ICertificate;
  /**
   * The hosted zone in which the stack makes the domain's record.
   * @default - you make the record; `domainTarget` of the construct says where it must point
   */
  readonly hostedZone?: route53.IHostedZone;
}

/**
 * Where links work, of which new ones are made for the first: nothing where that is the API's own endpoint. With a domain,
 * the callback accepts links at no other domain name of the API.
 */
export function linkOrigins({ origins, domain }: { origins: string[]; domain?: DomainOptions }): string[] {
  if (origins.length > 0) return origins;
  return domain ? [originOf(domain)] : [];
}

export function originOf({ domainName }: DomainOptions): string {
  return `https://${domainName}`;
}

/** A domain of one's own, which leads nowhere yet. */
export function addDomain(scope: Construct, { domainName, certificate }: DomainOptions): apigatewayv2.DomainName {
  return new apigatewayv2.DomainName(scope, 'Domain', {
    domainName,
    certificate,
    endpointType: apigatewayv2.EndpointType.REGIONAL,
    securityPolicy: apigatewayv2.SecurityPolicy.TLS_1_2,
  });
}

/** Puts the domain before the default stage of an API, and its record into the hosted zone, if there is one. */
export function leadTo(
  scope: Construct,
  { domainName, hostedZone }: DomainOptions,
  domain: apigatewayv2.DomainName,
  api: apigatewayv2.HttpApi,
  stage: apigatewayv2.HttpStage,
): void {
  new apigatewayv2.ApiMapping(scope, 'Mapping', { api, domainName: domain, stage });
  if (!hostedZone) return;
  // ARecord would have to know the zone's name. No AAAA record: a domain name of API Gateway answers on IPv4 alone, unless
  // its IP address type is dualstack.
  new route53.CfnRecordSet(scope, 'DomainRecord', {
    hostedZoneId: hostedZone.hostedZoneId,
    name: domainName,
    type: 'A',
    aliasTarget: { dnsName: domain.regionalDomainName, hostedZoneId: domain.regionalHostedZoneId },
  });
}
