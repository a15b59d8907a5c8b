//! A short remark in Dutch and English, with a stable code for programs.

/// The languages of notes and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Dutch, written at level B1.
    #[default]
    Nl,
    /// English.
    En,
}

/// A remark for people (Dutch and English) and for programs (its code).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The stable code, `snake_case`.
    pub code: String,
    /// The remark in plain Dutch.
    pub nl: String,
    /// The remark in English.
    pub en: String,
}

impl Note {
    /// A note.
    pub fn new(code: impl Into<String>, nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code: code.into(), nl: nl.into(), en: en.into() }
    }

    /// The remark in one language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        }
    }
}
