//! Attribute values and items in the form of DynamoDB's SDK.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::UtcDateTime;

use super::paths;
use crate::aws::AwsError;
use crate::seal::Sealed;

/// The error code of a write whose condition does not hold.
pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn moment(moment: UtcDateTime) -> AttributeValue {
    AttributeValue::N(moment.unix_timestamp().to_string())
}

pub(super) fn text_in<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn bytes_in<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}

pub(super) fn number_in(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn map_in<'a>(item: &'a Item, name: &str) -> Option<&'a Item> {
    item.get(name)?.as_m().ok()
}

/// What is sealed, and its seal.
pub(super) fn sealed(Sealed { bytes, seal }: &Sealed) -> Item {
    let object = AttributeValue::B(Blob::new(bytes.clone()));
    Item::from([(paths::OBJECT.to_owned(), object), (paths::SEAL.to_owned(), text(seal))])
}

/// The keys of an item, and when it may go.
pub(super) fn keys(pk: &str, sk: &str, lives_until: Option<UtcDateTime>) -> Item {
    let ttl = lives_until.map(|until| (paths::TTL.to_owned(), moment(until)));
    [(paths::PARTITION.to_owned(), text(pk)), (paths::SORT.to_owned(), text(sk))].into_iter().chain(ttl).collect()
}

pub(super) fn put(table: &str, item: Item) -> PutBuilder {
    Put::builder().table_name(table).set_item(Some(item))
}

pub(super) fn to_value(value: &impl Serialize) -> Result<AttributeValue, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item that cannot be written"))
}

/// Reads an item into its stored form, and that into a `T`.
pub(super) fn from_item<S: DeserializeOwned, T: TryFrom<S>>(item: Item) -> Result<T, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item::<S>(item)
        .ok()
        .and_then(|stored| stored.try_into().ok())
        .ok_or_else(|| AwsError::unexpected("dynamodb", "an item that this version cannot read"))
}

/// Reads a value into its stored form, and that into a `T`. `None` when it is something else.
pub(super) fn from_value<S: DeserializeOwned, T: TryFrom<S>>(value: AttributeValue) -> Option<T> {
    serde_dynamo::aws_sdk_dynamodb_1::from_attribute_value::<S>(value).ok()?.try_into().ok()
}
