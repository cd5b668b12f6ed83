import { join } from 'node:path';

import { aws_lambda as lambda } from 'aws-cdk-lib';
import { cargoLambdaVersion } from 'cargo-lambda-cdk';
// The index only exports RustFunction, which makes a function of its own.
import { Bundling } from 'cargo-lambda-cdk/lib/bundling.js';

/** The code of a function of this repository, which cargo-lambda builds when the stack is synthesized. */
export function builtCode(binary: string, architecture: lambda.Architecture): lambda.Code {
  if (!cargoLambdaVersion()) {
    throw new Error(
      'cargo-lambda is missing; run `pip install cargo-lambda`, or pass -c notifierZip=… and -c callbackZip=…',
    );
  }
  return Bundling.bundle({
    // The package, not the workspace: Cargo would unify features with the sandbox's and link in sign-in flows.
    manifestPath: join(__dirname, `../../../functions/${binary}/Cargo.toml`),
    binaryName: binary,
    architecture,
  });
}
