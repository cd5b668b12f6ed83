//! The tables behind DynamoDB, without a copy of all of them after each call.
//!
//! The crate takes such a copy for those who listen to changes, also when nobody does: a thousand approvals would be
//! copied some hundred thousand times.

use std::future::{Future, ready};
use std::pin::Pin;

use winterbaume_dynamodb::types::{
    AttributeDefinition, Backup, ContinuousBackupsConfig, ContributorInsightsConfig, DynamoDbTag, ExportInfo,
    GlobalSecondaryIndexDef, GlobalTableInfo, ImportInfo, KeySchemaElement, KinesisStreamingDestination,
    LocalSecondaryIndexDef, ProvisionedThroughput, ResourcePolicy, SortKeyCondition, StreamSummary, Table, TransactOp,
    TtlConfig, UpdateAction,
};
use winterbaume_dynamodb::{
    DynamoDbBackend, DynamoDbError, DynamodbStateView, InMemoryDynamoDbBackend, Item, QueryResult, StateViewError,
    StreamChangeRecord,
};

type Answer<T> = Result<T, DynamoDbError>;

/// The crate's own tables.
pub(super) struct Tables(pub(super) InMemoryDynamoDbBackend);

/// Delegates to the crate's own tables.
macro_rules! as_they_do {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $(fn $name(
            &self, account_id: String, region: String, $($argument: $type),*
        ) -> Pin<Box<dyn Future<Output = $output> + Send>> {
            self.0.$name(account_id, region, $($argument),*)
        })*
    };
}

impl DynamoDbBackend for Tables {
    fn scopes_with_state(&self) -> Vec<(String, String)> {
        self.0.scopes_with_state()
    }

    /// For those who listen to changes, and nobody does.
    fn snapshot(&self, _: String, _: String) -> Pin<Box<dyn Future<Output = DynamodbStateView> + Send>> {
        Box::pin(ready(DynamodbStateView::default()))
    }

    as_they_do! {
        fn create_table(
            name: String, key_schema: Vec<KeySchemaElement>, attribute_definitions: Vec<AttributeDefinition>,
            billing_mode: Option<String>, provisioned_throughput: Option<ProvisionedThroughput>, stream_enabled: bool,
            stream_view_type: Option<String>, global_secondary_indexes: Vec<GlobalSecondaryIndexDef>,
            local_secondary_indexes: Vec<LocalSecondaryIndexDef>
        ) -> Answer<Table>;
        fn delete_table(name: String) -> Answer<Table>;
        fn describe_table(name: String) -> Answer<Table>;
        fn list_tables() -> Answer<Vec<String>>;
        fn update_table(
            name: String, billing_mode: Option<String>, provisioned_throughput: Option<ProvisionedThroughput>
        ) -> Answer<Table>;
        fn update_stream_specification(
            table_name: String, stream_enabled: bool, stream_view_type: Option<String>
        ) -> Answer<Table>;
        fn list_streams(table_name: Option<String>) -> Answer<Vec<StreamSummary>>;
        fn describe_stream_by_arn(stream_arn: String) -> Answer<StreamSummary>;
        fn put_item(table_name: String, item: Item) -> Answer<Option<Item>>;
        fn get_item(table_name: String, key: Item) -> Answer<Option<Item>>;
        fn delete_item(table_name: String, key: Item) -> Answer<Option<Item>>;
        fn update_item(table_name: String, key: Item, actions: Vec<UpdateAction>) -> Answer<Option<Item>>;
        fn batch_get_item(table_name: String, keys: Vec<Item>) -> Answer<Vec<Item>>;
        fn batch_write_item(table_name: String, puts: Vec<Item>, deletes: Vec<Item>) -> Answer<()>;
        fn query(
            table_name: String, key_conditions: Item, sort_key_condition: Option<SortKeyCondition>,
            limit: Option<usize>, scan_index_forward: bool, exclusive_start_key: Option<Item>,
            index_name: Option<String>
        ) -> Answer<QueryResult>;
        fn scan(table_name: String, limit: Option<usize>, exclusive_start_key: Option<Item>) -> Answer<QueryResult>;
        fn transact_get_items(keys: Vec<(String, Item)>) -> Answer<Vec<Option<Item>>>;
        fn transact_write_items(ops: Vec<TransactOp>) -> Answer<()>;
        fn create_backup(table_name: String, backup_name: String) -> Answer<Backup>;
        fn delete_backup(backup_arn: String) -> Answer<Backup>;
        fn describe_backup(backup_arn: String) -> Answer<Backup>;
        fn list_backups(table_name: Option<String>) -> Answer<Vec<Backup>>;
        fn restore_table_from_backup(backup_arn: String, target_table_name: String) -> Answer<Table>;
        fn restore_table_to_point_in_time(source_table_name: String, target_table_name: String) -> Answer<Table>;
        fn tag_resource(resource_arn: String, tags: Vec<DynamoDbTag>) -> Answer<()>;
        fn untag_resource(resource_arn: String, tag_keys: Vec<String>) -> Answer<()>;
        fn list_tags_of_resource(resource_arn: String) -> Answer<Vec<DynamoDbTag>>;
        fn update_time_to_live(table_name: String, attribute_name: String, enabled: bool) -> Answer<TtlConfig>;
        fn describe_time_to_live(table_name: String) -> Answer<Option<TtlConfig>>;
        fn update_continuous_backups(table_name: String, enabled: bool) -> Answer<ContinuousBackupsConfig>;
        fn describe_continuous_backups(table_name: String) -> Answer<Option<ContinuousBackupsConfig>>;
        fn put_resource_policy(resource_arn: String, policy: String) -> Answer<String>;
        fn get_resource_policy(resource_arn: String) -> Answer<Option<ResourcePolicy>>;
        fn delete_resource_policy(resource_arn: String) -> Answer<String>;
        fn create_global_table(global_table_name: String, replication_group: Vec<String>) -> Answer<GlobalTableInfo>;
        fn describe_global_table(global_table_name: String) -> Answer<GlobalTableInfo>;
        fn update_global_table(
            global_table_name: String, replicas_to_create: Vec<String>, replicas_to_delete: Vec<String>
        ) -> Answer<GlobalTableInfo>;
        fn list_global_tables() -> Answer<Vec<GlobalTableInfo>>;
        fn enable_kinesis_streaming_destination(
            table_name: String, stream_arn: String, precision: Option<String>
        ) -> Answer<KinesisStreamingDestination>;
        fn disable_kinesis_streaming_destination(
            table_name: String, stream_arn: String
        ) -> Answer<KinesisStreamingDestination>;
        fn describe_kinesis_streaming_destinations(table_name: String) -> Answer<Vec<KinesisStreamingDestination>>;
        fn update_kinesis_streaming_destination(
            table_name: String, stream_arn: String, precision: Option<String>
        ) -> Answer<KinesisStreamingDestination>;
        fn update_contributor_insights(
            table_name: String, index_name: Option<String>, mode: String
        ) -> Answer<ContributorInsightsConfig>;
        fn describe_contributor_insights(
            table_name: String, index_name: Option<String>
        ) -> Answer<Option<ContributorInsightsConfig>>;
        fn list_contributor_insights(table_name: Option<String>) -> Answer<Vec<ContributorInsightsConfig>>;
        fn export_table_to_point_in_time(
            table_arn: String, s3_bucket: Option<String>, s3_prefix: Option<String>, export_format: Option<String>
        ) -> Answer<ExportInfo>;
        fn describe_export(export_arn: String) -> Answer<ExportInfo>;
        fn list_exports() -> Vec<ExportInfo>;
        fn import_table(
            table_name: String, s3_bucket_source: Option<String>, input_format: Option<String>
        ) -> ImportInfo;
        fn describe_import(import_arn: String) -> Answer<ImportInfo>;
        fn list_imports() -> Vec<ImportInfo>;
        fn get_stream_records(
            stream_arn: String, next_sequence_number: u64, limit: Option<usize>
        ) -> Answer<(Vec<StreamChangeRecord>, u64)>;
        fn restore(view: DynamodbStateView) -> Result<(), StateViewError>;
        fn merge(view: DynamodbStateView) -> Result<(), StateViewError>;
    }
}
