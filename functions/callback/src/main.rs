//! The callback's Lambda function.

use callback::{Callback, Settings};
use countersign::{aws, clock, log, settings::environment};
use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(&environment).map_err(|error| error.to_string())?;
    log::start(settings.log_level);
    let callback = &Callback::start(settings, &aws::from_environment().await, clock::system()).await?;
    lambda_http::run(service_fn(async |request: Request| Ok::<_, Error>(callback.handle(&request).await))).await
}
