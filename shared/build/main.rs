//! Turns `locales/` into Rust: a table of the languages, and a function for each message.
//!
//! English is the measure. A language that lacks a message, has one too many, or uses other variables ends the build,
//! and so does a message or a variable in the code that no language has.

#![expect(clippy::print_stdout, reason = "a build script reports the files that it read to cargo on stdout")]

mod locales;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use locales::{MEASURE, Messages, compare, messages};

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
    fs::write(Path::new(&out).join("texts.rs"), generate(&languages, &measure)?)?;
    Ok(())
}

/// A language, and a script or a region if need be (BCP 47).
fn is_tag(tag: &str) -> bool {
    (2..=11).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn generate(languages: &BTreeMap<String, Messages>, measure: &Messages) -> Result<String, Box<dyn Error>> {
    let mut rust = String::from("/// Every language's tag and its messages, by tag.\nconst LOCALES: [(&str, &str); ");
    writeln!(rust, "{}] = [", languages.len())?;
    for tag in languages.keys() {
        writeln!(rust, "    ({tag:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/locales/{tag}.ftl\"))),")?;
    }
    let measure_at = languages.keys().position(|tag| tag == MEASURE).unwrap_or_default();
    writeln!(
        rust,
        "];\n/// The position of English among them.\nconst ENGLISH: usize = {measure_at};\n\nimpl Texts {{"
    )?;
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
