//! Where the next look through all pipelines begins, since the last one did not get through.
//!
//! It is a hint. Whoever may write the ledger can have pipelines looked at later, or, where there are too many for one sweep,
//! never, and no more.

use super::Ledger;
use super::attributes::{keys, text, text_in};
use super::paths::PIPELINE;
use crate::approval::PipelineName;
use crate::aws::AwsError;

const PARTITION: &str = "SWEEP";
const SORT: &str = "NEXT";

impl Ledger {
    /// The pipeline to begin with.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn next_pipeline(&self) -> Result<Option<PipelineName>, AwsError> {
        let item = self.get(keys(PARTITION, SORT, None)).await?;
        Ok(item.as_ref().and_then(|item| text_in(item, PIPELINE)?.parse().ok()))
    }

    /// Notes the pipeline to begin with.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn note_next_pipeline(&self, pipeline: &PipelineName) -> Result<(), AwsError> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(keys(PARTITION, SORT, None)));
        let update = update.update_expression(format!("SET {PIPELINE} = :pipeline"));
        let update = update.expression_attribute_values(":pipeline", text(pipeline.as_str()));
        update.send().await.map_err(|error| AwsError::new("dynamodb:UpdateItem", &error))?;
        Ok(())
    }
}
