//! Policy documents: from JSON to what is evaluated. Whatever is not known here is an error.

use serde_json::{Map, Value};

use super::{Condition, Key, Operator, Policy, PolicyKind, Principal, Statement};

impl Policy {
    /// Reads a resource's policy.
    ///
    /// # Errors
    /// What is wrong with it, or unknown here, in words.
    pub(in crate::aws) fn read(text: &str) -> Result<Self, String> {
        Self::read_kind(PolicyKind::Resource, text)
    }

    /// Reads a policy of this kind.
    ///
    /// # Errors
    /// What is wrong with it, or unknown here, in words.
    pub(in crate::aws) fn read_kind(kind: PolicyKind, text: &str) -> Result<Self, String> {
        let Ok(Value::Object(document)) = serde_json::from_str(text) else {
            return Err("the document is not a JSON object".to_owned());
        };
        only(&document, &["Version", "Id", "Statement"])?;
        if text.contains("${") {
            return Err("the sandbox does not know policy variables".to_owned());
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => {
                statements.iter().map(|one| Statement::read(kind, one)).collect::<Result<_, _>>()?
            }
            Some(statement) => vec![Statement::read(kind, statement)?],
            None => return Err("the document has no Statement".to_owned()),
        };
        Ok(Self { text: text.to_owned(), statements })
    }
}

impl Statement {
    fn read(kind: PolicyKind, value: &Value) -> Result<Self, String> {
        let Value::Object(statement) = value else { return Err("a statement is not a JSON object".to_owned()) };
        let parts: &[&str] = match kind {
            PolicyKind::Resource => &["Principal", "Resource"],
            PolicyKind::Trust => &["Principal"],
            PolicyKind::Identity => &["Resource"],
        };
        only(statement, &[&["Sid", "Effect", "Action", "Condition"], parts].concat())?;
        let denies = match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => true,
            Some("Allow") => false,
            _ => return Err("Effect is neither Allow nor Deny".to_owned()),
        };
        let part = |name: &str| {
            statement.get(name).ok_or_else(|| format!("a statement has no {name}")).and_then(|part| texts(name, part))
        };
        let conditions = match statement.get("Condition") {
            None => Vec::new(),
            Some(Value::Object(operators)) => conditions(operators)?,
            Some(_) => return Err("Condition is not a JSON object".to_owned()),
        };
        let principals = match kind {
            PolicyKind::Identity => vec![Principal::Anybody],
            _ => principals(statement.get("Principal").ok_or("a statement has no Principal")?)?,
        };
        let resources = match kind {
            PolicyKind::Trust => vec!["*".to_owned()],
            _ => part("Resource")?,
        };
        Ok(Self { denies, principals, actions: part("Action")?, resources, conditions })
    }
}

impl Principal {
    fn read(text: String) -> Result<Self, String> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit());
        if text == "*" {
            return Ok(Self::Anybody);
        }
        if is_account(&text) {
            return Ok(Self::Account(text));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "iam", "", account, "root"] if is_account(account) => Ok(Self::Account((*account).to_owned())),
            ["arn", _, "iam" | "sts", "", account, name] if is_account(account) && !name.contains(['*', '?']) => {
                Ok(Self::Arn(text))
            }
            _ => Err(format!("Principal names nobody: {text}")),
        }
    }
}

fn principals(value: &Value) -> Result<Vec<Principal>, String> {
    let Value::Object(kinds) = value else {
        return if value == "*" { Ok(vec![Principal::Anybody]) } else { Err("Principal is not valid".to_owned()) };
    };
    let mut principals = Vec::new();
    for (kind, names) in kinds {
        let names = texts("Principal", names)?;
        match kind.as_str() {
            "AWS" => principals.extend(names.into_iter().map(Principal::read).collect::<Result<Vec<_>, _>>()?),
            "Service" => principals.push(Principal::Service),
            _ => return Err(format!("the sandbox does not know principals of kind {kind}")),
        }
    }
    Ok(principals)
}

fn conditions(operators: &Map<String, Value>) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let operator = match operator.as_str() {
            // "ArnEquals and ArnLike behave identically."
            "ArnLike" | "ArnEquals" => Operator::ArnLike,
            "ArnNotLike" | "ArnNotEquals" => Operator::ArnNotLike,
            "StringEquals" => Operator::StringEquals,
            "StringNotEquals" => Operator::StringNotEquals,
            "StringLike" => Operator::StringLike,
            "Bool" => Operator::Bool,
            _ => return Err(format!("the sandbox does not know the condition operator {operator}")),
        };
        let Value::Object(keys) = keys else { return Err("a condition operator has no keys".to_owned()) };
        for (key, values) in keys {
            let values = texts(key, values)?;
            let key = match key.to_ascii_lowercase().as_str() {
                "aws:principalarn" => Key::PrincipalArn,
                "aws:principalaccount" => Key::PrincipalAccount,
                "aws:principalisawsservice" => Key::PrincipalIsAwsService,
                "aws:securetransport" => Key::SecureTransport,
                "sts:sourceidentity" => Key::SourceIdentity,
                _ => return Err(format!("the sandbox does not know the condition key {key}")),
            };
            conditions.push(Condition { operator, key, values });
        }
    }
    Ok(conditions)
}

/// A text, or a list of texts. AWS also takes true and false without quotes.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) if !values.is_empty() => {
            Ok(values.iter().map(|value| texts(name, value)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(flag) => Ok(vec![flag.to_string()]),
        _ => Err(format!("{name} is neither a text nor a list of texts")),
    }
}

fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("the sandbox does not know the policy element {unknown}")),
        None => Ok(()),
    }
}
