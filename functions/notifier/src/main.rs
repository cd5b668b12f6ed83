//! The notifier's Lambda function.

use countersign::{aws, log, settings::environment};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use notifier::{Host, Notifier, Settings};
use serde_json::Value;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(&environment).map_err(|error| error.to_string())?;
    log::start(settings.log_level, "notifier");
    let notifier = &Notifier::new(settings, &aws::from_environment()?, Host::lambda());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let request_id = &event.context.request_id;
        let span = tracing::info_span!("invocation", request_id);
        notifier.handle(&event.payload, request_id).instrument(span).await
    }))
    .await
}
