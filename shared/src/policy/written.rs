//! A route as it is written, for what parses it and what warns about it.

use super::document::Table;
use super::{Globs, Route};

/// A route, what it matches, and where it is written.
pub struct Written<'t> {
    pub globs: Globs,
    pub route: Route,
    pub table: Table<'t>,
}
