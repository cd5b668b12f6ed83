//! The callback's Lambda function.

use callback::gateway::sanitize;
use callback::{Callback, Settings};
use countersign::{aws, clock, log, metrics, settings::environment};
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, Error, LambdaEvent, Request, RequestExt, lambda_runtime, service_fn};
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::read(&environment).map_err(|error| error.to_string())?;
    log::start(settings.log_level, "callback");
    let aws = aws::from_environment()?;
    let callback = &Callback::start(settings, &aws, clock::system(), metrics::standard_output()).await?;
    let answer = service_fn(async |request: Request| {
        let span = tracing::info_span!("invocation", request_id = request.lambda_context().request_id);
        Ok::<_, Error>(callback.handle(&request).instrument(span).await)
    });
    let service = ServiceBuilder::new()
        .map_request(|LambdaEvent { payload, context }| LambdaEvent::new(sanitize(payload), context))
        .service(Adapter::from(answer));
    lambda_runtime::run(service).await
}
