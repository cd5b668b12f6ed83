import type { aws_iam as iam } from 'aws-cdk-lib';

/** What every role of a stack has. */
export interface RoleOptions {
  /** The path of the roles, which begins and ends with a slash. */
  readonly rolePath: string;
  /** The policy that bounds what they may do. */
  readonly permissionsBoundary: iam.IManagedPolicy | undefined;
}

/**
 * These options as the construct library takes them. A path that is stated is another one to CloudFormation than one
 * that is left out, and it cannot change the path of a role with a name.
 */
export function roleProps({ rolePath, permissionsBoundary }: RoleOptions): Pick<iam.RoleProps, 'path' | 'permissionsBoundary'> {
  return {
    ...(rolePath !== '/' && { path: rolePath }),
    ...(permissionsBoundary && { permissionsBoundary }),
  };
}

/** The name of a role with its path, as its ARN has it. */
export function withPath({ rolePath }: Pick<RoleOptions, 'rolePath'>, roleName: string): string {
  return `${rolePath.slice(1)}${roleName}`;
}
