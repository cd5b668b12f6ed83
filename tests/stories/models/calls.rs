//! Calls of every operation that the stand-ins have, with success and with every error that they know.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode};
use serde_json::{Value, json};
use tests::{World, eventbridge, service};

use super::Answer;

const USER: &str = "AKIAOPERATOR";
const PIPELINES: &str = "CodePipeline_20150709";
const KEYS: &str = "TrentService";
const TABLES: &str = "DynamoDB_20120810";

/// Everything that there is to call.
pub async fn all(world: &World) -> Vec<Answer> {
    let mut calls = Calls { world, answers: Vec::new() };
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        calls.pipeline(mode).await;
    }
    calls.played().await;
    calls.keys().await;
    calls.events().await;
    calls.emails().await;
    calls.parameters().await;
    calls.tables().await;
    calls.set_up_of_emails().await;
    calls.sessions().await;
    calls.answers
}

/// A call in a JSON protocol, as a user.
pub async fn json(world: &World, service: &str, prefix: &str, operation: &str, input: &Value) -> Answer {
    let target = format!("{prefix}.{operation}");
    let headers = [("x-amz-target", target.as_str())];
    send(world, (service, operation), USER, &headers, input.to_string()).await
}

/// A call in the Query protocol, as a user.
pub async fn form(world: &World, service: &str, fields: &[(&str, &str)]) -> Answer {
    let operation = fields.iter().find(|(name, _)| *name == "Action").unwrap().1;
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    send(world, (service, operation), USER, &[], body).await
}

async fn send(
    world: &World,
    (service, operation): (&str, &str),
    key: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Answer {
    let scope =
        format!("AWS4-HMAC-SHA256 Credential={key}/20261120/us-east-2/{service}/aws4_request, SignedHeaders=host");
    let headers = [headers, &[("authorization", scope.as_str())]].concat();
    let page = world.raw("POST", &world.url("/aws"), &headers, body).await;
    Answer { service: service.to_owned(), operation: operation.to_owned(), status: page.status, body: page.body }
}

struct Calls<'a> {
    world: &'a World,
    answers: Vec<Answer>,
}

impl Calls<'_> {
    async fn call(&mut self, service: &str, prefix: &str, operation: &str, input: Value) -> Value {
        let answer = json(self.world, service, prefix, operation, &input).await;
        let output = serde_json::from_str(&answer.body).unwrap();
        self.answers.push(answer);
        output
    }

    /// A call that must be answered with this error.
    async fn refuse(&mut self, code: &str, service: &str, prefix: &str, operation: &str, input: Value) {
        let output = self.call(service, prefix, operation, input).await;
        assert!(output["__type"].as_str().unwrap_or_default().ends_with(code), "{operation}, not {code}: {output}");
    }

    async fn form(&mut self, service: &str, fields: &[(&str, &str)]) {
        let answer = form(self.world, service, fields).await;
        self.answers.push(answer);
    }

    /// An execution that is approved, one that is rejected and retried, one that expires, and one that is stopped.
    async fn pipeline(&mut self, mode: ExecutionMode) {
        let name = format!("{mode:?}");
        let topic = Some("arn:aws:sns:us-east-2:123456789012:approvals".to_owned());
        let approval = ApprovalAction {
            custom_data: Some("Look at #{SourceVariables.CommitId}".to_owned()),
            external_entity_link: Some("https://example.com/".to_owned()),
            timeout_minutes: Some(60),
            notification_arn: topic,
        };
        self.world.aws().codepipeline.create(service(&name, mode, approval)).unwrap();
        self.look(&name, "none").await;
        let mut executions = Vec::new();
        for end in ["Approved", "Rejected", "Failed", "Stopped"] {
            let start = json!({
                "name": name, "clientRequestToken": format!("token-{end}"),
                "variables": [{"name": "reason", "value": end}],
                "sourceRevisions": [{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "0a1b2c3"}],
            });
            let started = self.call("codepipeline", PIPELINES, "StartPipelineExecution", start).await;
            let execution = started["pipelineExecutionId"].as_str().unwrap().to_owned();
            self.look(&name, &execution).await;
            match end {
                "Failed" => self.world.advance(time::Duration::hours(1)).await,
                "Stopped" => self.stop(&name, &execution).await,
                decision => self.decide(&name, &execution, decision).await,
            }
            self.look(&name, &execution).await;
            executions.push(execution);
        }
        self.roll_back(&name, &executions).await;
        // Somebody waits in front of the stage.
        let mut newest = Value::Null;
        for _ in 0..2 {
            newest = self.call("codepipeline", PIPELINES, "StartPipelineExecution", json!({"name": name})).await;
        }
        self.look(&name, &executions[0]).await;
        let newest = newest["pipelineExecutionId"].as_str().unwrap();
        self.errors_of_pipelines(&name, &executions[0], newest).await;
        if mode == ExecutionMode::Queued {
            for _ in 0..50 {
                self.call("codepipeline", PIPELINES, "StartPipelineExecution", json!({"name": name})).await;
            }
            let start = json!({"name": name});
            let code = "ConcurrentPipelineExecutionsLimitExceededException";
            self.refuse(code, "codepipeline", PIPELINES, "StartPipelineExecution", start).await;
        }
    }

    /// Rolls a stage back to the execution that went through it.
    async fn roll_back(&mut self, name: &str, executions: &[String]) {
        let roll_back = |stage: &str, target: &str| json!({"pipelineName": name, "stageName": stage, "targetPipelineExecutionId": target});
        let [succeeded, failed, ..] = executions else { panic!("{executions:?}") };
        let answer = self.call("codepipeline", PIPELINES, "RollbackStage", roll_back("Prod", succeeded)).await;
        let execution = answer["pipelineExecutionId"].as_str().unwrap();
        self.look(name, execution).await;
        for (code, stage, target) in [
            ("StageNotFoundException", "Nowhere", succeeded.as_str()),
            ("PipelineExecutionNotFoundException", "Prod", "nothing"),
            ("UnableToRollbackStageException", "Prod", failed),
        ] {
            self.refuse(code, "codepipeline", PIPELINES, "RollbackStage", roll_back(stage, target)).await;
        }
        self.decide(name, execution, "Approved").await;
    }

    /// Reads everything about a pipeline.
    async fn look(&mut self, name: &str, execution: &str) {
        let of_pipeline = json!({"pipelineName": name});
        let latest = json!({"pipelineExecutionId": execution, "startTimeRange": "Latest"});
        for (operation, input) in [
            ("GetPipeline", json!({"name": name})),
            ("GetPipelineState", json!({"name": name})),
            ("GetPipelineExecution", json!({"pipelineName": name, "pipelineExecutionId": execution})),
            ("ListPipelines", json!({"maxResults": 1})),
            ("ListPipelines", json!({})),
            ("ListPipelineExecutions", json!({"pipelineName": name, "maxResults": 1})),
            (
                "ListPipelineExecutions",
                json!({"pipelineName": name, "filter": {"succeededInStage": {"stageName": "Prod"}}}),
            ),
            ("ListPipelineExecutions", of_pipeline.clone()),
            ("ListActionExecutions", json!({"pipelineName": name, "maxResults": 1})),
            ("ListActionExecutions", json!({"pipelineName": name, "filter": {"pipelineExecutionId": execution}})),
            ("ListActionExecutions", json!({"pipelineName": name, "filter": {"latestInPipelineExecution": latest}})),
            ("ListActionExecutions", of_pipeline),
        ] {
            self.call("codepipeline", PIPELINES, operation, input).await;
        }
    }

    async fn decide(&mut self, name: &str, execution: &str, status: &str) {
        let result = json!({
            "pipelineName": name, "stageName": "Prod", "actionName": "Approve", "token": self.token(name).await,
            "result": {"status": status, "summary": ""},
        });
        self.call("codepipeline", PIPELINES, "PutApprovalResult", result.clone()).await;
        let code = "ApprovalAlreadyCompletedException";
        self.refuse(code, "codepipeline", PIPELINES, "PutApprovalResult", result).await;
        let retry = json!({
            "pipelineName": name, "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS",
        });
        self.call("codepipeline", PIPELINES, "RetryStageExecution", retry).await;
        self.look(name, execution).await;
        self.stop(name, execution).await;
    }

    async fn stop(&mut self, name: &str, execution: &str) {
        for abandon in [false, false, true, true] {
            let stop = json!({
                "pipelineName": name, "pipelineExecutionId": execution, "abandon": abandon, "reason": "wrong branch",
            });
            self.call("codepipeline", PIPELINES, "StopPipelineExecution", stop).await;
            self.look(name, execution).await;
        }
    }

    /// The token of the approval that waits.
    async fn token(&mut self, name: &str) -> Value {
        let list = self.call("codepipeline", PIPELINES, "ListActionExecutions", json!({"pipelineName": name})).await;
        let mut runs = list["actionExecutionDetails"].as_array().unwrap().iter();
        let waiting = runs.find(|run| run["status"] == "InProgress").unwrap();
        waiting["output"]["executionResult"]["externalExecutionId"].clone()
    }

    async fn errors_of_pipelines(&mut self, name: &str, ended: &str, newest: &str) {
        let put = |stage: &str, action: &str, token: &str| {
            let result = json!({"status": "Approved", "summary": "x"});
            json!({"pipelineName": name, "stageName": stage, "actionName": action, "token": token, "result": result})
        };
        let of = |execution: &str| json!({"pipelineName": name, "pipelineExecutionId": execution});
        let retry = |stage: &str, execution: &str| {
            let mode = "ALL_ACTIONS";
            json!({"pipelineName": name, "stageName": stage, "pipelineExecutionId": execution, "retryMode": mode})
        };
        for (code, operation, input) in [
            ("PipelineNotFoundException", "GetPipeline", json!({"name": "nowhere"})),
            ("PipelineVersionNotFoundException", "GetPipeline", json!({"name": name, "version": 99})),
            ("PipelineNotFoundException", "GetPipelineState", json!({"name": "nowhere"})),
            ("PipelineExecutionNotFoundException", "GetPipelineExecution", of("nothing")),
            (
                "PipelineExecutionNotFoundException",
                "ListActionExecutions",
                json!({"pipelineName": name, "filter": {"pipelineExecutionId": "nothing"}}),
            ),
            ("InvalidNextTokenException", "ListActionExecutions", json!({"pipelineName": name, "nextToken": "x"})),
            ("InvalidNextTokenException", "ListPipelineExecutions", json!({"pipelineName": name, "nextToken": "x"})),
            ("InvalidNextTokenException", "ListPipelines", json!({"nextToken": "x"})),
            ("PipelineNotFoundException", "StartPipelineExecution", json!({"name": "nowhere"})),
            ("ValidationException", "StartPipelineExecution", json!({"name": "a b"})),
            ("SerializationException", "StartPipelineExecution", json!({"name": 5})),
            ("InvalidApprovalTokenException", "PutApprovalResult", put("Prod", "Approve", "another")),
            ("StageNotFoundException", "PutApprovalResult", put("Nowhere", "Approve", "another")),
            ("ActionNotFoundException", "PutApprovalResult", put("Prod", "Nothing", "another")),
            ("StageNotFoundException", "RetryStageExecution", retry("Nowhere", newest)),
            ("StageNotRetryableException", "RetryStageExecution", retry("Source", newest)),
            ("NotLatestPipelineExecutionException", "RetryStageExecution", retry("Prod", "nothing")),
            ("PipelineExecutionNotStoppableException", "StopPipelineExecution", of(ended)),
        ] {
            self.refuse(code, "codepipeline", PIPELINES, operation, input).await;
        }
    }

    /// A pipeline that the sandbox made up for a record.
    async fn played(&mut self) {
        self.world.play(&eventbridge()).await;
        let execution = self.world.execution().await;
        self.look("MyFirstPipeline", &execution).await;
    }

    async fn keys(&mut self) {
        let spec = json!({"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY", "Description": "links"});
        let made = self.call("kms", KEYS, "CreateKey", spec).await;
        let id = made["KeyMetadata"]["KeyId"].clone();
        let sign = |key: &Value, algorithm: &str, kind: &str| {
            let message = STANDARD.encode("hello");
            json!({"KeyId": key, "Message": message, "SigningAlgorithm": algorithm, "MessageType": kind})
        };
        let signature = sign(&id, "ED25519_SHA_512", "RAW");
        for operation in ["DescribeKey", "GetPublicKey", "GetKeyPolicy", "DisableKey", "DescribeKey", "EnableKey"] {
            self.call("kms", KEYS, operation, json!({"KeyId": id})).await;
        }
        for operation in ["ListKeys", "ListAliases"] {
            self.call("kms", KEYS, operation, json!({})).await;
        }
        let policy = self.call("kms", KEYS, "GetKeyPolicy", json!({"KeyId": id})).await["Policy"].clone();
        self.call("kms", KEYS, "PutKeyPolicy", json!({"KeyId": id, "Policy": policy})).await;
        self.call("kms", KEYS, "Sign", signature.clone()).await;
        let unknown = json!("6a5d1f6e-0b53-4a0e-8d3c-0f6b2f1c9d11");
        let ours = json!(self.world.sandbox().setting("COUNTERSIGN_REQUEST_KEYS").unwrap());
        for (code, operation, input) in [
            ("NotFoundException", "Sign", sign(&unknown, "ED25519_SHA_512", "RAW")),
            ("NotFoundException", "DescribeKey", json!({"KeyId": "alias/links"})),
            ("InvalidKeyUsageException", "Sign", sign(&id, "ECDSA_SHA_256", "RAW")),
            ("ValidationException", "Sign", sign(&id, "ED25519_SHA_512", "DIGEST")),
            ("ValidationException", "Sign", sign(&id, "ROT13", "RAW")),
            ("AccessDeniedException", "Sign", sign(&ours, "ED25519_SHA_512", "RAW")),
            ("ValidationException", "GetPublicKey", json!({})),
            ("MalformedPolicyDocumentException", "PutKeyPolicy", json!({"KeyId": id, "Policy": "{}"})),
            ("UnsupportedOperationException", "CreateKey", json!({})),
        ] {
            self.refuse(code, "kms", KEYS, operation, input).await;
        }
        self.call("kms", KEYS, "DisableKey", json!({"KeyId": id})).await;
        self.refuse("DisabledException", "kms", KEYS, "Sign", signature).await;
        self.refuse("DisabledException", "kms", KEYS, "GetPublicKey", json!({"KeyId": id})).await;
    }

    async fn events(&mut self) {
        let entry = json!({"Source": "countersign", "DetailType": "Vote Recorded", "Detail": "{}"});
        for entries in [
            vec![entry.clone(), json!({"Source": "aws.codepipeline", "DetailType": "x", "Detail": "{}"})],
            vec![entry; 11],
        ] {
            self.call("events", "AWSEvents", "PutEvents", json!({"Entries": entries})).await;
        }
        for (operation, name) in [("DescribeRule", "Name"), ("ListTargetsByRule", "Rule")] {
            self.call("events", "AWSEvents", operation, json!({(name): "sandbox-approvals"})).await;
            let missing = json!({(name): "sandbox-approvals", "EventBusName": "other"});
            self.refuse("ResourceNotFoundException", "events", "AWSEvents", operation, missing).await;
        }
    }

    async fn emails(&mut self) {
        let ses = &self.world.aws().ses;
        let message =
            STANDARD.encode("From: approvals@example.com\r\nTo: ann@example.com\r\nSubject: Approve?\r\n\r\nHello\r\n");
        let identities = [("Identities.member.1", "example.com"), ("Identities.member.2", "another.example")];
        let send = |to: &'static str| {
            [
                ("Action", "SendRawEmail".to_owned()),
                ("RawMessage.Data", message.clone()),
                ("Destinations.member.1", to.to_owned()),
            ]
        };
        for verified in [false, true] {
            if verified {
                ses.verify("example.com");
            }
            for to in ["ann@example.com", "ann@refused.example", "no address"] {
                let fields = send(to);
                let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
                self.form("ses", &fields).await;
            }
            self.form("ses", &[("Action", "GetIdentityVerificationAttributes"), identities[0], identities[1]]).await;
            for operation in ["ListIdentities", "GetSendQuota", "GetAccountSendingEnabled"] {
                self.form("ses", &[("Action", operation)]).await;
            }
        }
    }

    async fn set_up_of_emails(&mut self) {
        self.world.aws().ses.change(|settings| {
            settings.identities.entry("mail.example".to_owned()).or_default().configuration_set = Some("a".to_owned());
        });
        for (operation, path) in [
            ("GetAccount", "account"),
            ("GetEmailIdentity", "identities/example.com"),
            ("GetEmailIdentity", "identities/mail.example"),
            ("GetEmailIdentity", "identities/ann%40nowhere.example"),
            ("GetConfigurationSet", "configuration-sets/sandbox"),
            ("GetConfigurationSet", "configuration-sets/none"),
            ("GetConfigurationSetEventDestinations", "configuration-sets/sandbox/event-destinations"),
            ("GetConfigurationSetEventDestinations", "configuration-sets/none/event-destinations"),
        ] {
            let page = self.world.get(&self.world.url(&format!("/aws/v2/email/{path}"))).await;
            let mut body: Value = serde_json::from_str(&page.body).unwrap();
            // In this protocol, a header names the error.
            if let Some(code) = page.header("x-amzn-errortype") {
                body["__type"] = json!(code);
            }
            let (service, operation) = ("sesv2".to_owned(), operation.to_owned());
            self.answers.push(Answer { service, operation, status: page.status, body: body.to_string() });
        }
    }

    async fn parameters(&mut self) {
        let put = json!({"Name": "/models/policy", "Value": "x = 1", "Type": "String"});
        self.call("ssm", "AmazonSSM", "PutParameter", put.clone()).await;
        self.refuse("ParameterAlreadyExists", "ssm", "AmazonSSM", "PutParameter", put).await;
        for operation in ["GetParameter", "GetParameterHistory"] {
            self.call("ssm", "AmazonSSM", operation, json!({"Name": "/models/policy"})).await;
            self.refuse("ParameterNotFound", "ssm", "AmazonSSM", operation, json!({"Name": "/models/none"})).await;
        }
    }

    async fn tables(&mut self) {
        let table = json!({"TableName": sandbox::TABLE});
        let key = json!({"pk": {"S": "none"}, "sk": {"S": "none"}});
        let arn = format!("arn:aws:dynamodb:us-east-2:123456789012:table/{}", sandbox::TABLE);
        for (operation, input) in [
            ("DescribeTable", table),
            ("ListTables", json!({})),
            ("GetItem", json!({"TableName": sandbox::TABLE, "Key": key})),
            ("Scan", json!({"TableName": sandbox::TABLE})),
            ("GetResourcePolicy", json!({"ResourceArn": arn})),
            ("DescribeContinuousBackups", json!({"TableName": sandbox::TABLE})),
        ] {
            self.call("dynamodb", TABLES, operation, input).await;
        }
        for (code, operation, input) in [
            ("ResourceNotFoundException", "DescribeTable", json!({"TableName": "nothing"})),
            ("AccessDeniedException", "PutItem", json!({"TableName": sandbox::TABLE, "Item": key})),
        ] {
            self.refuse(code, "dynamodb", TABLES, operation, input).await;
        }
    }

    async fn sessions(&mut self) {
        let role = ("RoleArn", "arn:aws:iam::123456789012:role/nightly-build");
        let assume = ("Action", "AssumeRole");
        self.form("sts", &[("Action", "GetCallerIdentity")]).await;
        self.form("sts", &[assume, role, ("RoleSessionName", "ben"), ("SourceIdentity", "ben")]).await;
        self.form("sts", &[assume, role, ("RoleSessionName", "b")]).await;
        self.form("sts", &[assume, role]).await;
    }
}
