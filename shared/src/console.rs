//! The AWS console, where those who work in AWS look an execution up.

use crate::approval::{Approval, WebUrl};
use crate::aws::is_of_aws;

/// The console's page of the execution that waits. `None` outside of the usual regions, those for the government of the US,
/// and China: the console's address there is not known.
/// <https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/select-region.html>
#[must_use]
pub fn execution_page(approval: &Approval) -> Option<WebUrl> {
    let (region, pipeline) = (approval.action.region.as_str(), approval.action.pipeline.as_str());
    let host = if is_of_aws(region) {
        format!("{region}.console.aws.amazon.com")
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com".to_owned()
    } else if region.starts_with("cn-") {
        "console.amazonaws.cn".to_owned()
    } else {
        return None;
    };
    let execution = approval.execution.as_str();
    format!(
        "https://{host}/codesuite/codepipeline/pipelines/{pipeline}/executions/{execution}/visualization?region={region}"
    )
    .parse()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ApprovalAction;

    #[test]
    fn each_partition_has_a_console_of_its_own() {
        let page = |region: &str| {
            let action = ApprovalAction {
                account: "123456789012".parse().unwrap(),
                region: region.parse().unwrap(),
                pipeline: "payments@eu".parse().unwrap(),
                stage: "Prod".parse().unwrap(),
                action: "Approve".parse().unwrap(),
            };
            let (token, execution) = ("t".parse().unwrap(), "1234-abcd".parse().unwrap());
            execution_page(&Approval { action, token, execution, run: "1".parse().unwrap() })
        };
        for (region, host) in [
            ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
            ("us-gov-west-1", "console.amazonaws-us-gov.com"),
            ("cn-north-1", "console.amazonaws.cn"),
        ] {
            let url = format!(
                "https://{host}/codesuite/codepipeline/pipelines/payments@eu/executions/1234-abcd/visualization?region={region}"
            );
            assert_eq!(page(region).as_ref().map(WebUrl::as_str), Some(url.as_str()));
        }
        for region in ["us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "xx-north-1"] {
            assert_eq!(page(region), None, "{region}");
        }
    }
}
