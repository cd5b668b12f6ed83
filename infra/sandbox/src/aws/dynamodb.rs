//! DynamoDB: a crate's tables, made as strict as the service where our ledger depends on it.

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Value, json};
use winterbaume_core::MockResponse;
use winterbaume_dynamodb::{DynamoDbService, InMemoryDynamoDbBackend};

use super::answer::{Answer, internal_failure};
use super::call::json_input;
use super::caller::Caller;
use super::fake::{ask, error_of, for_fake};
use super::service::Service;
use super::table_policies::{self, TablePolicies};
use super::tables::Tables;
use super::{binary, expression};
use crate::codepipeline::AwsError;

#[derive(Clone)]
pub(super) struct DynamoDb {
    fake: Arc<DynamoDbService>,
    region: String,
    /// The tables' resource policies. The crate keeps such documents too, and nothing follows from them there.
    pub(super) policies: Arc<TablePolicies>,
    /// The crate looks at a condition and writes in two steps, and lets others in between: two conditional updates
    /// that exclude each other can then both succeed. DynamoDB never does that, and the ledger is built on it, so
    /// calls take turns.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl DynamoDb {
    pub(super) fn new(region: &str) -> Self {
        let tables = Tables(InMemoryDynamoDbBackend::new());
        Self {
            fake: Arc::new(DynamoDbService::with_backend(Arc::new(tables))),
            region: region.to_owned(),
            policies: Arc::new(TablePolicies::new(region)),
            turn: Arc::default(),
        }
    }

    /// Makes a table with the keys `pk` and `sk`, both strings.
    pub(super) async fn create_table(&self, name: &str) -> Result<(), AwsError> {
        let input = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
        });
        let response = self.ask("CreateTable", &input).await?;
        if response.status == 200 { Ok(()) } else { Err(error_of(&response)) }
    }

    pub(super) async fn call(&self, operation: &str, body: Bytes, caller: &Caller) -> Result<Answer, AwsError> {
        let input = json_input(&body)?;
        self.policies.authorize(operation, &input, caller)?;
        expression::check(&input)?;
        // A task of its own, so that a caller who hangs up cannot give the turn away between two steps.
        let (this, operation) = (self.clone(), operation.to_owned());
        tokio::spawn(async move {
            let _turn = this.turn.lock().await;
            match operation.as_str() {
                "PutResourcePolicy" | "GetResourcePolicy" | "DeleteResourcePolicy" => {
                    let table = this.policies.table_of(&input)?;
                    let found = this.ask("DescribeTable", &json!({ "TableName": table })).await?;
                    if found.status != 200 {
                        return Ok(Answer::Ready(found));
                    }
                    this.policies.call(&operation, table, &input).map(Answer::Json)
                }
                "CreateTable" | "DeleteTable" => this.change_tables(&operation, &input).await.map(Answer::Ready),
                _ => this.take_turn(&operation, &input).await.map(Answer::Ready),
            }
        })
        .await
        .map_err(|_| internal_failure())?
    }

    /// A table comes with the policy that `CreateTable` gives it, and goes with it.
    async fn change_tables(&self, operation: &str, input: &Value) -> Result<MockResponse, AwsError> {
        let policy = input.get("ResourcePolicy").and_then(Value::as_str);
        policy.map(table_policies::read).transpose()?;
        let response = self.ask(operation, input).await?;
        let table = input.get("TableName").and_then(Value::as_str).unwrap_or_default();
        match policy {
            _ if response.status != 200 => {}
            Some(policy) if operation == "CreateTable" => {
                self.policies.attach(table, policy)?;
            }
            _ => {
                self.policies.detach(table);
            }
        }
        Ok(response)
    }

    async fn take_turn(&self, operation: &str, input: &Value) -> Result<MockResponse, AwsError> {
        let before = match operation {
            "UpdateItem" => self.item(input).await?,
            _ => None,
        };
        let mut response = self.ask(operation, input).await?;
        if operation == "UpdateItem"
            && response.status == 200
            && let Err(error) = expression::check_parents(input, before.as_ref())
        {
            self.put_back(input, before).await?;
            return Err(error);
        }
        if response.status == 400 && input.get("ReturnValuesOnConditionCheckFailure") == Some(&json!("ALL_OLD")) {
            self.add_item(input, &mut response).await?;
        }
        Ok(response)
    }

    /// Undoes an update that DynamoDB would have refused. The crate checks the condition first, as DynamoDB does, and
    /// cannot be asked to check it alone: so the update goes ahead, and is taken back before anyone sees it.
    async fn put_back(&self, input: &Value, before: Option<Value>) -> Result<(), AwsError> {
        let (operation, part, value) = match before {
            Some(item) => ("PutItem", "Item", item),
            None => ("DeleteItem", "Key", input.get("Key").cloned().unwrap_or_default()),
        };
        self.ask(operation, &json!({ "TableName": input.get("TableName"), part: value })).await?;
        Ok(())
    }

    /// Adds the item that a condition failed on, which the crate leaves out.
    async fn add_item(&self, input: &Value, response: &mut MockResponse) -> Result<(), AwsError> {
        let Ok(Value::Object(mut error)) = serde_json::from_slice(&response.body) else {
            return Ok(());
        };
        let code = error.get("__type").and_then(Value::as_str).unwrap_or_default();
        if !code.ends_with("#ConditionalCheckFailedException") {
            return Ok(());
        }
        if let Some(item) = self.item(input).await? {
            error.insert("Item".to_owned(), item);
            response.body = Value::Object(error).to_string().into();
        }
        Ok(())
    }

    /// The item that a write is about, before the write. The crate finds it by a whole item as well as by its key.
    async fn item(&self, input: &Value) -> Result<Option<Value>, AwsError> {
        let key = input.get("Key").or_else(|| input.get("Item"));
        let read = json!({ "TableName": input.get("TableName"), "Key": key, "ConsistentRead": true });
        let response = self.ask("GetItem", &read).await?;
        let mut output: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        Ok(output.get_mut("Item").map(Value::take))
    }

    async fn ask(&self, operation: &str, input: &Value) -> Result<MockResponse, AwsError> {
        let input = binary::hidden(input).to_string();
        let mut response = ask(&self.fake, for_fake(Service::DynamoDb, operation, &self.region, input.into())).await?;
        if let Ok(output) = serde_json::from_slice(&response.body) {
            response.body = binary::shown(&output).to_string().into();
        }
        Ok(response)
    }
}
