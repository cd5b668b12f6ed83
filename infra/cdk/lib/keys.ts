import { aws_iam as iam, aws_kms as kms, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** What a key does. Exactly one of a kind signs; others are trusted besides it, or do not exist. */
export enum KeyUse {
  /** The key signs, and both functions trust it. */
  SIGNS = 'signs',
  /** Both functions trust what the key has signed. */
  TRUSTED = 'trusted',
  /** The key does not exist, or is no longer trusted. */
  NONE = 'none',
}

/** How many keys of a kind there can be. No property of a KMS key replaces it, so each has a number of its own. */
export const MOST_KEYS = 4;

interface SigningKeysProps {
  /** What keys 1 to 4 do. What is left out is `none`. */
  readonly uses: readonly KeyUse[];
  /** What the keys are called in AWS, such as `Request key`. */
  readonly title: string;
  readonly deploymentName: string;
  /** The statement that denies signing to everybody but `signer`. */
  readonly sid: string;
  readonly signer: iam.Role;
  /** The id of the construct of a key. */
  readonly id: (number: number) => string;
}

/** The keys of one kind: those that requests and links are signed with, or those that votes are signed with. */
export interface SigningKeys {
  /** The keys that are trusted. The first signs. */
  readonly trusted: kms.IKey[];
  /**
   * The keys in the stack: those that are trusted, and the one that was dropped last. A key stays in the stack until
   * the key after the next is made. So an update never takes a permission away while a function that the update has not
   * reached yet lists the key, and a key that was dropped too early can be trusted again.
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
  uses: readonly KeyUse[],
  signer: iam.Role,
): SigningKeys {
  const keys = signingKeys(scope, {
    uses,
    title: 'Request key',
    deploymentName,
    sid: 'DenySigningExceptByNotifier',
    signer,
    id: (number) => (number === 1 ? 'SigningKey' : `RequestKey${number}`),
  });
  // Where it was before 0.1.0, even if that key has left the stack: KMS takes no second alias of the same name.
  const parent = scope.node.tryFindChild('SigningKey') ?? new Construct(scope, 'SigningKey');
  addAlias(parent as Construct, 'Alias', deploymentName, keys);
  return keys;
}

/** The keys that the callback signs votes with. */
export function voteKeys(
  scope: Construct,
  deploymentName: string,
  uses: readonly KeyUse[],
  signer: iam.Role,
): SigningKeys {
  const keys = signingKeys(scope, {
    uses,
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
  const using = (number: number) => props.uses[number - 1] ?? KeyUse.NONE;
  const trusted = (number: number) => using(number) !== KeyUse.NONE;
  const newestFirst = Array.from({ length: MOST_KEYS }, (_, index) => MOST_KEYS - index);
  const all = new Map<number, kms.IKey>();
  for (const number of newestFirst) {
    if (trusted(number) || (trusted(number + 1) && !trusted(number + 2))) {
      all.set(number, signingKey(scope, number, props));
    }
  }
  const [signing, verifying] = [KeyUse.SIGNS, KeyUse.TRUSTED].map((use) =>
    newestFirst.filter((number) => using(number) === use).flatMap((number) => all.get(number) ?? []),
  );
  return { trusted: [...(signing ?? []), ...(verifying ?? [])], all: [...all.values()] };
}

/**
 * One key. It is kept, whatever becomes of the stack, because somebody may still have to verify what it signed; only
 * the deployment that makes it, if it fails, deletes it again. No update ever replaces a key: one that would need to
 * fails.
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
function signingKey(scope: Construct, number: number, props: SigningKeysProps): kms.Key {
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
  if (!signing) throw new Error(`no key signs for ${name}`);
  new kms.Alias(scope, id, { aliasName: `alias/${name}`, targetKey: signing });
}
