//! Ids that a recorded event may know by another name.

/// An id, and the other name under which a recorded event may know the same thing.
pub(super) struct Id {
    pub value: String,
    also: Also,
}

enum Also {
    /// An id without another name.
    Nothing,
    /// An id that was generated for a record without one; a later record may add its own.
    Open,
    Recorded(String),
}

impl Id {
    pub fn known(value: impl Into<String>) -> Self {
        Self { value: value.into(), also: Also::Nothing }
    }

    pub fn fresh() -> Self {
        Self::known(fresh_uuid())
    }

    /// The id in a record, or else a generated one, to which a later record may add its own.
    pub fn recorded(value: Option<&str>) -> Self {
        value.map_or_else(|| Self { value: fresh_uuid(), also: Also::Open }, Self::known)
    }

    pub fn is(&self, name: &str) -> bool {
        self.value == name || matches!(&self.also, Also::Recorded(other) if other == name)
    }

    pub fn is_open(&self) -> bool {
        matches!(self.also, Also::Open)
    }

    /// Remembers the name in the record, if one is missing.
    pub fn claim(&mut self, name: Option<&str>) {
        if let (Also::Open, Some(name)) = (&self.also, name) {
            self.also = Also::Recorded(name.to_owned());
        }
    }
}

pub(super) fn fresh_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
