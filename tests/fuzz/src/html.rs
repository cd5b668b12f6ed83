//! The markup of a page or an email, without its text.

/// Every tag, comment and declaration, in order, with its attributes as they are written.
pub fn markup(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let end = end_of_tag(tag);
        found.push(&tag[..end]);
        rest = &tag[end..];
        // What is between these two is no markup, whatever it holds.
        if found.last().is_some_and(|tag| tag.starts_with("style")) {
            rest = rest.split_once("</style>").map_or("", |(_, rest)| rest);
        }
    }
    found
}

/// Where the tag's `>` is, one in a quoted value apart.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (index, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return index,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    tag.len()
}
