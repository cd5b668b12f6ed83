//! Variables in an action's configuration: `#{NAMESPACE.KEY}`.

use super::state::Execution;

/// Puts values in place of the references in a text. A reference to nothing stays as it is written. (The service would
/// fail the action; the sandbox rather shows what the pipeline's owner wrote.)
pub(super) fn resolve(text: &str, execution: &Execution) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference, after)) = next_reference(rest) {
        resolved.push_str(before);
        match value(reference, execution) {
            Some(value) => resolved.push_str(&value),
            None => resolved.push_str(&format!("#{{{reference}}}")),
        }
        rest = after;
    }
    resolved.push_str(rest);
    resolved
}

fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once("#{")?;
    let (reference, after) = opened.split_once('}')?;
    Some((before, reference, after))
}

fn value(reference: &str, execution: &Execution) -> Option<String> {
    let (namespace, key) = reference.split_once('.')?;
    match namespace {
        "codepipeline" => (key == "PipelineExecutionId").then(|| execution.id.value.clone()),
        "variables" => execution.variables.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()),
        _ => execution
            .runs
            .iter()
            .rev()
            .filter(|run| run.action.kind.namespace() == Some(namespace))
            .find_map(|run| run.output_variables.get(key).cloned()),
    }
}
