//! The fields of a request in the Query protocol.

/// The fields of a request in the Query protocol, in their order.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The field of this name; an empty one counts as missing, as for the services.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The members of a list: `NAME.member.1`, `NAME.member.2`, …
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let mut members: Vec<(u32, &str)> = self
            .0
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix(".member.")?;
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        members.sort_by_key(|(number, _)| *number);
        members.into_iter().map(|(_, value)| value).collect()
    }

    /// The members of a list of structures with two fields each: `NAME.member.1.FIRST` and `NAME.member.1.SECOND`, …
    pub(super) fn pairs(&self, name: &str, first: &str, second: &str) -> Vec<(String, String)> {
        let field =
            |number: usize, field: &str| self.get(&format!("{name}.member.{number}.{field}")).map(str::to_owned);
        (1..).map_while(|number| Some((field(number, first)?, field(number, second)?))).collect()
    }
}
