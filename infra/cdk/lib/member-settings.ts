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
export type MemberSettings = MemberProps & Required<Pick<MemberProps, 'deploymentName' | 'rolePrefix' | 'testEvents'>>;

/** Fills in the defaults. */
export function memberWithDefaults(props: MemberProps): MemberSettings {
  const deploymentName = props.deploymentName ?? 'countersign';
  return {
    ...props,
    deploymentName,
    rolePrefix: props.rolePrefix ?? deploymentName,
    testEvents: props.testEvents ?? false,
  };
}
