//! The services of the sandbox, and their protocols.

use axum::http::HeaderValue;

/// The protocol in which a service writes its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Json10,
    Json11,
    RestJson,
    Query,
}

impl Protocol {
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
            Self::Query => "text/xml",
        })
    }
}

/// The services that the sandbox has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    CodePipeline,
    DynamoDb,
    EventBridge,
    Kms,
    Ses,
    SesV2,
    Sqs,
    Ssm,
    Sts,
}

impl Service {
    /// The name that the service has in signatures. Both versions of SES sign as `ses`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CodePipeline => "codepipeline",
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "events",
            Self::Kms => "kms",
            Self::Ses => "ses",
            Self::SesV2 => "sesv2",
            Self::Sqs => "sqs",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::DynamoDb | Self::Sqs => Protocol::Json10,
            Self::CodePipeline | Self::EventBridge | Self::Kms | Self::Ssm => Protocol::Json11,
            Self::SesV2 => Protocol::RestJson,
            Self::Ses | Self::Sts => Protocol::Query,
        }
    }

    /// The XML namespace of its answers; the JSON services have none.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::Ses => "http://ses.amazonaws.com/doc/2010-12-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::CodePipeline
            | Self::DynamoDb
            | Self::EventBridge
            | Self::Kms
            | Self::SesV2
            | Self::Sqs
            | Self::Ssm => "",
        }
    }

    /// The prefix of the operation in the target header; the Query services have none.
    pub(super) fn target_prefix(self) -> &'static str {
        match self {
            Self::CodePipeline => "CodePipeline_20150709",
            Self::DynamoDb => "DynamoDB_20120810",
            Self::EventBridge => "AWSEvents",
            Self::Kms => "TrentService",
            Self::Sqs => "AmazonSQS",
            Self::Ssm => "AmazonSSM",
            Self::Ses | Self::SesV2 | Self::Sts => "",
        }
    }

    pub(super) fn of_target(prefix: &str) -> Option<Self> {
        let services = [Self::CodePipeline, Self::DynamoDb, Self::EventBridge, Self::Kms, Self::Sqs, Self::Ssm];
        services.into_iter().find(|service| service.target_prefix() == prefix)
    }

    /// The service with the Query protocol that signs with this name. SES signs as `ses`, and
    /// `email` is the name in its host.
    pub(super) fn of_signature(name: &str) -> Option<Self> {
        match name {
            "ses" | "email" => Some(Self::Ses),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }
}
