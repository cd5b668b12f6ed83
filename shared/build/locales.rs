//! What a language's file says, and what it lacks beside the measure.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};

/// The language by which the others are measured.
pub const MEASURE: &str = "en";

/// A variable, and whether it is a number: one that chooses between variants.
pub type Variables = BTreeMap<String, bool>;
/// The messages of a language, and their variables.
pub type Messages = BTreeMap<String, Variables>;

/// The messages of one file and their variables.
///
/// # Errors
/// When the text cannot be read, or has what is not used here.
pub fn messages(text: &str) -> Result<Messages, String> {
    let resource = fluent_syntax::parser::parse(text).map_err(|(_, errors)| {
        let errors = errors.iter().map(|error| format!("line {}: {}", line(text, error.pos.start), error.kind));
        errors.collect::<Vec<_>>().join("; ")
    })?;
    let mut messages = Messages::new();
    for entry in resource.body {
        let message = match entry {
            Entry::Message(message) => message,
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
            Entry::Term(term) => return Err(format!("{}: terms are not used here", term.id.name)),
            Entry::Junk { content } => return Err(format!("cannot be read: {content}")),
        };
        let name = message.id.name;
        if !message.attributes.is_empty() {
            return Err(format!("{name}: attributes are not used here"));
        }
        let pattern = message.value.ok_or_else(|| format!("{name}: empty"))?;
        let mut variables = Variables::new();
        in_pattern(&pattern, &mut variables).map_err(|problem| format!("{name}: {problem}"))?;
        if messages.insert(name.to_owned(), variables).is_some() {
            return Err(format!("{name}: stands twice"));
        }
    }
    Ok(messages)
}

fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

fn in_pattern(pattern: &Pattern<&str>, variables: &mut Variables) -> Result<(), String> {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, variables)?;
        }
    }
    Ok(())
}

fn in_expression(expression: &Expression<&str>, variables: &mut Variables) -> Result<(), String> {
    let (inline, variants) = match expression {
        Expression::Inline(inline) => (inline, None),
        Expression::Select { selector, variants } => (selector, Some(variants)),
    };
    match inline {
        InlineExpression::VariableReference { id } => {
            *variables.entry(id.name.to_owned()).or_default() |= variants.is_some();
        }
        InlineExpression::StringLiteral { .. } if variants.is_none() => {}
        InlineExpression::Placeable { expression } => in_expression(expression, variables)?,
        _ => return Err("only variables, texts and selections by a variable are used here".to_owned()),
    }
    for variant in variants.into_iter().flatten() {
        let is_number = match &variant.key {
            VariantKey::NumberLiteral { .. } => true,
            VariantKey::Identifier { name } => ["zero", "one", "two", "few", "many", "other"].contains(name),
        };
        if !is_number {
            return Err("a selection is by number: plural categories and numbers".to_owned());
        }
        in_pattern(&variant.value, variables)?;
    }
    Ok(())
}

/// Refuses what differs from the measure. A variable by which any language selects is a number for all.
///
/// # Errors
/// When a message is missing, is one too many, or uses other variables.
pub fn compare(measure: &mut Messages, messages: &Messages) -> Result<(), String> {
    let names = |messages: &Messages| messages.keys().cloned().collect::<BTreeSet<_>>();
    let (wanted, given) = (names(measure), names(messages));
    if let Some(name) = wanted.difference(&given).next() {
        return Err(format!("{name}: missing"));
    }
    if let Some(name) = given.difference(&wanted).next() {
        return Err(format!("{name}: not in {MEASURE}.ftl"));
    }
    for ((name, wanted), given) in measure.iter_mut().zip(messages.values()) {
        if !wanted.keys().eq(given.keys()) {
            return Err(format!("{name}: its variables are not those of {MEASURE}.ftl"));
        }
        for (is_number, selects) in wanted.values_mut().zip(given.values()) {
            *is_number |= selects;
        }
    }
    Ok(())
}
