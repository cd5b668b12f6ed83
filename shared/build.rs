//! Turns `locales/` into Rust: a table of the languages, and a function for each message.
//!
//! English is the measure. A language that lacks a message, has one too many, or uses other variables ends the build, and
//! so does a message or a variable in the code that no language has.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};

const MEASURE: &str = "en";

/// A variable, and whether it is a number: one that chooses between variants.
pub type Variables = BTreeMap<String, bool>;
/// The messages of a language, and their variables.
pub type Messages = BTreeMap<String, Variables>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=locales");
    let mut languages = BTreeMap::new();
    for file in fs::read_dir("locales")? {
        let path = file?.path();
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let tag = name.strip_suffix(".ftl").filter(|tag| is_tag(tag));
        let tag = tag.ok_or_else(|| format!("locales/{name}: must be a language such as de.ftl or pt-BR.ftl"))?;
        let text = fs::read_to_string(&path)?;
        let messages = messages(&text).map_err(|problem| format!("locales/{name}: {problem}"))?;
        languages.insert(tag.to_owned(), messages);
    }
    let measure = languages.get(MEASURE).ok_or("locales/en.ftl: missing; it is what the others are measured by")?;
    let mut measure = measure.clone();
    for (tag, messages) in &languages {
        compare(&mut measure, messages).map_err(|problem| format!("locales/{tag}.ftl: {problem}"))?;
    }
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("words.rs"), written(&languages, &measure)?)?;
    Ok(())
}

/// A language, and a script or a region if need be (BCP 47).
fn is_tag(tag: &str) -> bool {
    (2..=11).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

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

fn written(languages: &BTreeMap<String, Messages>, measure: &Messages) -> Result<String, Box<dyn Error>> {
    let mut rust = String::from("/// Every language's tag and its messages, by tag.\nconst LOCALES: [(&str, &str); ");
    writeln!(rust, "{}] = [", languages.len())?;
    for tag in languages.keys() {
        writeln!(rust, "    ({tag:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/locales/{tag}.ftl\"))),")?;
    }
    let measure_at = languages.keys().position(|tag| tag == MEASURE).unwrap_or_default();
    writeln!(rust, "];\n/// Where English stands among them.\nconst ENGLISH: usize = {measure_at};\n\nimpl Words {{")?;
    for (message, variables) in measure {
        let name = message.replace('-', "_");
        let parameters: String = variables
            .iter()
            .map(|(variable, is_number)| format!(", r#{variable}: {}", if *is_number { "usize" } else { "&str" }))
            .collect();
        let arguments: String = variables
            .iter()
            .map(|(variable, is_number)| {
                let value = if *is_number { "FluentValue::from" } else { "text" };
                format!("({variable:?}, {value}(r#{variable})), ")
            })
            .collect();
        writeln!(
            rust,
            "    /// `{message}`\n    #[must_use]\n    pub fn {name}(self{parameters}) -> String {{\n        self.say({message:?}, [{arguments}])\n    }}"
        )?;
    }
    rust.push_str("}\n");
    Ok(rust)
}
