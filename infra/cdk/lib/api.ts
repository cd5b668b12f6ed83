import {
  aws_apigateway as apigateway,
  aws_apigatewayv2 as apigatewayv2,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import { addDomain, leadTo, originOf } from './domain.js';
import { logGroupNames } from './encryption.js';
import type { Settings } from './settings.js';

/** The fields of the access log: no path, no query string (which holds the token), no address of a visitor. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  method: '$context.httpMethod',
  protocol: '$context.protocol',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
};

interface CallbackApiProps {
  readonly settings: Settings;
  readonly callback: lambda.IFunction;
}

/**
 * The integration with the callback. HttpLambdaIntegration grants either one permission per route, or one for an ARN
 * with three wildcards, which does not match the `API/STAGE/$default` of the catch-all route.
 */
class CallbackIntegration extends apigatewayv2.HttpRouteIntegration {
  constructor(private readonly callback: lambda.IFunction) {
    super('Callback');
  }

  override bind(): apigatewayv2.HttpRouteIntegrationConfig {
    return {
      type: apigatewayv2.HttpIntegrationType.AWS_PROXY,
      uri: this.callback.functionArn,
      payloadFormatVersion: apigatewayv2.PayloadFormatVersion.VERSION_2_0,
    };
  }
}

/** The HTTP API in front of the callback. */
export class CallbackApi extends Construct {
  readonly apiId: string;
  /** The API's own endpoint, or the domain of one's own that turns it off. */
  readonly url: string;
  /** The domain of one's own. */
  readonly domain: apigatewayv2.IDomainName | undefined;

  constructor(scope: Construct, id: string, props: CallbackApiProps) {
    super(scope, id);
    const { settings } = props;
    const { HttpMethod, HttpRouteKey } = apigatewayv2;
    const api = new apigatewayv2.HttpApi(this, 'HttpApi', {
      apiName: settings.deploymentName,
      description: 'Serves the links in approval emails',
      createDefaultStage: false,
      // False is stated: API Gateway keeps what an update leaves out, so that who leaves the domain would have no API.
      disableExecuteApiEndpoint: settings.domain !== undefined,
    });
    const domain = settings.domain && addDomain(this, settings.domain);
    // A domain that cannot be had fails before the endpoint is turned off.
    if (domain) api.node.addDependency(domain);
    this.domain = domain;
    const integration = new CallbackIntegration(props.callback);
    props.callback.addPermission('Api', {
      principal: new iam.ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: api.apiId, resourceName: '*/*' }),
    });
    const routes = {
      Show: HttpRouteKey.with('/approval', HttpMethod.GET),
      Decide: HttpRouteKey.with('/approval', HttpMethod.POST),
      // HEAD, and other methods and paths, so that the callback answers those too, with its own headers.
      Default: HttpRouteKey.DEFAULT,
    };
    for (const [name, routeKey] of Object.entries(routes)) {
      const route = new apigatewayv2.HttpRoute(this, name, { httpApi: api, integration, routeKey });
      acknowledge(
        route,
        'AwsSolutions-APIG4',
        'Approvers have no AWS account. The signed link authorizes them, and the callback verifies it.',
      );
    }
    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      logGroupName: logGroupNames(settings.deploymentName).api,
      retention: settings.logRetention,
      encryptionKey: settings.logKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new apigatewayv2.HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: settings.throttle,
      accessLogSettings: {
        destination: new apigatewayv2.LogGroupLogDestination(logGroup),
        format: apigateway.AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    this.apiId = api.apiId;
    this.url = settings.domain ? originOf(settings.domain) : api.apiEndpoint;
    if (settings.domain && domain) leadTo(this, settings.domain, domain, api, stage);
  }
}
