//! Who may do what to the table and to keys.

use super::*;

const STRANGER: &str = "arn:aws:iam::210987654321:role/countersign-notifier";
const TABLE_ARN: &str = "arn:aws:dynamodb:us-east-2:123456789012:table/ledger";

async fn dynamodb(aws: &Aws, key: &str, operation: &str, input: Value) -> (u16, Value) {
    let (status, _, body) = target(aws, key, &format!("DynamoDB_20120810.{operation}"), input).await;
    (status, serde_json::from_str(&body).unwrap())
}

/// Every way to write, with the action that the refusal names.
fn writes() -> Vec<(&'static str, Value, &'static str)> {
    let key = json!({ "pk": { "S": "p" }, "sk": { "S": "s" } });
    let update = json!({
        "TableName": "ledger", "Key": key, "UpdateExpression": "SET note = :n",
        "ExpressionAttributeValues": { ":n": { "S": "x" } },
    });
    let put = json!({ "TableName": "ledger", "Item": key });
    let delete = json!({ "TableName": "ledger", "Key": key });
    let transaction = |kind: &str, part: &Value| json!({ "TransactItems": [{ kind: part }] });
    let insert = json!({ "Statement": "INSERT INTO \"ledger\" VALUE {'pk': 'q', 'sk': 's'}" });
    let set = json!({ "Statement": "UPDATE \"ledger\" SET note = 'y' WHERE pk = 'p' AND sk = 's'" });
    let remove = json!({ "Statement": "DELETE FROM \"ledger\" WHERE pk = 'q' AND sk = 's'" });
    vec![
        ("PutItem", put.clone(), "PutItem"),
        ("UpdateItem", update.clone(), "UpdateItem"),
        (
            "BatchWriteItem",
            json!({ "RequestItems": { "ledger": [{ "PutRequest": { "Item": key } }] } }),
            "BatchWriteItem",
        ),
        ("TransactWriteItems", transaction("Put", &put), "PutItem"),
        ("TransactWriteItems", transaction("Update", &update), "UpdateItem"),
        ("TransactWriteItems", transaction("Delete", &delete), "DeleteItem"),
        ("DeleteItem", delete, "DeleteItem"),
        ("PutItem", put, "PutItem"),
        ("ExecuteStatement", insert.clone(), "PartiQLInsert"),
        ("ExecuteStatement", set.clone(), "PartiQLUpdate"),
        ("ExecuteStatement", remove.clone(), "PartiQLDelete"),
        ("BatchExecuteStatement", json!({ "Statements": [insert.clone()] }), "PartiQLInsert"),
        ("BatchExecuteStatement", json!({ "Statements": [set.clone()] }), "PartiQLUpdate"),
        ("BatchExecuteStatement", json!({ "Statements": [remove] }), "PartiQLDelete"),
        ("ExecuteTransaction", json!({ "TransactStatements": [insert] }), "PartiQLInsert"),
        ("ExecuteTransaction", json!({ "TransactStatements": [set] }), "PartiQLUpdate"),
    ]
}

#[tokio::test]
async fn only_the_functions_write_to_the_table() {
    let aws = aws().await;
    let admin = assume(&aws, "arn:aws:iam::123456789012:role/admin", "ben").await;
    for (operation, input, action) in writes() {
        for (key, caller) in
            [("ben", "iam::123456789012:user/ben"), (&admin, "sts::123456789012:assumed-role/admin/ben")]
        {
            let (status, answer) = dynamodb(&aws, key, operation, input.clone()).await;
            assert_eq!((status, &answer["__type"]), (400, &json!("AccessDeniedException")), "{operation} {answer}");
            let expected = format!(
                "User: arn:aws:{caller} is not authorized to perform: dynamodb:{action} on resource: {TABLE_ARN} with an \
                 explicit deny in a resource-based policy"
            );
            assert_eq!(answer["message"], expected, "{operation}");
        }
    }
    let (_, read) = dynamodb(&aws, "ben", "Scan", json!({ "TableName": "ledger" })).await;
    assert_eq!(read["Count"], 0, "everybody reads, and nothing was written: {read}");
    let callback = assume(&aws, "arn:aws:iam::123456789012:role/countersign-callback", "ben").await;
    for (operation, input, _) in writes() {
        for key in [WRITER, &callback] {
            let (status, answer) = dynamodb(&aws, key, operation, input.clone()).await;
            // The second insert of an item is refused by PartiQL itself.
            let twice = answer.to_string().contains("Duplicate");
            assert!(status == 200 || twice, "{operation} {input} {answer}");
        }
    }
}

#[tokio::test]
async fn a_table_without_its_policy_is_written_by_everybody_of_its_account() {
    let aws = aws().await;
    let stranger = assume(&aws, STRANGER, "ben").await;
    aws.set_table_policy("ledger", None).unwrap();
    for (operation, input, _) in writes() {
        let (status, answer) = dynamodb(&aws, "ben", operation, input.clone()).await;
        assert_eq!(status, 200, "{operation} {input} {answer}");
        let (status, _) = dynamodb(&aws, &stranger, operation, input).await;
        assert_eq!(status, 400, "{operation}");
    }
    aws.set_table_policy("ledger", Some(&table_policy(TABLE_ARN))).unwrap();
    let (operation, input, _) = writes().remove(0);
    assert_eq!(dynamodb(&aws, "ben", operation, input).await.0, 400);
    assert!(aws.set_table_policy("ledger", Some("{}")).is_err());
}

#[tokio::test]
async fn a_table_policy_is_put_shown_and_removed() {
    let aws = aws().await;
    let policy = |operation, input| dynamodb(&aws, "root", operation, input);
    let named = json!({ "ResourceArn": TABLE_ARN });
    let with = |part: &str, value: &str| {
        let mut input = named.clone();
        input[part] = json!(value);
        input
    };
    let (status, shown) = policy("GetResourcePolicy", named.clone()).await;
    assert_eq!((status, &shown["Policy"]), (200, &json!(table_policy(TABLE_ARN))));
    let revision = shown["RevisionId"].as_str().unwrap();
    let (_, same) = policy("PutResourcePolicy", with("Policy", &table_policy(TABLE_ARN))).await;
    assert_eq!(same["RevisionId"], revision, "the same document keeps its revision");

    assert_eq!(
        policy("DeleteResourcePolicy", with("ExpectedRevisionId", "7")).await.1["__type"],
        "PolicyNotFoundException"
    );
    assert_eq!(
        policy("DeleteResourcePolicy", with("ExpectedRevisionId", revision)).await,
        (200, json!({ "RevisionId": revision }))
    );
    assert_eq!(policy("DeleteResourcePolicy", named.clone()).await, (200, json!({})));
    let (status, missing) = policy("GetResourcePolicy", named.clone()).await;
    assert_eq!((status, &missing["__type"]), (400, &json!("PolicyNotFoundException")));
    let message = format!("Resource-based policy not found for the provided ResourceArn: {TABLE_ARN}");
    assert_eq!(missing["message"], message);

    let mut first = with("Policy", &table_policy(TABLE_ARN));
    first["ExpectedRevisionId"] = json!("NO_POLICY");
    assert_eq!(policy("PutResourcePolicy", first.clone()).await.0, 200);
    assert_eq!(policy("PutResourcePolicy", first).await.1["__type"], "PolicyNotFoundException");
    let (status, refused) =
        policy("PutResourcePolicy", with("Policy", "{\"Statement\":[{\"NotAction\":\"x\"}]}")).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("ValidationException")));
    assert!(refused["message"].as_str().unwrap().contains("NotAction"), "{refused}");

    for arn in ["", "ledger", "arn:aws:dynamodb:us-east-2:123456789012:table/other"] {
        let (status, answer) = policy("GetResourcePolicy", json!({ "ResourceArn": arn })).await;
        assert_eq!(status, 400, "{arn} {answer}");
    }
}

#[tokio::test]
async fn a_table_comes_and_goes_with_its_policy() {
    let aws = aws().await;
    let deny = |action: &str| {
        json!({ "Statement": { "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*" } }).to_string()
    };
    let create = |policy: Option<String>| {
        json!({
            "TableName": "other", "BillingMode": "PAY_PER_REQUEST", "ResourcePolicy": policy,
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        })
    };
    let table = json!({ "TableName": "other" });
    assert_eq!(dynamodb(&aws, "ben", "CreateTable", create(Some("x".to_owned()))).await.0, 400);
    assert_eq!(dynamodb(&aws, "ben", "CreateTable", create(Some(deny("dynamodb:Scan")))).await.0, 200);
    assert_eq!(dynamodb(&aws, "ben", "Scan", table.clone()).await.1["__type"], "AccessDeniedException");
    assert_eq!(dynamodb(&aws, "ben", "DeleteTable", table.clone()).await.0, 200);
    assert_eq!(dynamodb(&aws, "ben", "CreateTable", create(None)).await.0, 200);
    assert_eq!(dynamodb(&aws, "ben", "Scan", table).await.0, 200);
}

#[tokio::test]
async fn another_account_has_nothing_of_the_hub() {
    let aws = aws().await;
    let key = assume(&aws, STRANGER, "ben").await;
    let cases = [
        ("DynamoDB_20120810.GetItem", json!({ "TableName": "ledger", "Key": {} }), "ResourceNotFoundException"),
        ("DynamoDB_20120810.Scan", json!({ "TableName": TABLE_ARN }), "AccessDeniedException"),
        ("DynamoDB_20120810.DeleteResourcePolicy", json!({ "ResourceArn": TABLE_ARN }), "AccessDeniedException"),
        ("DynamoDB_20120810.ListTables", json!({}), "AccessDeniedException"),
        ("AmazonSSM.PutParameter", json!({ "Name": "/p", "Value": "v", "Type": "String" }), "AccessDeniedException"),
        ("TrentService.DescribeKey", json!({ "KeyId": aws.kms.create_key().unwrap() }), "NotFoundException"),
    ];
    for (operation, input, expected) in cases {
        let (status, _, body) = target(&aws, &key, operation, input).await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &answer["__type"]), (400, &json!(expected)), "{operation} {body}");
    }
    let (status, _, body) = form(&aws, &signed(&key, "ses"), "Action=GetSendQuota").await;
    assert_eq!(status, 400);
    assert!(body.contains("<Code>AccessDeniedException</Code>"), "{body}");
}
