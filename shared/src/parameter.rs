//! Parameters of AWS Systems Manager.

use aws_config::SdkConfig;
use aws_sdk_ssm::Client;

use crate::aws::AwsError;

/// The operation, as errors name it.
pub(crate) const GET_PARAMETER: &str = "ssm:GetParameter";

/// Reads parameters.
#[derive(Debug, Clone)]
pub struct Parameters(Client);

/// A version of a parameter.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What it says.
    pub text: String,
    /// Its number: each change has the next.
    pub version: i64,
}

impl Parameters {
    /// The parameters of an account and region.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        Self(Client::new(aws))
    }

    /// The parameter's newest version.
    ///
    /// # Errors
    /// When Systems Manager does not answer, or there is no such parameter.
    pub async fn read(&self, name: &str) -> Result<Parameter, AwsError> {
        let answer = self.0.get_parameter().name(name).send().await;
        let answer = answer.map_err(|error| AwsError::new(GET_PARAMETER, &error))?;
        let parameter =
            answer.parameter.ok_or_else(|| AwsError::unexpected(GET_PARAMETER, "no parameter in the answer"))?;
        Ok(Parameter { text: parameter.value.unwrap_or_default(), version: parameter.version })
    }
}
