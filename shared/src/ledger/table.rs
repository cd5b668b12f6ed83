//! The table as a whole: whether it can be a ledger, and who may write it.

use aws_sdk_dynamodb::types::TableStatus;

use super::Ledger;
use super::paths::{PARTITION, SORT};
use crate::aws::{AwsError, code};

impl Ledger {
    /// The table's ARN, if the table is active and has the ledger's keys.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or there is no such table.
    pub async fn ready_table(&self) -> Result<Option<String>, AwsError> {
        let answer = self
            .client
            .describe_table()
            .table_name(&self.table)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:DescribeTable", &error))?;
        Ok(answer.table.and_then(|table| {
            let keys = table.key_schema.unwrap_or_default();
            let names: Vec<&str> = keys.iter().map(|key| key.attribute_name.as_str()).collect();
            let is_ready = table.table_status == Some(TableStatus::Active) && names == [PARTITION, SORT];
            table.table_arn.filter(|_| is_ready)
        }))
    }

    /// The resource policy of the table with this ARN, as it is deployed. `None` when it has none.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn resource_policy(&self, table_arn: &str) -> Result<Option<String>, AwsError> {
        match self.client.get_resource_policy().resource_arn(table_arn).send().await {
            Ok(answer) => Ok(answer.policy),
            Err(error) if code(&error) == Some("PolicyNotFoundException") => Ok(None),
            Err(error) => Err(AwsError::new("dynamodb:GetResourcePolicy", &error)),
        }
    }
}
