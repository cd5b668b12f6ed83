//! The notifier's Lambda function.

use countersign::{aws, clock, log, settings::environment};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use notifier::{Notifier, Settings};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(&environment).map_err(|error| error.to_string())?;
    log::start(settings.log_level);
    let notifier = &Notifier::new(settings, &aws::from_environment().await, clock::system());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| notifier.handle(&event.payload).await)).await
}
