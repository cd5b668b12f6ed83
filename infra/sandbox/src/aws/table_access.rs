//! What a caller of DynamoDB needs: which actions on which tables.
//!
//! Sources, in the DynamoDB developer guide: "Using IAM with DynamoDB transactions" (each part of a transaction needs what
//! its operation needs on its own), "IAM security policies with `PartiQL` for DynamoDB" (a statement needs `PartiQLInsert`,
//! `PartiQLUpdate`, `PartiQLDelete` or `PartiQLSelect`, and not `PutItem` and so on), and in the service authorization
//! reference "Actions defined by Amazon DynamoDB" (`BatchWriteItem` is an action of its own).

use serde_json::Value;

use crate::codepipeline::AwsError;

/// An action, and the table that it is about, by the name or the ARN in the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needed {
    /// As in policies, such as `dynamodb:PutItem`.
    pub(super) action: String,
    pub(super) table: String,
}

impl Needed {
    fn new(action: &str, table: &str) -> Self {
        Self { action: format!("dynamodb:{action}"), table: table.to_owned() }
    }
}

/// What a call needs. What is missing or malformed needs nothing: the operation itself refuses it.
///
/// # Errors
/// A statement that this module cannot read: whether it may run is then not known.
pub(super) fn needed(operation: &str, input: &Value) -> Result<Vec<Needed>, AwsError> {
    Ok(match operation {
        "BatchWriteItem" | "BatchGetItem" => {
            let tables = input.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
            tables.map(|(table, _)| Needed::new(operation, table)).collect()
        }
        "TransactWriteItems" | "TransactGetItems" => {
            members(input, "TransactItems").filter_map(Value::as_object).flatten().filter_map(part).collect()
        }
        "ExecuteStatement" => statement(input)?.into_iter().collect(),
        "BatchExecuteStatement" => statements(input, "Statements")?,
        "ExecuteTransaction" => statements(input, "TransactStatements")?,
        _ => {
            let table = text(input, "TableName").or_else(|| text(input, "ResourceArn"));
            table.map(|table| Needed::new(operation, table)).into_iter().collect()
        }
    })
}

/// The name of a table that is given by its name or by its ARN.
pub(super) fn name_of(table: &str) -> &str {
    match table.split_once(":table/") {
        Some((_, name)) => name.split('/').next().unwrap_or_default(),
        None => table,
    }
}

fn members<'a>(input: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    input.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(input: &'a Value, field: &str) -> Option<&'a str> {
    input.get(field).and_then(Value::as_str)
}

fn part((kind, content): (&String, &Value)) -> Option<Needed> {
    let action = match kind.as_str() {
        "Put" => "PutItem",
        "Update" => "UpdateItem",
        "Delete" => "DeleteItem",
        "Get" => "GetItem",
        "ConditionCheck" => "ConditionCheckItem",
        _ => return None,
    };
    Some(Needed::new(action, text(content, "TableName")?))
}

fn statements(input: &Value, list: &str) -> Result<Vec<Needed>, AwsError> {
    members(input, list).filter_map(|member| statement(member).transpose()).collect()
}

/// What a statement in `PartiQL` needs, from its first words: `INSERT INTO "table"`, `UPDATE "table"`, `DELETE FROM "table"`,
/// or the first `FROM "table"` of a question.
fn statement(input: &Value) -> Result<Option<Needed>, AwsError> {
    let Some(statement) = text(input, "Statement") else { return Ok(None) };
    let unread = || {
        let message = "The sandbox cannot tell which table this statement is about, nor whether it may run";
        AwsError::new("ValidationException", message)
    };
    let (first, rest) = word(statement);
    let (action, rest) = match first.to_ascii_uppercase().as_str() {
        "INSERT" => ("PartiQLInsert", after(rest, "INTO")),
        "UPDATE" => ("PartiQLUpdate", Some(rest)),
        "DELETE" => ("PartiQLDelete", after(rest, "FROM")),
        "SELECT" | "EXISTS" => ("PartiQLSelect", question(rest)),
        _ => return Err(unread()),
    };
    let rest = rest.ok_or_else(unread)?.trim_start();
    let table = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => rest.split(|c: char| !is_of_a_name(c)).next().unwrap_or_default(),
    };
    if table.is_empty() || !name_of(table).chars().all(|c| is_of_a_name(c) || c == '.' || c == '-') {
        return Err(unread());
    }
    Ok(Some(Needed::new(action, table)))
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The first word, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()))
}

fn after<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let (first, rest) = word(text);
    first.eq_ignore_ascii_case(keyword).then_some(rest)
}

/// What follows the first `FROM` that stands alone.
fn question(text: &str) -> Option<&str> {
    let place = text.to_ascii_uppercase().find(" FROM ")?;
    text.get(place + " FROM ".len()..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_needs_what_it_does() {
        let put = |table: &str| json!({"Put": {"TableName": table}});
        let said = |text: &str| json!({"Statement": text});
        let arn = "arn:aws:dynamodb:us-east-2:123456789012:table/t";
        let cases = [
            ("PutItem", json!({"TableName": "t"}), vec!["PutItem t"]),
            ("Query", json!({"TableName": arn, "IndexName": "i"}), vec!["Query t"]),
            ("DeleteResourcePolicy", json!({"ResourceArn": arn}), vec!["DeleteResourcePolicy t"]),
            (
                "BatchWriteItem",
                json!({"RequestItems": {"t": [], "u": []}}),
                vec!["BatchWriteItem t", "BatchWriteItem u"],
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [
                    put("t"), {"Update": {"TableName": "u"}, "Delete": {"TableName": "v"}},
                    {"ConditionCheck": {"TableName": arn}}, {"Put": {}}, 7,
                ]}),
                vec!["PutItem t", "DeleteItem v", "UpdateItem u", "ConditionCheckItem t"],
            ),
            ("TransactGetItems", json!({"TransactItems": [{"Get": {"TableName": "t"}}]}), vec!["GetItem t"]),
            ("ExecuteStatement", said("INSERT INTO \"t\" VALUE {'pk': 'FROM'}"), vec!["PartiQLInsert t"]),
            ("ExecuteStatement", said("\n insert\tinto t\nvalue {}"), vec!["PartiQLInsert t"]),
            ("ExecuteStatement", said("INSERT INTO\"t\"VALUE{}"), vec!["PartiQLInsert t"]),
            ("ExecuteStatement", said("UPDATE \"t.u-v\" SET a = 1"), vec!["PartiQLUpdate t.u-v"]),
            ("ExecuteStatement", said("delete from t where pk = 'x'"), vec!["PartiQLDelete t"]),
            ("ExecuteStatement", said("SELECT * FROM \"t\".\"i\""), vec!["PartiQLSelect t"]),
            ("BatchExecuteStatement", json!({"Statements": [said("UPDATE t SET a=1")]}), vec!["PartiQLUpdate t"]),
            (
                "ExecuteTransaction",
                json!({"TransactStatements": [said("EXISTS(SELECT a FROM t WHERE b=1)"), said("DELETE FROM u")]}),
                vec!["PartiQLSelect t", "PartiQLDelete u"],
            ),
            ("ListTables", json!({}), vec![]),
            ("PutItem", json!({"TableName": 7}), vec![]),
            ("BatchWriteItem", json!({"RequestItems": []}), vec![]),
        ];
        for (operation, input, expected) in cases {
            let found = needed(operation, &input).unwrap().into_iter();
            let found: Vec<_> = found
                .map(|needed| {
                    format!("{} {}", needed.action.strip_prefix("dynamodb:").unwrap(), name_of(&needed.table))
                })
                .collect();
            assert_eq!(found, expected, "{operation} {input}");
        }
    }

    #[test]
    fn a_statement_that_cannot_be_read_does_not_run() {
        for text in
            ["", "UPSERT INTO t", "-- x\nDELETE FROM t", "INSERT \"t\"", "UPDATE 't' SET a = 1", "UPDATE \"\" SET"]
        {
            let refused = needed("ExecuteStatement", &json!({"Statement": text})).unwrap_err();
            assert_eq!(refused.code, "ValidationException", "{text}");
        }
    }
}
