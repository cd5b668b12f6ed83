//! Checks of expressions that DynamoDB makes and the crate behind the sandbox does not.
//!
//! An expression that works here and fails in AWS is the worst thing that a sandbox can do to its user. Source: the
//! developer guide, "Reserved words in DynamoDB" and "Expression attribute names (aliases)".

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::codepipeline::AwsError;

const EXPRESSIONS: [&str; 5] =
    ["UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression", "ProjectionExpression"];

/// Texts with a meaning of their own inside expressions.
const KEYWORDS: [&str; 9] = ["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"];

/// Refuses reserved words that are not aliased, aliases and values that nothing uses, and a change of the key.
pub(super) fn check(input: &Value) -> Result<(), AwsError> {
    let Some(input) = input.as_object() else {
        return Ok(());
    };
    // Each action of a transaction has its own expressions.
    for action in input.get("TransactItems").and_then(Value::as_array).into_iter().flatten() {
        for part in action.as_object().into_iter().flat_map(Map::values) {
            check(part)?;
        }
    }
    let mut used = BTreeSet::new();
    for kind in EXPRESSIONS {
        let Some(text) = input.get(kind).and_then(Value::as_str) else { continue };
        for (token, is_function) in tokens(text) {
            used.insert(token);
            let word = token.to_ascii_uppercase();
            let is_name = token.starts_with(|c: char| c.is_ascii_alphabetic());
            if is_name && !is_function && !KEYWORDS.contains(&word.as_str()) && is_reserved(&word) {
                return Err(invalid(format!(
                    "Invalid {kind}: Attribute name is a reserved keyword; reserved keyword: {token}"
                )));
            }
        }
    }
    for placeholders in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(defined) = input.get(placeholders).and_then(Value::as_object) else { continue };
        if let Some(unused) = defined.keys().find(|name| !used.contains(name.as_str())) {
            return Err(invalid(format!("Value provided in {placeholders} unused in expressions: keys: {{{unused}}}")));
        }
    }
    for path in assigned_paths(input) {
        if let [name] = path.as_slice()
            && input.get("Key").is_some_and(|key| key.get(name).is_some())
        {
            return Err(invalid(format!(
                "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part \
                 of the key"
            )));
        }
    }
    Ok(())
}

/// Refuses an update that assigns into a map which the item does not have: the crate makes the map.
pub(super) fn check_parents(input: &Value, item: Option<&Value>) -> Result<(), AwsError> {
    let Some(input) = input.as_object() else {
        return Ok(());
    };
    for path in assigned_paths(input) {
        let Some((_, parents)) = path.split_last() else { continue };
        let mut parents = parents.iter();
        let Some(first) = parents.next() else { continue };
        let mut parent = item.and_then(|item| item.get(first));
        for name in parents {
            parent = parent.and_then(|parent| parent.get("M")).and_then(|map| map.get(name));
        }
        if parent.and_then(|parent| parent.get("M")).is_none() {
            return Err(invalid("The document path provided in the update expression is invalid for update"));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("com.amazon.coral.validate#ValidationException", message)
}

/// The names, aliases and values in an expression, and whether each is the name of a function.
fn tokens(expression: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = expression;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| c.is_ascii_alphanumeric() || "_#:".contains(c))?;
        let (_, from) = rest.split_at(start);
        let length = from
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_alphanumeric() || *c == '_' || (*at == 0 && "#:".contains(*c))))
            .map_or(from.len(), |(at, _)| at);
        let (token, after) = from.split_at(length);
        rest = after;
        Some((token, after.trim_start().starts_with('(')))
    })
}

/// The attributes that an update assigns to, each as the names on its path. Paths into lists are left to the crate.
fn assigned_paths(input: &Map<String, Value>) -> Vec<Vec<String>> {
    let Some(update) = input.get("UpdateExpression").and_then(Value::as_str) else {
        return Vec::new();
    };
    let aliases = input.get("ExpressionAttributeNames");
    let real = |name: &str| {
        let alias = aliases.and_then(|aliases| aliases.get(name)).and_then(Value::as_str);
        alias.unwrap_or(name).to_owned()
    };
    let mut before_equals: Vec<&str> = update.split('=').collect();
    before_equals.pop();
    before_equals
        .into_iter()
        .filter_map(|text| text.trim_end().rsplit([' ', ',', '\n', '\t']).next())
        .filter(|path| !path.contains('['))
        .map(|path| path.split('.').map(real).collect())
        .collect()
}

fn is_reserved(word: &str) -> bool {
    RESERVED.split_ascii_whitespace().any(|reserved| reserved == word)
}

const RESERVED: &str = "
    ABORT ABSOLUTE ACTION ADD AFTER AGENT AGGREGATE ALL ALLOCATE ALTER ANALYZE AND ANY ARCHIVE ARE ARRAY AS ASC ASCII
    ASENSITIVE ASSERTION ASYMMETRIC AT ATOMIC ATTACH ATTRIBUTE AUTH AUTHORIZATION AUTHORIZE AUTO AVG BACK BACKUP BASE
    BATCH BEFORE BEGIN BETWEEN BIGINT BINARY BIT BLOB BLOCK BOOLEAN BOTH BREADTH BUCKET BULK BY BYTE CALL CALLED
    CALLING CAPACITY CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHECK CLASS CLOB CLOSE CLUSTER CLUSTERED
    CLUSTERING CLUSTERS COALESCE COLLATE COLLATION COLLECTION COLUMN COLUMNS COMBINE COMMENT COMMIT COMPACT COMPILE
    COMPRESS CONDITION CONFLICT CONNECT CONNECTION CONSISTENCY CONSISTENT CONSTRAINT CONSTRAINTS CONSTRUCTOR CONSUMED
    CONTINUE CONVERT COPY CORRESPONDING COUNT COUNTER CREATE CROSS CUBE CURRENT CURSOR CYCLE DATA DATABASE DATE
    DATETIME DAY DEALLOCATE DEC DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DEFINE DEFINED DEFINITION DELETE DELIMITED
    DEPTH DEREF DESC DESCRIBE DESCRIPTOR DETACH DETERMINISTIC DIAGNOSTICS DIRECTORIES DISABLE DISCONNECT DISTINCT
    DISTRIBUTE DO DOMAIN DOUBLE DROP DUMP DURATION DYNAMIC EACH ELEMENT ELSE ELSEIF EMPTY ENABLE END EQUAL EQUALS ERROR
    ESCAPE ESCAPED EVAL EVALUATE EXCEEDED EXCEPT EXCEPTION EXCEPTIONS EXCLUSIVE EXEC EXECUTE EXISTS EXIT EXPLAIN
    EXPLODE EXPORT EXPRESSION EXTENDED EXTERNAL EXTRACT FAIL FALSE FAMILY FETCH FIELDS FILE FILTER FILTERING FINAL
    FINISH FIRST FIXED FLATTERN FLOAT FOR FORCE FOREIGN FORMAT FORWARD FOUND FREE FROM FULL FUNCTION FUNCTIONS GENERAL
    GENERATE GET GLOB GLOBAL GO GOTO GRANT GREATER GROUP GROUPING HANDLER HASH HAVE HAVING HEAP HIDDEN HOLD HOUR
    IDENTIFIED IDENTITY IF IGNORE IMMEDIATE IMPORT IN INCLUDING INCLUSIVE INCREMENT INCREMENTAL INDEX INDEXED INDEXES
    INDICATOR INFINITE INITIALLY INLINE INNER INNTER INOUT INPUT INSENSITIVE INSERT INSTEAD INT INTEGER INTERSECT
    INTERVAL INTO INVALIDATE IS ISOLATION ITEM ITEMS ITERATE JOIN KEY KEYS LAG LANGUAGE LARGE LAST LATERAL LEAD LEADING
    LEAVE LEFT LENGTH LESS LEVEL LIKE LIMIT LIMITED LINES LIST LOAD LOCAL LOCALTIME LOCALTIMESTAMP LOCATION LOCATOR
    LOCK LOCKS LOG LOGED LONG LOOP LOWER MAP MATCH MATERIALIZED MAX MAXLEN MEMBER MERGE METHOD METRICS MIN MINUS MINUTE
    MISSING MOD MODE MODIFIES MODIFY MODULE MONTH MULTI MULTISET NAME NAMES NATIONAL NATURAL NCHAR NCLOB NEW NEXT NO
    NONE NOT NULL NULLIF NUMBER NUMERIC OBJECT OF OFFLINE OFFSET OLD ON ONLINE ONLY OPAQUE OPEN OPERATOR OPTION OR
    ORDER ORDINALITY OTHER OTHERS OUT OUTER OUTPUT OVER OVERLAPS OVERRIDE OWNER PAD PARALLEL PARAMETER PARAMETERS
    PARTIAL PARTITION PARTITIONED PARTITIONS PATH PERCENT PERCENTILE PERMISSION PERMISSIONS PIPE PIPELINED PLAN POOL
    POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVATE PRIVILEGES PROCEDURE PROCESSED PROJECT PROJECTION
    PROPERTY PROVISIONING PUBLIC PUT QUERY QUIT QUORUM RAISE RANDOM RANGE RANK RAW READ READS REAL REBUILD RECORD
    RECURSIVE REDUCE REF REFERENCE REFERENCES REFERENCING REGEXP REGION REINDEX RELATIVE RELEASE REMAINDER RENAME
    REPEAT REPLACE REQUEST RESET RESIGNAL RESOURCE RESPONSE RESTORE RESTRICT RESULT RETURN RETURNING RETURNS REVERSE
    REVOKE RIGHT ROLE ROLES ROLLBACK ROLLUP ROUTINE ROW ROWS RULE RULES SAMPLE SATISFIES SAVE SAVEPOINT SCAN SCHEMA
    SCOPE SCROLL SEARCH SECOND SECTION SEGMENT SEGMENTS SELECT SELF SEMI SENSITIVE SEPARATE SEQUENCE SERIALIZABLE
    SESSION SET SETS SHARD SHARE SHARED SHORT SHOW SIGNAL SIMILAR SIZE SKEWED SMALLINT SNAPSHOT SOME SOURCE SPACE
    SPACES SPARSE SPECIFIC SPECIFICTYPE SPLIT SQL SQLCODE SQLERROR SQLEXCEPTION SQLSTATE SQLWARNING START STATE STATIC
    STATUS STORAGE STORE STORED STREAM STRING STRUCT STYLE SUB SUBMULTISET SUBPARTITION SUBSTRING SUBTYPE SUM SUPER
    SYMMETRIC SYNONYM SYSTEM TABLE TABLESAMPLE TEMP TEMPORARY TERMINATED TEXT THAN THEN THROUGHPUT TIME TIMESTAMP
    TIMEZONE TINYINT TO TOKEN TOTAL TOUCH TRAILING TRANSACTION TRANSFORM TRANSLATE TRANSLATION TREAT TRIGGER TRIM TRUE
    TRUNCATE TTL TUPLE TYPE UNDER UNDO UNION UNIQUE UNIT UNKNOWN UNLOGGED UNNEST UNPROCESSED UNSIGNED UNTIL UPDATE
    UPPER URL USAGE USE USER USERS USING UUID VACUUM VALUE VALUED VALUES VARCHAR VARIABLE VARIANCE VARINT
    VARYING VIEW VIEWS VIRTUAL VOID WAIT WHEN WHENEVER WHERE WHILE WINDOW WITH WITHIN WITHOUT WORK WRAPPED WRITE YEAR
    ZONE
";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(input: &Value) -> Option<String> {
        check(input).err().map(|error| error.message)
    }

    #[test]
    fn a_vote_as_the_ledger_writes_it_is_fine() {
        let vote = json!({
            "Key": { "pk": { "S": "p" }, "sk": { "S": "request" } },
            "UpdateExpression": "SET votes.#a = :v, #n=if_not_exists(#n, :v)",
            "ConditionExpression": "attribute_exists(approvers.#a) AND (NOT size(votes) > :v OR claimed_at < :v)",
            "ExpressionAttributeNames": { "#a": "a.b@example.com", "#n": "name" },
            "ExpressionAttributeValues": { ":v": { "S": "Approved" } },
        });
        assert_eq!(message(&vote), None);
        assert!(check_parents(&vote, Some(&json!({ "votes": { "M": {} } }))).is_ok());
        assert!(check_parents(&vote, Some(&json!({}))).is_err());
        assert!(check_parents(&vote, Some(&json!({ "votes": { "S": "" } }))).is_err());
        assert!(check_parents(&vote, None).is_err());
    }

    #[test]
    fn reserved_words_need_an_alias() {
        let update = |text: &str| {
            message(&json!({ "UpdateExpression": text, "ExpressionAttributeValues": { ":v": { "N": "1" } } }))
        };
        assert!(update("SET quorum = :v").is_some_and(|text| text.ends_with("reserved keyword: quorum")));
        assert!(update("SET votes.token=:v").is_some());
        assert_eq!(update("set outcome = :v remove decision"), None);
    }

    #[test]
    fn what_is_defined_must_be_used() {
        let names = json!({ "UpdateExpression": "REMOVE #a", "ExpressionAttributeNames": { "#a": "x", "#ab": "y" } });
        assert!(message(&names).is_some_and(|text| text.ends_with("keys: {#ab}")));
        let nested = json!({ "TransactItems": [{ "Put": { "ExpressionAttributeValues": { ":v": { "S": "x" } } } }] });
        assert!(message(&nested).is_some());
    }

    #[test]
    fn a_key_cannot_change() {
        let update = json!({
            "Key": { "pk": { "S": "p" } },
            "UpdateExpression": "SET #k = :v",
            "ExpressionAttributeNames": { "#k": "pk" },
            "ExpressionAttributeValues": { ":v": { "S": "q" } },
        });
        assert!(message(&update).is_some_and(|text| text.contains("Cannot update attribute pk")));
    }

    #[test]
    fn no_expression_makes_it_panic() {
        for text in ["", "=", "é", "#", "::", "a.b[0].c = ", "SET = = ((", "\u{0}=:v", "ß=ü.#ä"] {
            let input = json!({ "UpdateExpression": text });
            let _ = check(&input);
            let _ = check_parents(&input, None);
        }
    }
}
