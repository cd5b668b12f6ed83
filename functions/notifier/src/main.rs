//! The notifier's Lambda function.

use countersign::{aws, clock, log, metrics, settings::environment};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use notifier::{Notifier, Settings};
use serde_json::Value;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(&environment).map_err(|error| error.to_string())?;
    log::start(settings.log_level, "notifier");
    let aws = aws::from_environment()?;
    let notifier = &Notifier::new(settings, &aws, clock::system(), metrics::standard_output());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let span = tracing::info_span!("invocation", request_id = event.context.request_id);
        notifier.handle(&event.payload).instrument(span).await
    }))
    .await
}
