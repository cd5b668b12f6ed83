//! Binary values for the crate behind DynamoDB, which stores them and finds none equal to another in a condition. It gets
//! them as texts that nobody else writes, and what it answers is turned back.

use serde_json::{Map, Value, json};

/// What precedes base64 in such a text.
const MARK: &str = "\u{0}binary:";

/// The input as the crate gets it.
pub(super) fn hidden(value: &Value) -> Value {
    replaced(value, &|kind, text| (kind == "B").then(|| ("S", format!("{MARK}{text}"))))
}

/// The crate's output as a caller gets it.
pub(super) fn shown(value: &Value) -> Value {
    replaced(value, &|kind, text| Some(("B", text.strip_prefix(MARK).filter(|_| kind == "S")?.to_owned())))
}

/// The value with each attribute value replaced that consists of one text.
fn replaced(value: &Value, replace: &impl Fn(&str, &str) -> Option<(&'static str, String)>) -> Value {
    match value {
        Value::Object(fields) => {
            let only = fields.iter().next().filter(|_| fields.len() == 1);
            if let Some((kind, text)) = only.and_then(|(kind, value)| replace(kind, value.as_str()?)) {
                return json!({ kind: text });
            }
            Value::Object(
                fields.iter().map(|(name, value)| (name.clone(), replaced(value, replace))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(values) => Value::Array(values.iter().map(|value| replaced(value, replace)).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_value_comes_back_as_it_was() {
        let input = json!({"Item": {"pk": {"S": "x"}, "B": {"B": "AQI="}, "l": {"L": [{"B": ""}, {"S": "AQI="}]}}});
        assert_ne!(hidden(&input), input);
        assert!(!hidden(&input).to_string().contains("{\"B\":\""));
        assert_eq!(shown(&hidden(&input)), input);
    }
}
