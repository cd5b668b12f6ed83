import type { aws_iam as iam } from 'aws-cdk-lib';

import type { RoleOptions } from './roles.js';

/** What a deployment needs in another account. The defaults are those of infra/member/template.yaml's parameters. */
export interface MemberProps {
  /**
   * The ARN of the bus that the hub takes approval events on, which is its output `MemberBusArn`. It also says which
   * account and region the hub is in.
   */
  readonly hubBusArn: string;
  /** The one region in which the two roles are made, since roles have no region. */
  readonly homeRegion: string;
  /**
   * The name of the hub's deployment, whose functions the two roles trust.
   * @default 'countersign'
   */
  readonly deploymentName?: string;
  /**
   * How the names of the two roles begin: the hub's `memberRolePrefix`.
   * @default - the name of the hub's deployment
   */
  readonly rolePrefix?: string;
  /**
   * The path of every role, of this stack and of the hub's: the hub's `rolePath`. A deployment cannot change it.
   * @default '/'
   */
  readonly rolePath?: string;
  /**
   * The policy that bounds the permissions of every role.
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
  /**
   * How the names of the pipelines begin that are served: the hub's `pipelineNamePrefix`.
   * @default - all pipelines
   */
  readonly pipelineNamePrefix?: string;
  /**
   * The organization that the hub must also belong to.
   * @default - the two roles do not ask
   */
  readonly organizationId?: string;
  /**
   * Whether the doctor may put test events on the event buses of accounts that are served, where their rules forward them
   * as they forward approval events. It must be the same in the hub's stack and in those of members.
   * @default false
   */
  readonly testEvents?: boolean;
}

/** The props with their defaults filled in. */
export type MemberSettings = Omit<MemberProps, keyof RoleOptions> &
  Required<Pick<MemberProps, 'deploymentName' | 'pipelineNamePrefix' | 'rolePrefix' | 'testEvents'>> &
  RoleOptions;

/** Fills in the defaults. */
export function memberWithDefaults(props: MemberProps): MemberSettings {
  const deploymentName = props.deploymentName ?? 'countersign';
  return {
    ...props,
    deploymentName,
    rolePrefix: props.rolePrefix ?? deploymentName,
    rolePath: props.rolePath ?? '/',
    permissionsBoundary: props.permissionsBoundary,
    pipelineNamePrefix: props.pipelineNamePrefix ?? '',
    testEvents: props.testEvents ?? false,
  };
}
