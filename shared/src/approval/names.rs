//! Names: what AWS and a deployment call things.

use super::checked::{checked_text, public_text, secret_text};

/// `[A-Za-z0-9.@\-_]+`: names of pipelines, stages and actions, as the CodePipeline API has them.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'-' | b'_'))
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

checked_text!(
    /// An AWS account id, 12 digits.
    AccountId, "the account", max 12, "12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
public_text!(AccountId);

checked_text!(
    /// An AWS region, such as `eu-central-1`.
    Region, "the region", max 32, "a region name such as eu-central-1",
    |text| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
public_text!(Region);

checked_text!(
    /// A pipeline's name.
    PipelineName, "the pipeline name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(PipelineName);

checked_text!(
    /// A stage's name.
    StageName, "the stage name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(StageName);

checked_text!(
    /// An action's name.
    ActionName, "the action name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(ActionName);

checked_text!(
    /// A pipeline execution's id. A UUID in practice; kept opaque.
    ExecutionId, "the pipeline execution id", max 64, "made of letters, digits and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
public_text!(ExecutionId);

checked_text!(
    /// CodePipeline's approval token. The API model calls it a UUID, AWS's own samples break that: it is kept opaque.
    ApprovalToken, "the approval token", max 100, "made of visible ASCII characters", is_graphic
);
secret_text!(ApprovalToken);

checked_text!(
    /// The name of one installation of Countersign, `iss` and `aud` of its links. Two installations that share a
    /// signing key still refuse each other's links.
    Deployment, "the deployment name", max 64, "made of letters, digits, '.' and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
);
public_text!(Deployment);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ParseError;

    #[test]
    fn names_are_what_the_api_allows() {
        for name in ["MyFirstPipeline", "a.b@c-d_e", "9", &"x".repeat(100)] {
            assert_eq!(name.parse::<PipelineName>().unwrap().as_str(), name);
        }
        assert_eq!("".parse::<PipelineName>(), Err(ParseError::Empty { what: "the pipeline name" }));
        assert_eq!("x".repeat(101).parse::<StageName>(), Err(ParseError::TooLong { what: "the stage name", max: 100 }));
        for name in ["a b", "a/b", "a\n", "ä", "a:b", "<b>"] {
            assert!(matches!(name.parse::<ActionName>(), Err(ParseError::Form { .. })), "{name:?}");
        }
    }

    #[test]
    fn tokens_are_opaque_but_bounded() {
        for token in ["1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN", "a/b+c=="] {
            assert!(token.parse::<ApprovalToken>().is_ok(), "{token:?}");
        }
        for token in ["", "a b", "a\nb", "ä", &"x".repeat(101)] {
            assert!(token.parse::<ApprovalToken>().is_err(), "{token:?}");
        }
    }
}
