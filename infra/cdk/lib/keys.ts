import { aws_iam as iam, aws_kms as kms, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** The number of a key. No property of a KMS key replaces it, so a new key is a new resource. */
export type KeyNumber = 1 | 2 | 3 | 4;

interface SigningKeysProps {
  /** The numbers of the keys that are trusted. The first signs. */
  readonly numbers: readonly KeyNumber[];
  /** What the keys are called in AWS, such as `Request key`. */
  readonly title: string;
  readonly deploymentName: string;
  /** The statement that denies signing to everybody but `signer`. */
  readonly sid: string;
  readonly signer: iam.Role;
  /** The id of the construct of a key. */
  readonly id: (number: KeyNumber) => string;
}

/** The keys of one kind: those that requests and links are signed with, or those that votes are signed with. */
export interface SigningKeys {
  /** The keys that are trusted. The first signs. */
  readonly trusted: readonly kms.IKey[];
  /**
   * The keys in the stack: those that are trusted, and the one that was dropped last. A key stays in the stack until
   * the key after the next is made. So an update never takes a permission away while a function that the update has not
   * reached yet lists the key, and a number that was dropped too early can be listed again.
   */
  readonly all: readonly kms.IKey[];
}

/**
 * The keys that the notifier signs requests and links with. Key 1 is `SigningKey`, the only one in version 0.1.
 *
 * Both aliases are for people. The functions use ARNs, because an alias can be pointed elsewhere.
 */
export function requestKeys(
  scope: Construct,
  deploymentName: string,
  numbers: readonly KeyNumber[],
  signer: iam.Role,
): SigningKeys {
  const keys = signingKeys(scope, {
    numbers,
    title: 'Request key',
    deploymentName,
    sid: 'DenySigningExceptByNotifier',
    signer,
    id: (number) => (number === 1 ? 'SigningKey' : `RequestKey${number}`),
  });
  // Where version 0.1 had it, even if that key has left the stack: KMS takes no second alias of the same name.
  const parent = scope.node.tryFindChild('SigningKey') ?? new Construct(scope, 'SigningKey');
  addAlias(parent as Construct, 'Alias', deploymentName, keys);
  return keys;
}

/** The keys that the callback signs votes with. */
export function voteKeys(
  scope: Construct,
  deploymentName: string,
  numbers: readonly KeyNumber[],
  signer: iam.Role,
): SigningKeys {
  const keys = signingKeys(scope, {
    numbers,
    title: 'Vote key',
    deploymentName,
    sid: 'DenySigningExceptByCallback',
    signer,
    id: (number) => `VoteKey${number}`,
  });
  addAlias(scope, 'VoteKeyAlias', `${deploymentName}/votes`, keys);
  return keys;
}

/** The ARNs of the trusted keys as a setting of a function. */
export function keyList(keys: SigningKeys): string {
  return arns(keys.trusted).join(',');
}

export function arns(keys: readonly kms.IKey[]): string[] {
  return keys.map((key) => key.keyArn);
}

function signingKeys(scope: Construct, props: SigningKeysProps): SigningKeys {
  const { numbers } = props;
  const trusted = (number: number) => numbers.some((one) => one === number);
  const inStack = ([1, 2, 3, 4] as const).filter(
    (number) => trusted(number) || (trusted(number + 1) && !trusted(number + 2)),
  );
  const keys = new Map(inStack.map((number) => [number, signingKey(scope, number, props)]));
  const [signing, ...verifying] = numbers;
  const newestFirst = [signing, ...verifying.sort((one, other) => other - one)];
  return {
    trusted: newestFirst.flatMap((number) => (number && keys.get(number)) ?? []),
    all: [...keys.values()],
  };
}

/**
 * One key. It is kept, whatever becomes of the stack, because somebody may still have to verify what it signed.
 *
 * Who can sign can approve in any name. So the key's policy denies `kms:Sign` to everybody but one role, even to
 * administrators, unless they change the policy; `PutKeyPolicy` must stay possible, or the account could lose the key.
 * Nothing else gets around the denial, so nothing else is denied:
 *
 * - A grant (`kms:CreateGrant`) allows, but an explicit denial in the key policy comes before any grant.
 * - An AWS service that is granted `kms:Sign` has no `aws:PrincipalArn`. Without one `ArnNotLike` holds, so it is
 *   denied.
 * - `kms:Sign` is the only way to a signature. Key material that KMS made cannot be exported, and a key that is not
 *   multi-Region, which is fixed when it is made, cannot be replicated under another policy.
 */
function signingKey(scope: Construct, number: KeyNumber, props: SigningKeysProps): kms.Key {
  const key = new kms.Key(scope, props.id(number), {
    description: `${props.title} ${number} of Countersign (${props.deploymentName})`,
    keySpec: kms.KeySpec.ECC_NIST_EDWARDS25519,
    keyUsage: kms.KeyUsage.SIGN_VERIFY,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: props.sid,
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['kms:Sign'],
      resources: ['*'], // In a key policy: this key.
      conditions: { ArnNotLike: { 'aws:PrincipalArn': principalArns(props.signer) } },
    }),
  );
  return key;
}

/**
 * What `aws:PrincipalArn` may be for a session of a role: AWS compares the role's ARN, some other policy evaluators the
 * session's.
 */
export function principalArns(role: iam.Role): string[] {
  const session = Stack.of(role).formatArn({
    service: 'sts',
    region: '',
    resource: 'assumed-role',
    resourceName: `${role.roleName}/*`,
  });
  return [role.roleArn, session];
}

function addAlias(scope: Construct, id: string, name: string, { trusted: [signing] }: SigningKeys): void {
  if (!signing) throw new Error('a list of keys is empty, but must name at least one');
  new kms.Alias(scope, id, { aliasName: `alias/${name}`, targetKey: signing });
}
