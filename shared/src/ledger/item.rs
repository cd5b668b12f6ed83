//! Values and items as DynamoDB's SDK has them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::UtcDateTime;

use crate::aws::AwsError;

/// The error code of a write whose condition does not hold.
pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn moment(moment: UtcDateTime) -> AttributeValue {
    AttributeValue::N(moment.unix_timestamp().to_string())
}

/// A moment that [`moment`] wrote.
pub(super) fn moment_in(item: &Item, name: &str) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp(item.get(name)?.as_n().ok()?.parse().ok()?).ok()
}

pub(super) fn text_in<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The keys of an item, and when it may go.
pub(super) fn keys(pk: &str, sk: &str, lives_until: Option<UtcDateTime>) -> Item {
    let ttl = lives_until.map(|until| ("ttl".to_owned(), moment(until)));
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into_iter().chain(ttl).collect()
}

pub(super) fn put_new(table: &str, item: Item) -> Result<TransactWriteItem, AwsError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(|_| AwsError::unexpected("dynamodb:TransactWriteItems", "an item without content"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(super) fn to_item(value: &impl Serialize) -> Result<Item, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item that cannot be written"))
}

pub(super) fn to_value(value: &impl Serialize) -> Result<AttributeValue, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item that cannot be written"))
}

pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item of another form"))
}
